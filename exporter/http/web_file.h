// The file of `--web.config.file`: TLS, passwords, headers and a rate limit, in the format that Prometheus'
// exporters share: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
//
// This only reads the file. `TlsContext` checks whether the TLS settings fit together, and whether
// certificate and key match.
#pragma once

#include "base/regular_file.h"
#include "base/yaml_reader.h"
#include "http/authenticator.h"
#include "http/rate_limiter.h"
#include "http/server.h"
#include "http/tls.h"

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::http {

struct WebFile {
    std::optional<TlsOptions> tls;            ///< nullopt: plain HTTP
    std::map<std::string, BcryptHash> users;  ///< by name; empty: no password is needed
    Headers headers;                          ///< for every response
    std::optional<RateLimit> rate_limit;
};

/// The fingerprint of each file's text, by path; empty: unreadable.
using ReadFiles = std::map<std::string, std::string>;

struct WebFileReading {
    tl::expected<WebFile, base::MistakeLines> file;
    std::vector<std::string> warnings;  ///< problems in a valid file, for the log
    ReadFiles read_files;               ///< all files that were read, even after mistakes
};

/// Paths in the file are relative to its directory. Mistakes say where they are and what to write; neither
/// mistakes nor warnings quote a value, except for the path of a file that was read.
[[nodiscard]] WebFileReading read_web_file(const std::string& path, const base::FileReader& reader,
                                           base::WorldReadable world_readable = base::WorldReadable::refused);

/// Whether the content or the readability of any of the files has changed.
[[nodiscard]] bool have_changed(const ReadFiles& files, const base::FileReader& reader);

/// All keys, such as `tls_server_config.cert`, in the order of the format's own documentation.
[[nodiscard]] std::vector<std::string_view> web_file_keys();

}  // namespace exporter::http

// The file of `--web.config.file`: TLS, passwords, headers and a rate limit, in the format that Prometheus'
// exporters share: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
//
// Read here is what the file means. Whether certificate and key fit each other, and which names of cipher
// suites and curves exist, is for whoever sets up TLS with them.
#pragma once

#include "base/file_text.h"
#include "base/secret.h"
#include "base/setting.h"
#include "http/rate_limiter.h"
#include "http/tls.h"
#include "http/users.h"

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

struct WebFile {
    std::optional<TlsOptions> tls;                             ///< nullopt: plain HTTP
    std::map<std::string, BcryptHash> users;                   ///< by name; empty: no password is needed
    std::vector<std::pair<std::string, std::string>> headers;  ///< for every response
    std::optional<RateLimit> rate_limit;
};

/// A file that was read, to see later whether it has changed.
struct ReadFile {
    std::string path;
    std::optional<base::Secret> text;  ///< nullopt: it could not be read
};

struct WebFileReading {
    tl::expected<WebFile, base::MistakeLines> file;
    std::vector<std::string> warnings;  ///< right, but worth a line in the log
    std::vector<ReadFile> read_files;   ///< all that were read, the file itself first; also after mistakes
};

/// Paths in the file start at its own directory. Mistakes have the place and what would be right; neither
/// they nor warnings quote a value, but for the path of a file that can't be read.
[[nodiscard]] WebFileReading read_web_file(const std::string& path, const base::FileReader& reader,
                                           base::WorldReadable world_readable = base::WorldReadable::refused);

/// Whether they are the same files with the same texts.
[[nodiscard]] bool are_same(const std::vector<ReadFile>& files, const std::vector<ReadFile>& others);

/// Whether any of the files reads differently now, or can be read while it could not, or the other way round.
[[nodiscard]] bool have_changed(const std::vector<ReadFile>& files, const base::FileReader& reader);

/// Every key that the format documents, in its order: `tls_server_config.cert`, …
[[nodiscard]] std::vector<std::string_view> web_file_keys();

}  // namespace exporter::http

// The file of `--web.config.file`: TLS, passwords, headers and a rate limit, in the format that Prometheus'
// exporters share: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
//
// Read here is what the file means. Whether certificate and key fit each other, and which names of cipher
// suites and curves exist, is for whoever sets up TLS with them.
#pragma once

#include "base/duration.h"
#include "base/file_text.h"
#include "base/secret.h"
#include "base/setting.h"
#include "http/tls_context.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::http {

/// Whether a client without a certificate is refused.
[[nodiscard]] constexpr bool is_required(ClientAuth auth) {
    return auth == ClientAuth::require_any || auth == ClientAuth::require_and_verify;
}

/// Whether a client whose certificate no authority signed is refused.
[[nodiscard]] constexpr bool is_verified(ClientAuth auth) {
    return auth == ClientAuth::verify_if_given || auth == ClientAuth::require_and_verify;
}

/// `tls_server_config`. Certificates and key are PEM texts, wherever they came from.
struct WebTls {
    std::string certificate;  ///< with those of intermediate authorities behind it
    base::Secret key;
    ClientAuth client_auth = ClientAuth::none;
    std::string client_ca;  ///< not empty if clients are verified; otherwise just what a client is told
    std::vector<std::string> client_allowed_sans;  ///< one of these in the client's certificate; empty: any
    TlsVersion min_version = TlsVersion::tls_1_2;
    TlsVersion max_version = TlsVersion::tls_1_3;
    std::vector<std::string> cipher_suites;  ///< for TLS 1.2 and older, by Go's names; empty: the default
    bool prefer_server_cipher_suites = true;
    std::vector<std::string> curve_preferences;  ///< by Go's names; empty: the default
};

/// A bucket of `burst` requests that gains one each `interval`.
struct RateLimit {
    base::Duration interval{};  ///< over 0
    std::size_t burst = 1;      ///< at least 1
};

struct WebFile {
    std::optional<WebTls> tls;                  ///< nullopt: plain HTTP
    std::map<std::string, base::Secret> users;  ///< bcrypt hashes by name; empty: no password is needed
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

enum class WebKeyKind {
    text,
    list,
    names,  ///< a mapping of free names: `basic_auth_users`
};

/// One row of the format.
struct WebFileKey {
    std::string_view path;  ///< `tls_server_config.cert_file`
    WebKeyKind kind;
};

/// Every key that the format documents, in its order.
[[nodiscard]] std::span<const WebFileKey> web_file_keys();

}  // namespace exporter::http

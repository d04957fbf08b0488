// The keys of a web configuration file: of which kind each is, and what it fills. Internal to
// `read_web_file`.
#pragma once

#include "http/web_file.h"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace exporter::http {

/// What is wrong with a value, for a message behind its place; empty: nothing.
using WebFault = std::string_view;

/// What the keys fill.
struct WebFileDraft {
    WebFile file;
    TlsOptions tls;
    RateLimit rate_limit{std::chrono::nanoseconds(0), 0};
};

enum class WebKeyKind {
    text,
    list,
    pem,       ///< the text itself
    pem_file,  ///< the path of its file
    header,
    users,  ///< a mapping of free names
};

struct WebKey {
    std::string_view path;  ///< `tls_server_config.cert`
    WebKeyKind kind;
    bool enables_tls = false;  ///< unless blank, as exporter-toolkit has it
    /// Of `text`, with one value, and `list`; null: of another kind.
    WebFault (*set)(WebFileDraft& draft, std::span<const std::string> values) = nullptr;
};

/// In the order of the format's own documentation.
[[nodiscard]] std::span<const WebKey> web_keys();

}  // namespace exporter::http

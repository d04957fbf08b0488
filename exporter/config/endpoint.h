// An organization's Datadog site, its API URL, and the proxy to reach it.
#pragma once

#include "base/secret.h"

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::config {

/// Scheme, host and port of an API. It has no path; the API's own path is appended.
struct Endpoint {
    bool tls = true;
    std::string host;  ///< name or address; an IPv6 address without brackets
    int port = 443;

    /// `https://api.datadoghq.eu`, `http://127.0.0.1:8126`, `http://[::1]:8126`; omits default ports.
    [[nodiscard]] std::string url() const;

    bool operator==(const Endpoint&) const = default;
};

/// Normalises what people paste (`app.datadoghq.com`, `https://app.datadoghq.eu/`, `API.us5.datadoghq.com`)
/// to the bare site, such as `datadoghq.eu`. A host outside Datadog's own domains is an error, because it
/// would receive the keys. The error names the nearest site, or shows the form of one.
[[nodiscard]] tl::expected<std::string, std::string> parse_site(std::string_view text);

/// Whether Datadog documents this site. A new site is not an error.
[[nodiscard]] bool is_known_site(std::string_view site);

/// `https://api.<site>`
[[nodiscard]] Endpoint endpoint_of(std::string_view site);

/// Parses `scheme://host[:port]`. A path other than `/`, a query, a fragment and user info are errors.
[[nodiscard]] tl::expected<Endpoint, std::string> parse_base_url(std::string_view text);

/// Whether a base URL looks like a mistyped URL of Datadog's API: a misspelled site, or one without `api.`.
/// Returns a warning that follows the URL's place and says what to write; empty: no doubt.
[[nodiscard]] std::string doubt_about_base_url(const Endpoint& endpoint);

struct Proxy {
    std::string host;
    int port = 80;     ///< the default, as in Go, if the variable has no port
    std::string user;  ///< from the URL's user info; empty if there is none
    base::Secret password;

    /// Whether there is anything to log in with; a password alone is enough.
    [[nodiscard]] bool has_credentials() const { return !user.empty() || !password.empty(); }
};

/// The proxy for `target` in the usual variables (`HTTPS_PROXY`, `HTTP_PROXY` for plain http, `ALL_PROXY`,
/// with exceptions in `NO_PROXY`: host names, `.suffixes`, addresses with optional `:port`, CIDR ranges,
/// `*`), read as by curl and Go. nullopt: connect directly. If a variable exists in both cases, the
/// lower-case one wins, as with curl. The error names the variable. A proxy reached by https is not supported
/// and is an error.
[[nodiscard]] tl::expected<std::optional<Proxy>, std::string> proxy_for(
    const Endpoint& target, const std::map<std::string, std::string>& environment);

}  // namespace exporter::config

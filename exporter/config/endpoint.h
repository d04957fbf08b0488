// Which Datadog site an organization lives on, the URL its API is reached at, and the proxy on the way there.
#pragma once

#include "base/secret.h"

#include <tl/expected.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::config {

/// Scheme, host and port of an API. There is no path: the API's own path follows.
struct Endpoint {
    bool tls = true;
    std::string host;  ///< name or address; an IPv6 address without brackets
    int port = 443;

    /// `https://api.datadoghq.eu`, `http://127.0.0.1:8126`, `http://[::1]:8126`: default ports are left out.
    [[nodiscard]] std::string url() const;

    bool operator==(const Endpoint&) const = default;
};

/// Normalises what people paste (`app.datadoghq.com`, `https://app.datadoghq.eu/`, `API.us5.datadoghq.com`)
/// to the bare site, such as `datadoghq.eu`. A host outside Datadog's own domains is an error: keys would go
/// there. The error names the nearest site, or says what one looks like.
[[nodiscard]] tl::expected<std::string, std::string> parse_site(std::string_view text);

/// Whether it is on the list of sites that Datadog documents; a new one is not an error.
[[nodiscard]] bool is_known_site(std::string_view site);

/// `https://api.<site>`
[[nodiscard]] Endpoint endpoint_of(std::string_view site);

/// Parses `scheme://host[:port]`. A path other than `/`, a query, a fragment and user info are errors.
[[nodiscard]] tl::expected<Endpoint, std::string> parse_base_url(std::string_view text);

/// Whether a base URL seems to mean Datadog's API and misses it: a site's name mistyped, or without `api.`.
/// Worth a warning behind the URL's place, with what to write; empty: nothing to say.
[[nodiscard]] std::string doubt_about_base_url(const Endpoint& endpoint);

struct Proxy {
    std::string host;
    int port = 80;     ///< where the variable names none, as Go has it
    std::string user;  ///< from the URL's user info; empty when there is none
    base::Secret password;

    /// Whether there is anything to log in with: a password alone counts.
    [[nodiscard]] bool has_credentials() const { return !user.empty() || !password.empty(); }
};

/// The proxy that the usual variables name for `target` (`HTTPS_PROXY`, `HTTP_PROXY` for plain http,
/// `ALL_PROXY`, minus what `NO_PROXY` excepts: host names, `.suffixes`, addresses with optional `:port`, CIDR
/// ranges, `*`), as curl and Go read them. nullopt: connect directly. Of a variable in both cases, the lower
/// one wins, as with curl. The error names the variable; a proxy reached by https is not supported and is an
/// error.
[[nodiscard]] tl::expected<std::optional<Proxy>, std::string> proxy_for(
    const Endpoint& target, const std::map<std::string, std::string>& environment);

}  // namespace exporter::config

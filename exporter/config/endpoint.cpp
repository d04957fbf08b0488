#include "config/endpoint.h"

#include "base/address.h"
#include "base/text.h"
#include "config/credentials.h"
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>
#include <vector>

namespace exporter::config {
namespace {

struct KnownSite {
    std::string_view domain;
    std::string_view name;  ///< Datadog's name for it, which people write instead of the domain
};

/// https://docs.datadoghq.com/getting_started/site/
constexpr std::array<KnownSite, 9> known_sites = {{
    {"datadoghq.com", "us1"},
    {"us3.datadoghq.com", "us3"},
    {"us5.datadoghq.com", "us5"},
    {"datadoghq.eu", "eu1"},
    {"ap1.datadoghq.com", "ap1"},
    {"ap2.datadoghq.com", "ap2"},
    {"uk1.datadoghq.com", "uk1"},
    {"ddog-gov.com", "us1-fed"},
    {"us2.ddog-gov.com", "us2-fed"},
}};

/// Every site, including future ones, is one of these or a subdomain of one.
constexpr std::array<std::string_view, 3> own_domains = {"datadoghq.com", "datadoghq.eu", "ddog-gov.com"};

constexpr int https_port = 443;
constexpr int http_port = 80;

/// `https://app.datadoghq.eu` -> `datadoghq.eu`
std::string_view bare_site(std::string_view text) {
    for (const std::string_view prefix : {"https://", "http://", "app.", "api."}) {
        if (text.starts_with(prefix)) {
            text.remove_prefix(prefix.size());
        }
    }
    return text;
}

/// Whether it contains a dot and is not an IPv4 address.
bool looks_like_a_site(std::string_view name) {
    return name.find('.') != std::string_view::npos && base::is_host_name(name) && !base::parse_ip(name);
}

bool is_below(std::string_view host, std::string_view domain) {
    return host.size() > domain.size() && host.ends_with(domain) &&
           host[host.size() - domain.size() - 1] == '.';
}

bool is_datadogs(std::string_view host) {
    return std::any_of(own_domains.begin(), own_domains.end(),
                       [&](std::string_view domain) { return host == domain || is_below(host, domain); });
}

/// The known site with the most similar spelling.
std::optional<std::string> nearest_domain(std::string_view site) {
    std::vector<std::string_view> domains;
    std::transform(known_sites.begin(), known_sites.end(), std::back_inserter(domains),
                   [](const KnownSite& known) { return known.domain; });
    return base::nearest_spelling(site, domains);
}

/// @param site the intended site, in lower case and without pasted extras
std::string not_a_site(std::string_view text, std::string_view site) {
    constexpr std::size_t fewest = 2;
    // `us5`, `eu`, `gov`, `datadoghq`
    const auto named = std::find_if(known_sites.begin(), known_sites.end(), [&](const KnownSite& known) {
        return site.size() >= fewest && (base::holds(known.name, site) || base::holds(known.domain, site));
    });
    const std::optional<std::string> nearest =
        named == known_sites.end() ? nearest_domain(site) : std::optional<std::string>(named->domain);
    return fmt::format(
        "{} is not a Datadog site; {} (keys are sent only to datadoghq.com, datadoghq.eu, ddog-gov.com and "
        "their subdomains; an address or a gateway's URL goes in --datadog.base-url, base_url)",
        base::quote_url(text),
        nearest ? fmt::format("did you mean {}?", *nearest)
                : "sites look like datadoghq.com, us5.datadoghq.com or datadoghq.eu");
}

tl::unexpected<std::string> not_a_base_url(std::string_view text, std::string_view why) {
    return tl::unexpected(fmt::format("{} is not a base URL: {}; write it like https://api.datadoghq.eu",
                                      base::quote_url(text), why));
}

/// Whether an entry of NO_PROXY covers a host: as a name, an address or a range, optionally with a port.
bool entry_covers(std::string_view entry, std::string_view host, int port) {
    const auto split = base::split_host_port(entry);
    if (entry == "*" || (split && split->port && *split->port != port)) {
        return entry == "*";
    }
    std::string_view name = split ? std::string_view(split->host) : entry;
    const std::size_t slash = std::min(name.find('/'), name.size());
    if (const auto network = base::parse_ip(name.substr(0, slash))) {
        const auto address = base::parse_ip(host);
        const auto prefix = slash == name.size() ? network->bits
                                                 : base::parse_number<std::uint8_t>(name.substr(slash + 1))
                                                       .value_or(std::numeric_limits<std::uint8_t>::max());
        return address && prefix <= network->bits && base::same_network(*network, *address, prefix);
    }
    if (name.starts_with("*.") || name.starts_with('.')) {
        return is_below(host, name.substr(name.find('.') + 1));
    }
    return host == name || is_below(host, name);
}

/// curl separates entries by commas and blanks.
bool is_excepted(const Endpoint& target, std::string_view no_proxy) {
    std::string host = base::lower(target.host);
    if (host.ends_with('.')) {
        host.pop_back();
    }
    std::string entries = base::lower(no_proxy);
    std::replace_if(
        entries.begin(), entries.end(),
        [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }, ',');
    const std::vector<std::string> list = base::split_list(entries);
    return std::any_of(list.begin(), list.end(),
                       [&](const std::string& entry) { return entry_covers(entry, host, target.port); });
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = text[i] == '%' && i + 2 < text.size()
                              ? base::parse_number<std::uint8_t>(text.substr(i + 1, 2), 16)
                              : std::nullopt;
        if (byte) {
            decoded += static_cast<char>(*byte);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

/// A host and port to connect to. The error says what is wrong, without quoting the text.
tl::expected<base::HostPort, std::string> parse_host_port(std::string_view text) {
    auto split = base::split_host_port(text);
    if (split && !base::is_host_name(split->host) && !base::parse_ip(split->host)) {
        return tl::unexpected<std::string>("the host is neither a host name nor an address");
    }
    if (split && split->port == 0) {
        return tl::unexpected<std::string>("nothing can connect to port 0");
    }
    return split;
}

/// The error never contains the URL, because of its password.
tl::expected<Proxy, std::string> parse_proxy(std::string_view text) {
    std::string_view rest = base::trim(text);
    if (const std::size_t scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
        if (base::lower(rest.substr(0, scheme_end)) != "http") {
            return tl::unexpected<std::string>(
                "only proxies reached over plain http are supported; write http://proxy:3128");
        }
        rest.remove_prefix(scheme_end + 3);
    }
    while (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    Proxy proxy;
    if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
        const std::string_view user_info = rest.substr(0, at);
        const std::size_t colon = user_info.find(':');
        proxy.user = percent_decoded(user_info.substr(0, colon));
        if (colon != std::string_view::npos) {
            proxy.password = base::Secret(percent_decoded(user_info.substr(colon + 1)));
        }
        rest.remove_prefix(at + 1);
    }
    auto split = parse_host_port(rest);
    if (!split) {
        return tl::unexpected<std::string>("is not a proxy URL; write http://proxy:3128");
    }
    proxy.host = std::move(split->host);
    proxy.port = split->port.value_or(http_port);
    return proxy;
}

std::string value_of(const Environment& environment, std::string_view name) {
    const std::string lower_case = variable(environment, base::lower(name));
    return lower_case.empty() ? variable(environment, name) : lower_case;
}

}  // namespace

std::string Endpoint::url() const {
    const bool is_default_port = port == (tls ? https_port : http_port);
    return fmt::format("{}://{}", tls ? "https" : "http",
                       base::host_port_text({host, is_default_port ? std::nullopt : std::optional(port)}));
}

tl::expected<std::string, std::string> parse_site(std::string_view text) {
    if (const std::string_view slip = slip_in(base::trim(text)); !slip.empty()) {
        return tl::unexpected(fmt::format("{} {}", base::quote_url(text), slip));
    }
    const std::string lowered = base::lower(base::trim(text));
    std::string_view site = bare_site(lowered);
    const std::string_view path = site.substr(std::min(site.find('/'), site.size()));
    site.remove_suffix(path.size());
    if (path.find_first_not_of('/') != std::string_view::npos || !looks_like_a_site(site) ||
        !is_datadogs(site)) {
        return tl::unexpected(not_a_site(text, site));
    }
    return std::string(site);
}

bool is_known_site(std::string_view site) {
    return std::any_of(known_sites.begin(), known_sites.end(),
                       [&](const KnownSite& known) { return known.domain == site; });
}

Endpoint endpoint_of(std::string_view site) {
    return Endpoint{true, fmt::format("api.{}", site), https_port};
}

tl::expected<Endpoint, std::string> parse_base_url(std::string_view text) {
    if (const std::string_view slip = slip_in(base::trim(text)); !slip.empty()) {
        return tl::unexpected(fmt::format("{} {}", base::quote_url(text), slip));
    }
    const std::string lowered = base::lower(base::trim(text));
    const bool tls = lowered.starts_with("https://");
    if (!tls && !lowered.starts_with("http://")) {
        return not_a_base_url(text, "it does not begin with https:// or http://");
    }
    std::string_view rest = std::string_view(lowered).substr(lowered.find("://") + 3);
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    if (rest.find_first_of("@/?#") != std::string_view::npos) {
        return not_a_base_url(text, "it has a user, a path, a query or a fragment");
    }
    auto split = parse_host_port(rest);
    if (!split) {
        return not_a_base_url(text, split.error());
    }
    return Endpoint{tls, std::move(split->host), split->port.value_or(tls ? https_port : http_port)};
}

std::string doubt_about_base_url(const Endpoint& endpoint) {
    const std::string_view site = bare_site(endpoint.host);
    // A name in Datadog's domains may be a new site, and a name without a dot is not a site.
    if (!looks_like_a_site(site) || (is_datadogs(endpoint.host) && !is_known_site(site))) {
        return {};
    }
    const std::optional<std::string> nearest = nearest_domain(site);
    return !nearest || endpoint.host == endpoint_of(*nearest).host
               ? std::string()
               : fmt::format(
                     "{} is not the host of Datadog's API, but the keys are sent there; if you mean Datadog, "
                     "write {}",
                     base::quote(endpoint.host), endpoint_of(*nearest).url());
}

tl::expected<std::optional<Proxy>, std::string> proxy_for(const Endpoint& target,
                                                          const Environment& environment) {
    std::string_view name = target.tls ? "HTTPS_PROXY" : "HTTP_PROXY";
    if (value_of(environment, name).empty()) {
        name = "ALL_PROXY";
    }
    const std::string value = value_of(environment, name);
    if (value.empty() || base::is_loopback(target.host) ||
        is_excepted(target, value_of(environment, "NO_PROXY"))) {
        return std::nullopt;
    }
    auto proxy = parse_proxy(value);
    if (!proxy) {
        // Only after parsing has failed: a valid proxy may have a user called "token", or a password with
        // three dots.
        const std::string_view slip = slip_in(base::trim(value));
        return tl::unexpected(fmt::format("{} ({}): {}", name, base::lower(name),
                                          slip.empty() ? std::string_view(proxy.error()) : slip));
    }
    return *std::move(proxy);
}

}  // namespace exporter::config

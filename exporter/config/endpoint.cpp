#include "config/endpoint.h"

#include "base/address.h"
#include "base/nearest_name.h"
#include "base/text.h"
#include "config/key_shape.h"
#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace exporter::config {
namespace {

/// https://docs.datadoghq.com/getting_started/site/
constexpr std::array<std::string_view, 9> known_sites = {
    "datadoghq.com",     "us3.datadoghq.com", "us5.datadoghq.com", "datadoghq.eu",     "ap1.datadoghq.com",
    "ap2.datadoghq.com", "uk1.datadoghq.com", "ddog-gov.com",      "us2.ddog-gov.com",
};

/// What people call a site where its domain is asked for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 16> site_names = {{
    {"us", "datadoghq.com"},
    {"us1", "datadoghq.com"},
    {"us3", "us3.datadoghq.com"},
    {"us5", "us5.datadoghq.com"},
    {"eu", "datadoghq.eu"},
    {"eu1", "datadoghq.eu"},
    {"ap1", "ap1.datadoghq.com"},
    {"ap2", "ap2.datadoghq.com"},
    {"uk", "uk1.datadoghq.com"},
    {"uk1", "uk1.datadoghq.com"},
    {"gov", "ddog-gov.com"},
    {"fed", "ddog-gov.com"},
    {"us1-fed", "ddog-gov.com"},
    {"us2-fed", "us2.ddog-gov.com"},
    {"datadog", "datadoghq.com"},
    {"datadoghq", "datadoghq.com"},
}};

/// All sites are one of these or below one, those that are still to come too.
constexpr std::array<std::string_view, 3> own_domains = {"datadoghq.com", "datadoghq.eu", "ddog-gov.com"};

constexpr int https_port = 443;
constexpr int http_port = 80;

void strip_prefix(std::string_view& text, std::string_view prefix) {
    if (text.starts_with(prefix)) {
        text.remove_prefix(prefix.size());
    }
}

/// `app.datadoghq.eu` -> `datadoghq.eu`
std::string_view bare_site(std::string_view host) {
    for (const std::string_view prefix : {"app.", "api."}) {
        if (host.starts_with(prefix)) {
            return host.substr(prefix.size());
        }
    }
    return host;
}

/// With a dot, and not an IPv4 address.
bool looks_like_a_site(std::string_view name) {
    return name.find('.') != std::string_view::npos && base::is_host_name(name) && !base::parse_ip(name);
}

bool is_datadogs(std::string_view host) {
    return std::any_of(own_domains.begin(), own_domains.end(), [&](std::string_view domain) {
        return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                                  host[host.size() - domain.size() - 1] == '.');
    });
}

std::optional<std::string> nearest_site(std::string_view site) {
    const auto named = std::find_if(site_names.begin(), site_names.end(),
                                    [&](const auto& row) { return row.first == site; });
    return named == site_names.end() ? base::nearest_spelling(site, known_sites)
                                     : std::optional<std::string>(named->second);
}

/// @param site what was meant as one, lowered and without what people paste round it
tl::unexpected<std::string> not_a_site(std::string_view text, std::string_view site, std::string_view why,
                                       std::string_view rule = "") {
    const std::optional<std::string> nearest = nearest_site(site);
    return tl::unexpected(
        fmt::format("{} is not a Datadog site{}; {}{}", base::quote_url(text), why,
                    nearest ? fmt::format("did you mean {}?", *nearest)
                            : "sites look like datadoghq.com, us5.datadoghq.com or datadoghq.eu",
                    rule));
}

tl::unexpected<std::string> not_a_base_url(std::string_view text, std::string_view why) {
    return tl::unexpected(fmt::format("{} is not a base URL: {}; write it like https://api.datadoghq.eu",
                                      base::quote_url(text), why));
}

/// What is wrong with everything behind the scheme, or empty.
std::string_view surplus_in(std::string_view rest) {
    if (rest.find('@') != std::string_view::npos) {
        return "it carries a user or a password";
    }
    if (rest.find('?') != std::string_view::npos) {
        return "it has a query";
    }
    if (rest.find('#') != std::string_view::npos) {
        return "it has a fragment";
    }
    if (const std::size_t slash = rest.find('/');
        slash != std::string_view::npos && slash + 1 != rest.size()) {
        return "it has a path";
    }
    return {};
}

/// One entry of NO_PROXY, without its port.
bool entry_covers_host(std::string_view entry, std::string_view host) {
    if (const std::optional<base::IpAddress> address = base::parse_ip(entry)) {
        return base::parse_ip(host) == address;
    }
    if (entry.starts_with("*.")) {
        entry.remove_prefix(1);
    }
    if (entry.starts_with('.')) {
        return host.size() > entry.size() && host.ends_with(entry);
    }
    return host == entry || (host.size() > entry.size() && host.ends_with(entry) &&
                             host[host.size() - entry.size() - 1] == '.');
}

bool range_covers_host(std::string_view network, std::string_view prefix_text, std::string_view host) {
    const std::optional<base::IpAddress> first = base::parse_ip(network);
    const std::optional<base::IpAddress> address = base::parse_ip(host);
    const auto prefix = base::parse_number<std::uint8_t>(prefix_text);
    return first && address && prefix && *prefix <= first->bits &&
           base::same_network(*first, *address, *prefix);
}

bool entry_covers(std::string_view entry, const Endpoint& target, std::string_view host) {
    if (entry == "*") {
        return true;
    }
    if (const std::size_t slash = entry.find('/'); slash != std::string_view::npos) {
        return range_covers_host(entry.substr(0, slash), entry.substr(slash + 1), host);
    }
    if (base::parse_ip(entry)) {
        return entry_covers_host(entry, host);
    }
    const auto split = base::split_host_port(entry);
    if (!split || split->host.empty()) {
        return false;
    }
    return (!split->port || *split->port == target.port) && entry_covers_host(split->host, host);
}

/// curl separates entries by commas and by blanks.
bool is_excepted(const Endpoint& target, std::string_view no_proxy) {
    std::string host = base::lower(target.host);
    if (host.ends_with('.')) {
        host.pop_back();
    }
    const std::string entries = base::lower(no_proxy);
    for (std::size_t begin = 0; begin < entries.size();) {
        const std::size_t end = std::min(entries.find_first_of(", \t\r\n", begin), entries.size());
        const std::string_view entry = std::string_view(entries).substr(begin, end - begin);
        if (!entry.empty() && entry_covers(entry, target, host)) {
            return true;
        }
        begin = end + 1;
    }
    return false;
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

/// The error never has the URL in it, for its password's sake.
tl::expected<Proxy, std::string> parse_proxy(std::string_view text) {
    std::string_view rest = base::trim(text);
    if (const std::size_t scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
        if (base::lower(rest.substr(0, scheme_end)) != "http") {
            return tl::unexpected<std::string>(
                "only proxies that are reached by plain http are supported; write http://proxy:3128");
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
    auto split = base::split_host_port(rest);
    if (!split || !(base::is_host_name(split->host) || base::parse_ip(split->host)) || split->port == 0) {
        return tl::unexpected<std::string>("is not a proxy's URL; write http://proxy:3128");
    }
    proxy.host = std::move(split->host);
    proxy.port = split->port.value_or(http_port);
    return proxy;
}

struct Variable {
    std::string_view names;
    std::string value;
};

std::string value_of(const Environment& environment, std::string_view name) {
    return variable(environment, base::lower(name)).value_or(variable(environment, name).value_or(""));
}

Variable variable_for(const Endpoint& target, const Environment& environment) {
    Variable own = target.tls ? Variable{"HTTPS_PROXY (https_proxy)", value_of(environment, "HTTPS_PROXY")}
                              : Variable{"HTTP_PROXY (http_proxy)", value_of(environment, "HTTP_PROXY")};
    return own.value.empty() ? Variable{"ALL_PROXY (all_proxy)", value_of(environment, "ALL_PROXY")} : own;
}

}  // namespace

std::string Endpoint::url() const {
    const bool is_default_port = port == (tls ? https_port : http_port);
    const bool is_ipv6 = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}{}", tls ? "https" : "http", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "",
                       is_default_port ? "" : fmt::format(":{}", port));
}

tl::expected<Site, std::string> parse_site(std::string_view text) {
    if (const std::string_view slip = slip_in(base::trim(text)); !slip.empty()) {
        return tl::unexpected(fmt::format("{} {}", base::quote_url(text), slip));
    }
    const std::string lowered = base::lower(base::trim(text));
    std::string_view host = lowered;
    strip_prefix(host, "https://");
    strip_prefix(host, "http://");
    while (host.ends_with('/')) {
        host.remove_suffix(1);
    }
    const std::size_t slash = host.find('/');
    const std::string_view site = bare_site(host.substr(0, slash));
    if (site.find(':') != std::string_view::npos || base::parse_ip(site)) {
        return not_a_site(text, site,
                          " but an address or a port, which go into --datadog.base-url (base_url)");
    }
    if (!looks_like_a_site(site)) {
        return not_a_site(text, site, "");
    }
    if (!is_datadogs(site)) {
        return not_a_site(
            text, site, "",
            " (keys go only to datadoghq.com, datadoghq.eu, ddog-gov.com and names below them; a "
            "gateway's URL goes into --datadog.base-url, base_url)");
    }
    if (slash != std::string_view::npos) {
        return tl::unexpected(fmt::format("{} is not a Datadog site but a page's address; write {}",
                                          base::quote_url(text), site));
    }
    const bool known = std::find(known_sites.begin(), known_sites.end(), site) != known_sites.end();
    return Site{std::string(site), known};
}

Endpoint endpoint_of(const Site& site) {
    return Endpoint{true, "api." + site.name, https_port};
}

tl::expected<Endpoint, std::string> parse_base_url(std::string_view text) {
    if (const std::string_view slip = slip_in(base::trim(text)); !slip.empty()) {
        return tl::unexpected(fmt::format("{} {}", base::quote_url(text), slip));
    }
    const std::string lowered = base::lower(base::trim(text));
    const std::size_t scheme_end = lowered.find("://");
    const std::string_view scheme = std::string_view(lowered).substr(0, std::min(scheme_end, lowered.size()));
    if (scheme_end == std::string::npos || (scheme != "https" && scheme != "http")) {
        return not_a_base_url(text, "it does not begin with https:// or http://");
    }
    std::string_view rest = std::string_view(lowered).substr(scheme_end + 3);
    if (const std::string_view surplus = surplus_in(rest); !surplus.empty()) {
        return not_a_base_url(text, surplus);
    }
    if (rest.ends_with('/')) {
        rest.remove_suffix(1);
    }
    auto split = base::split_host_port(rest);
    if (!split) {
        return not_a_base_url(text, split.error());
    }
    if (!base::is_host_name(split->host) && !base::parse_ip(split->host)) {
        return not_a_base_url(text, "the host is not a host name or an address");
    }
    const bool tls = scheme == "https";
    const int port = split->port.value_or(tls ? https_port : http_port);
    if (port == 0) {
        return not_a_base_url(text, "port 0 can't be connected to");
    }
    return Endpoint{tls, std::move(split->host), port};
}

std::string doubt_about_base_url(const Endpoint& endpoint) {
    const std::string_view site = bare_site(endpoint.host);
    const bool is_known = std::find(known_sites.begin(), known_sites.end(), site) != known_sites.end();
    if (is_known) {
        const std::string right = endpoint_of(Site{std::string(site), true}).url();
        return endpoint.host.starts_with("api.")
                   ? ""
                   : fmt::format("{} is not the host of Datadog's API; write {}", base::quote(endpoint.host),
                                 right);
    }
    // A name of Datadog's own may be a new site, and one without a dot is no site's.
    const std::optional<std::string> nearest = is_datadogs(endpoint.host) || !looks_like_a_site(site)
                                                   ? std::nullopt
                                                   : base::nearest_spelling(site, known_sites);
    return nearest ? fmt::format("{} is not Datadog's, and the keys go there; if Datadog is meant, write {}",
                                 base::quote(endpoint.host), endpoint_of(Site{*nearest, true}).url())
                   : "";
}

tl::expected<std::optional<Proxy>, std::string> proxy_for(const Endpoint& target,
                                                          const Environment& environment) {
    const Variable named = variable_for(target, environment);
    if (named.value.empty() || base::is_loopback(target.host) ||
        is_excepted(target, value_of(environment, "NO_PROXY"))) {
        return std::nullopt;
    }
    auto proxy = parse_proxy(named.value);
    if (!proxy) {
        // Only now: a right proxy may have a user called "token", or a password with three dots in it.
        const std::string_view slip = slip_in(base::trim(named.value));
        return tl::unexpected(
            fmt::format("{}: {}", named.names, slip.empty() ? std::string_view(proxy.error()) : slip));
    }
    return *std::move(proxy);
}

}  // namespace exporter::config

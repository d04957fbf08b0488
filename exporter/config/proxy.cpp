#include "base/address.h"
#include "base/text.h"
#include "config/endpoint.h"
#include "config/key_shape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace exporter::config {
namespace {

constexpr int default_proxy_port = 80;

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
    proxy.port = split->port.value_or(default_proxy_port);
    return proxy;
}

struct Variable {
    std::string_view names;
    const std::string& value;
};

Variable variable_for(const Endpoint& target, const ProxyVariables& variables) {
    const Variable own = target.tls ? Variable{"HTTPS_PROXY (https_proxy)", variables.https_proxy}
                                    : Variable{"HTTP_PROXY (http_proxy)", variables.http_proxy};
    return own.value.empty() ? Variable{"ALL_PROXY (all_proxy)", variables.all_proxy} : own;
}

}  // namespace

tl::expected<std::optional<Proxy>, std::string> proxy_for(const Endpoint& target,
                                                          const ProxyVariables& variables) {
    const Variable variable = variable_for(target, variables);
    if (variable.value.empty() || base::is_loopback(target.host) || is_excepted(target, variables.no_proxy)) {
        return std::nullopt;
    }
    auto proxy = parse_proxy(variable.value);
    if (!proxy) {
        // Only now: a right proxy may have a user called "token", or a password with three dots in it.
        const std::string_view slip = slip_in(base::trim(variable.value));
        return tl::unexpected(
            fmt::format("{}: {}", variable.names, slip.empty() ? std::string_view(proxy.error()) : slip));
    }
    return *std::move(proxy);
}

}  // namespace exporter::config

#include "base/address.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace exporter::base {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

constexpr std::string_view unix_prefix = "unix:";
/// Capacity of `sockaddr_un::sun_path` without the terminating NUL, see unix(7).
constexpr std::size_t longest_unix_path = 107;

bool is_socket_path(std::string_view path) {
    return path.starts_with('/') && !path.ends_with('/') && path.size() <= longest_unix_path &&
           std::none_of(path.begin(), path.end(), is_control);
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
    const std::string terminated(text);
    if (terminated.size() != std::strlen(terminated.c_str())) {
        return std::nullopt;
    }
    IpAddress address;
    if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
        return address;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
        if (std::equal(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), address.bytes.begin())) {
            std::rotate(address.bytes.begin(), address.bytes.end() - 4, address.bytes.end());
            std::fill(address.bytes.begin() + 4, address.bytes.end(), 0);
        } else {
            address.bits = 128;
        }
        return address;
    }
    return std::nullopt;
}

bool same_network(const IpAddress& one, const IpAddress& other, int prefix) {
    if (one.bits != other.bits) {
        return false;
    }
    const auto whole_bytes = static_cast<std::size_t>(prefix) / 8;
    const int bits_left = prefix % 8;
    const bool agree = std::equal(one.bytes.begin(), one.bytes.begin() + prefix / 8, other.bytes.begin());
    return agree && (bits_left == 0 ||
                     (one.bytes.at(whole_bytes) ^ other.bytes.at(whole_bytes)) >> (8 - bits_left) == 0);
}

bool is_loopback(std::string_view host) {
    if (host == "localhost") {
        return true;
    }
    const std::optional<IpAddress> address = parse_ip(host);
    if (!address) {
        return false;
    }
    return address->bits == 32 ? address->bytes[0] == 127 : *address == parse_ip("::1");
}

bool is_host_name(std::string_view text) {
    constexpr std::size_t longest = 253;
    const auto fits = [](char c) { return is_word_character(c) || c == '-' || c == '.'; };
    // Labels are not empty and neither begin nor end with a hyphen.
    const std::string between_dots = fmt::format(".{}.", text);
    const auto has = [&](std::string_view pair) { return between_dots.find(pair) != std::string::npos; };
    return text.size() <= longest && std::all_of(text.begin(), text.end(), fits) && !has("..") &&
           !has(".-") && !has("-.");
}

tl::expected<HostPort, std::string> split_host_port(std::string_view text) {
    constexpr const char* fault =
        "an IPv6 address goes in brackets, as in [::1]:8080, and a port is a number from 0 to 65535";
    std::size_t host_end = std::min(text.find(':'), text.size());
    std::string_view host = text.substr(0, host_end);
    if (text.starts_with('[')) {
        host_end = text.find(']');
        host = text.substr(1, host_end - 1);
        if (host_end == std::string_view::npos || host.find(':') == std::string_view::npos ||
            !parse_ip(host)) {
            return tl::unexpected<std::string>(fault);
        }
        ++host_end;
    }
    const std::string_view rest = text.substr(host_end);
    if (rest.empty()) {
        return HostPort{std::string(host), std::nullopt};
    }
    const auto port = rest.starts_with(':') ? parse_number<std::uint16_t>(rest.substr(1)) : std::nullopt;
    if (!port) {
        return tl::unexpected<std::string>(fault);
    }
    return HostPort{std::string(host), *port};
}

std::string host_port_text(const HostPort& address) {
    const bool is_v6 = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}{}", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "",
                       address.port ? fmt::format(":{}", *address.port) : "");
}

tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
    if (text.starts_with(unix_prefix)) {
        const std::string_view path = text.substr(unix_prefix.size());
        if (is_socket_path(path)) {
            return ListenAddress{.host = {}, .unix_path = std::string(path)};
        }
    } else if (auto split = split_host_port(text); split && split->port) {
        std::string& host = split->host;
        if (host.empty() || is_host_name(host) || parse_ip(host)) {
            return ListenAddress{.host = std::move(host), .port = static_cast<std::uint16_t>(*split->port)};
        }
    }
    return tl::unexpected(
        fmt::format("{} is not a listen address; write :10077, 127.0.0.1:10077, [::1]:10077 or "
                    "unix:/run/exporter.sock (a path of at most {} bytes)",
                    quote(text), longest_unix_path));
}

std::string listen_address_text(const ListenAddress& address) {
    if (!address.unix_path.empty()) {
        return fmt::format("{}{}", unix_prefix, address.unix_path);
    }
    return host_port_text({address.host, address.port});
}

}  // namespace exporter::base

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
/// What `sockaddr_un::sun_path` holds beside its final zero, see unix(7).
constexpr std::size_t longest_unix_path = 107;

bool is_label(std::string_view label) {
    const auto fits = [](char c) { return is_word_character(c) || c == '-'; };
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), fits);
}

/// What is wrong with the path of a Unix socket, or empty.
std::string_view fault_in_unix_path(std::string_view path) {
    if (!path.starts_with('/')) {
        return "the path does not begin with /";
    }
    if (path.ends_with('/')) {
        return "the path is a directory's";
    }
    if (path.size() > longest_unix_path) {
        return "the path is longer than 107 bytes";
    }
    return std::none_of(path.begin(), path.end(), is_control) ? "" : "the path holds a control character";
}

/// What is wrong with an address of TCP, or empty.
std::string_view fault_in_host_port(const tl::expected<HostPort, std::string>& split) {
    if (!split) {
        return split.error();
    }
    if (!split->port) {
        return "the port is missing";
    }
    return split->host.empty() || is_host_name(split->host) || parse_ip(split->host)
               ? ""
               : "the host is not a name or an address";
}

tl::unexpected<std::string> not_an_address(std::string_view text, std::string_view why) {
    return tl::unexpected(
        fmt::format("{} is not an address to listen on: {}; write :10077, 127.0.0.1:10077, [::1]:10077 or "
                    "unix:/run/exporter.sock",
                    quote(text), why));
}

IpAddress unmapped(IpAddress address) {
    if (!std::equal(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), address.bytes.begin())) {
        return address;
    }
    IpAddress ipv4;
    std::copy_n(address.bytes.begin() + mapped_ipv4_prefix.size(), 4, ipv4.bytes.begin());
    return ipv4;
}

tl::expected<HostPort, std::string> with_port(std::string_view host, std::string_view port_text) {
    const std::optional<int> port = parse_port(port_text);
    if (!port) {
        return tl::unexpected<std::string>("the port is not a number from 0 to 65535");
    }
    return HostPort{std::string(host), port};
}

tl::expected<HostPort, std::string> split_bracketed(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) {
        return tl::unexpected<std::string>("the bracket is not closed");
    }
    const std::string_view host = text.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos || !parse_ip(host)) {
        return tl::unexpected<std::string>("what is in brackets is not an IPv6 address");
    }
    const std::string_view rest = text.substr(end + 1);
    if (rest.empty()) {
        return HostPort{std::string(host), std::nullopt};
    }
    if (rest.front() != ':') {
        return tl::unexpected<std::string>("only a port can follow the bracket");
    }
    return with_port(host, rest.substr(1));
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
        address.bits = 128;
        return unmapped(address);
    }
    return std::nullopt;
}

bool same_network(const IpAddress& one, const IpAddress& other, int prefix) {
    if (one.bits != other.bits) {
        return false;
    }
    for (int bit = 0; bit < prefix; ++bit) {
        const auto byte = static_cast<std::size_t>(bit / 8);
        const int mask = 0x80 >> (bit % 8);
        if ((one.bytes.at(byte) & mask) != (other.bytes.at(byte) & mask)) {
            return false;
        }
    }
    return true;
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
    if (text.empty() || text.size() > 253) {
        return false;
    }
    for (;;) {
        const std::size_t dot = text.find('.');
        if (!is_label(text.substr(0, dot))) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        text.remove_prefix(dot + 1);
    }
}

std::optional<int> parse_port(std::string_view text) {
    const auto port = parse_number<std::uint16_t>(text);
    return port ? std::optional<int>(*port) : std::nullopt;
}

tl::expected<HostPort, std::string> split_host_port(std::string_view text) {
    if (!text.empty() && text.front() == '[') {
        return split_bracketed(text);
    }
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) {
        return HostPort{std::string(text), std::nullopt};
    }
    if (text.find(':', colon + 1) != std::string_view::npos) {
        return tl::unexpected<std::string>("an IPv6 address goes in brackets, as in [::1]:8080");
    }
    return with_port(text.substr(0, colon), text.substr(colon + 1));
}

tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
    ListenAddress address;
    if (text.starts_with(unix_prefix)) {
        address.unix_path = text.substr(unix_prefix.size());
        const std::string_view fault = fault_in_unix_path(address.unix_path);
        return fault.empty() ? tl::expected<ListenAddress, std::string>(std::move(address))
                             : not_an_address(text, fault);
    }
    auto split = split_host_port(text);
    if (const std::string_view fault = fault_in_host_port(split); !fault.empty()) {
        return not_an_address(text, fault);
    }
    address.host = std::move(split->host);
    address.port = static_cast<std::uint16_t>(*split->port);
    return address;
}

std::string listen_address_text(const ListenAddress& address) {
    if (!address.unix_path.empty()) {
        return fmt::format("{}{}", unix_prefix, address.unix_path);
    }
    const bool is_v6 = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "", address.port);
}

}  // namespace exporter::base

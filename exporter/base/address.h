// Hosts, ports and addresses as text.
#pragma once

#include <tl/expected.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::base {

/// An IPv4 or IPv6 address. An IPv4-mapped address (`::ffff:127.0.0.1`) is stored as IPv4.
struct IpAddress {
    int bits = 32;  ///< 32 or 128
    std::array<std::uint8_t, 16> bytes{};

    bool operator==(const IpAddress&) const = default;
};

[[nodiscard]] std::optional<IpAddress> parse_ip(std::string_view text);

/// Whether the first `prefix` bits match. Addresses of different families never match.
[[nodiscard]] bool same_network(const IpAddress& one, const IpAddress& other, int prefix);

/// `localhost`, 127.0.0.0/8, `::1`
[[nodiscard]] bool is_loopback(std::string_view host);

/// Dot-separated labels of letters, digits, `-` and `_`.
[[nodiscard]] bool is_host_name(std::string_view text);

struct HostPort {
    std::string host;  ///< may be empty; an IPv6 address without its brackets
    std::optional<int> port;
};

/// Where a server listens: a TCP address or a Unix socket.
struct ListenAddress {
    std::string host;  ///< a name or an address; empty: all addresses, IPv6 and IPv4
    std::uint16_t port = 0;
    std::string unix_path = {};  ///< if not empty: a Unix socket at this path; host and port are ignored

    bool operator==(const ListenAddress&) const = default;
};

/// `host`, `host:port`, `:port`, `[::1]`, `[::1]:port`. The error describes the expected format, without
/// quoting the text.
[[nodiscard]] tl::expected<HostPort, std::string> split_host_port(std::string_view text);

/// The inverse of `split_host_port`.
[[nodiscard]] std::string host_port_text(const HostPort& address);

/// `:port`, `host:port`, `[::1]:port`, `unix:/path`. The error quotes the text and describes the expected
/// format.
[[nodiscard]] tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text);

/// The inverse of `parse_listen_address`.
[[nodiscard]] std::string listen_address_text(const ListenAddress& address);

}  // namespace exporter::base

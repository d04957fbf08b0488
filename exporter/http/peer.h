// Who is at the other end of a connection, as far as limits tell clients apart.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace exporter::http {

/// An IPv4 address, or the /64 network of an IPv6 address, which is what one subscriber has.
struct Peer {
    std::array<std::uint8_t, 16> bytes{};  ///< IPv4 in IPv6 clothes

    auto operator<=>(const Peer&) const = default;

    /// For use as a key elsewhere; not for people.
    [[nodiscard]] std::string key() const { return {bytes.begin(), bytes.end()}; }
};

/// None for a Unix socket's, whose clients are not told apart.
[[nodiscard]] std::optional<Peer> peer_of(const sockaddr_storage& address);

}  // namespace exporter::http

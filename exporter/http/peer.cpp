#include "http/peer.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace exporter::http {
namespace {

constexpr std::array<std::uint8_t, 12> mapped_ipv4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t network_bytes = 8;

Peer of_ipv4(const in_addr& address) {
    Peer peer;
    std::copy(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), peer.bytes.begin());
    std::memcpy(peer.bytes.data() + mapped_ipv4_prefix.size(), &address, sizeof address);
    return peer;
}

Peer of_ipv6(const in6_addr& address) {
    Peer peer;
    std::memcpy(peer.bytes.data(), &address, sizeof address);
    const bool is_ipv4 = std::equal(mapped_ipv4_prefix.begin(), mapped_ipv4_prefix.end(), peer.bytes.begin());
    if (!is_ipv4) {
        std::fill(peer.bytes.begin() + network_bytes, peer.bytes.end(), std::uint8_t{0});
    }
    return peer;
}

}  // namespace

std::optional<Peer> peer_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) {
        return of_ipv4(reinterpret_cast<const sockaddr_in&>(address).sin_addr);
    }
    if (address.ss_family == AF_INET6) {
        return of_ipv6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
    }
    return std::nullopt;
}

}  // namespace exporter::http

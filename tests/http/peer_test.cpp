#include "http/roster.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace exporter::http {
namespace {

template <class SocketAddress>
Peer peer_at(const SocketAddress& address) {
    sockaddr_storage storage{};
    std::memcpy(&storage, &address, sizeof address);
    return peer_of(storage);
}

Peer ipv4(const char* text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, text, &address.sin_addr), 1);
    return peer_at(address);
}

Peer ipv6(const char* text) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return peer_at(address);
}

TEST(Peer, OfIpv4IsTheAddress) {
    EXPECT_EQ(ipv4("192.0.2.1"), ipv4("192.0.2.1"));
    EXPECT_NE(ipv4("192.0.2.1"), ipv4("192.0.2.2"));
}

TEST(Peer, OfMappedIpv4IsTheSameAsIpv4) {
    EXPECT_EQ(ipv4("192.0.2.1"), ipv6("::ffff:192.0.2.1"));
    EXPECT_NE(ipv6("::ffff:192.0.2.1"), ipv6("::ffff:192.0.2.2"));
}

TEST(Peer, OfIpv6IsThe64BitPrefix) {
    EXPECT_EQ(ipv6("2001:db8:1:2::1"), ipv6("2001:db8:1:2:ffff::9"));
    EXPECT_NE(ipv6("2001:db8:1:2::1"), ipv6("2001:db8:1:3::1"));
}

TEST(Peer, OfAUnixSocketIsNone) {
    sockaddr_storage address{};
    address.ss_family = AF_UNIX;
    EXPECT_EQ(peer_of(address), Peer());
}

}  // namespace
}  // namespace exporter::http

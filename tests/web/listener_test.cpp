#include "web/listener.h"

#include "web/client.h"
#include "web/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <system_error>

namespace exporter::web {
namespace {

using testing::Client;
using testing::echo;
using testing::get;
using ::testing::HasSubstr;
using testing::start_server;
using ::testing::StartsWith;

std::string error_of(const Address& address) {
    const auto server = Server::start({.addresses = {address}}, echo);
    return server ? "listens" : server.error();
}

bool resolves(const char* name) {
    addrinfo* found = nullptr;
    const bool known = ::getaddrinfo(name, nullptr, nullptr, &found) == 0;
    if (known) {
        ::freeaddrinfo(found);
    }
    return known;
}

bool machine_has_ipv6() {
    const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 loopback{};
    loopback.sin6_family = AF_INET6;
    loopback.sin6_addr = in6addr_loopback;
    const bool bound =
        socket >= 0 && ::bind(socket, reinterpret_cast<const sockaddr*>(&loopback), sizeof loopback) == 0;
    ::close(socket);
    return bound;
}

int status_over(const std::string& host, std::uint16_t port) {
    Client client(port, host);
    client.send(get("/"));
    return client.answer().value().status;
}

TEST(ListenError, ExplainsPrivilegedPorts) {
    EXPECT_EQ(listen_error({"127.0.0.1", 80}, std::make_error_code(std::errc::permission_denied)),
              "cannot listen on 127.0.0.1:80: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, "
              "choose another with --web.listen-address");
}

TEST(ListenError, DoesNotBlamePrivilegesForAHighPort) {
    EXPECT_EQ(listen_error({"127.0.0.1", 8080}, std::make_error_code(std::errc::permission_denied)),
              "cannot listen on 127.0.0.1:8080: permission denied; choose another port with "
              "--web.listen-address");
}

TEST(ListenError, WritesAddressesAsTheFlagDoes) {
    const auto reason = std::make_error_code(std::errc::address_in_use);
    EXPECT_THAT(listen_error({"::1", 80}, reason), StartsWith("cannot listen on [::1]:80: "));
    EXPECT_THAT(listen_error({"", 80}, reason), StartsWith("cannot listen on :80: "));
}

TEST(Listening, OnAPortInUseSaysSo) {
    const auto server = start_server(echo);
    const auto port = server->ports()[0];
    EXPECT_EQ(error_of({"127.0.0.1", port}),
              "cannot listen on 127.0.0.1:" + std::to_string(port) +
                  ": address already in use; another process (perhaps another exporter) listens there");
}

TEST(Listening, OnAForeignAddressSaysSo) {
    EXPECT_EQ(error_of({"203.0.113.1", 0}),
              "cannot listen on 203.0.113.1:0: no interface of this machine has that address; choose another "
              "with --web.listen-address");
}

TEST(Listening, OnAnUnknownNameSaysSo) {
    EXPECT_THAT(error_of({"host.invalid", 1}), StartsWith("cannot listen on host.invalid:1: "));
    EXPECT_THAT(error_of({"host.invalid", 1}), HasSubstr("ost not found"));
}

TEST(Listening, OnNothingIsAnError) {
    const auto server = Server::start({}, echo);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error(), "no address to listen on; give one with --web.listen-address");
}

TEST(Listening, OnANameServesItOrSaysThatItDoesNotResolve) {
    const auto server = Server::start({.addresses = {{"localhost", 0}}}, echo);
    ASSERT_EQ(server.has_value(), resolves("localhost"));  // A bare container may lack /etc/hosts.
    if (!server) {
        EXPECT_THAT(server.error(), StartsWith("cannot listen on localhost:0: Host not found"));
    }
}

TEST(Listening, OnNoHostServesIpv4) {
    const auto server = Server::start({.addresses = {{"", 0}}}, echo);
    ASSERT_TRUE(server) << server.error();
    EXPECT_EQ(status_over("127.0.0.1", (*server)->ports()[0]), 200);
}

TEST(Listening, OnNoHostServesIpv6WhereTheMachineHasIt) {
    const auto server = Server::start({.addresses = {{"", 0}}}, echo);
    ASSERT_TRUE(server) << server.error();
    if (machine_has_ipv6()) {
        EXPECT_EQ(status_over("::1", (*server)->ports()[0]), 200);
    } else {
        EXPECT_THROW(status_over("::1", (*server)->ports()[0]), std::runtime_error);
    }
}

TEST(Listening, OnIpv6LoopbackServesItOrSaysThatThereIsNone) {
    const auto server = Server::start({.addresses = {{"::1", 0}}}, echo);
    ASSERT_EQ(server.has_value(), machine_has_ipv6());
    if (server) {
        EXPECT_EQ(status_over("::1", (*server)->ports()[0]), 200);
    } else {
        EXPECT_THAT(server.error(), StartsWith("cannot listen on [::1]:0: "));
    }
}

}  // namespace
}  // namespace exporter::web

#include "http/client.h"
#include "http/listener.h"
#include "http/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace exporter::http {
namespace {

using ::testing::AllOf;
using testing::Client;
using testing::echo;
using ::testing::EndsWith;
using testing::get;
using testing::start_server;
using ::testing::StartsWith;

std::string error_of(const base::ListenAddress& address) {
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

TEST(ListenError, SaysWhatWouldHelp) {
    EXPECT_EQ(
        listen_error({"127.0.0.1", 80}, std::make_error_code(std::errc::permission_denied)),
        "cannot listen on 127.0.0.1:80: Permission denied; a port below 1024 needs "
        "CAP_NET_BIND_SERVICE, and a Unix socket needs a directory that the server's user can write to");
    EXPECT_EQ(listen_error({{}, 0, "/gone/sock"}, std::make_error_code(std::errc::no_such_file_or_directory)),
              "cannot listen on unix:/gone/sock: No such file or directory; the directory must exist");
}

TEST(ListenError, FallsBackToTheSystemText) {
    EXPECT_EQ(listen_error({"127.0.0.1", 80}, std::make_error_code(std::errc::too_many_files_open)),
              "cannot listen on 127.0.0.1:80: Too many open files");
}

TEST(ListenError, WritesAddressesAsTheFlagDoes) {
    const auto reason = std::make_error_code(std::errc::address_in_use);
    EXPECT_THAT(listen_error({"::1", 80}, reason), StartsWith("cannot listen on [::1]:80: "));
    EXPECT_THAT(listen_error({"", 80}, reason), StartsWith("cannot listen on :80: "));
}

TEST(Listening, OnAPortInUseSaysSo) {
    const auto server = start_server(echo);
    const auto port = server->addresses()[0].port;
    EXPECT_EQ(error_of({"127.0.0.1", port}),
              "cannot listen on 127.0.0.1:" + std::to_string(port) +
                  ": Address already in use; another process (perhaps another exporter) is listening there, "
                  "or the path is an existing file");
}

TEST(Listening, OnAForeignAddressSaysSo) {
    EXPECT_EQ(error_of({"203.0.113.1", 0}),
              "cannot listen on 203.0.113.1:0: Cannot assign requested address; no interface of this machine "
              "has that address, or the name does not resolve");
}

TEST(Listening, OnAnUnknownNameSaysSo) {
    EXPECT_THAT(error_of({"host.invalid", 1}), AllOf(StartsWith("cannot listen on host.invalid:1: "),
                                                     EndsWith("the name does not resolve")));
}

TEST(Listening, OnNoAddressFails) {
    const auto server = Server::start({}, echo);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error(), "no address to listen on");
}

TEST(Listening, OnANameServesItOrSaysThatItDoesNotResolve) {
    const auto server = Server::start({.addresses = {{"localhost", 0}}}, echo);
    ASSERT_EQ(server.has_value(), resolves("localhost"));  // A minimal container may have no /etc/hosts.
    if (!server) {
        EXPECT_THAT(server.error(), AllOf(StartsWith("cannot listen on localhost:0: "),
                                          EndsWith("the name does not resolve")));
    }
}

TEST(Listening, OnNoHostServesIpv4) {
    const auto server = Server::start({.addresses = {{"", 0}}}, echo);
    ASSERT_TRUE(server) << server.error();
    EXPECT_EQ(status_over("127.0.0.1", (*server)->addresses()[0].port), 200);
}

TEST(Listening, OnNoHostServesIpv6WhereTheMachineHasIt) {
    const auto server = Server::start({.addresses = {{"", 0}}}, echo);
    ASSERT_TRUE(server) << server.error();
    if (machine_has_ipv6()) {
        EXPECT_EQ(status_over("::1", (*server)->addresses()[0].port), 200);
    } else {
        EXPECT_THROW(status_over("::1", (*server)->addresses()[0].port), std::runtime_error);
    }
}

/// A temporary directory for a Unix socket.
class UnixSocket : public ::testing::Test {
  protected:
    UnixSocket()
        : directory_(std::filesystem::temp_directory_path() / ("exporter-" + std::to_string(::getpid()))) {
        std::filesystem::create_directory(directory_);
    }
    ~UnixSocket() override { std::filesystem::remove_all(directory_); }
    UnixSocket(const UnixSocket&) = delete;
    UnixSocket& operator=(const UnixSocket&) = delete;

    [[nodiscard]] tl::expected<std::unique_ptr<Server>, std::string> start() const {
        return Server::start({.addresses = {{{}, 0, path_}}}, echo);
    }

    const std::filesystem::path directory_;
    const std::filesystem::path path_ = directory_ / "exporter.sock";
};

TEST_F(UnixSocket, IsServed) {
    const auto server = start().value();
    Client client(path_);
    client.send(get("/metrics"));
    EXPECT_EQ(client.answer().value().body, "GET /metrics");
    EXPECT_EQ(server->addresses()[0].unix_path, path_);
}

TEST_F(UnixSocket, GoesAwayWithTheServer) {
    auto server = start().value();
    ASSERT_TRUE(std::filesystem::exists(path_));
    server.reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, LeftByAKilledRunIsReplaced) {
    {
        const auto killed = listen_on({{}, 0, path_}).value();
        std::filesystem::rename(path_, directory_ / "kept");
    }
    std::filesystem::rename(directory_ / "kept", path_);
    ASSERT_TRUE(std::filesystem::is_socket(path_));
    EXPECT_TRUE(start().has_value());
}

TEST_F(UnixSocket, InUseIsLeftAlone) {
    const auto first = start().value();
    const auto second = start();
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error(),
                StartsWith("cannot listen on unix:" + path_.string() + ": Address already in use"));
    Client client(path_);
    client.send(get("/"));
    EXPECT_TRUE(client.answer().has_value());
}

TEST_F(UnixSocket, DoesNotReplaceARegularFile) {
    std::ofstream(path_) << "precious";
    EXPECT_FALSE(start());
    EXPECT_EQ(std::filesystem::file_size(path_), 8U);
}

TEST_F(UnixSocket, OfALaterServerIsNotRemoved) {
    auto first = start().value();
    std::filesystem::remove(path_);
    const auto second = start().value();
    first.reset();
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST(InheritedSocket, IsServed) {
    auto listening = listen_on({"127.0.0.1", 0, {}}).value();
    const auto port = listening.address.port;
    const auto server = Server::start({.inherited_sockets = {listening.socket.release()}}, echo).value();
    EXPECT_EQ(server->addresses(), (std::vector<base::ListenAddress>{{"127.0.0.1", port, {}}}));
    EXPECT_EQ(status_over("127.0.0.1", port), 200);
}

TEST(InheritedSocket, ThatDoesNotListenIsRefused) {
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto server = Server::start({.inherited_sockets = {socket.get()}}, echo);
    ASSERT_FALSE(server);
    EXPECT_EQ(server.error(), "cannot take over file descriptor " + std::to_string(socket.get()) +
                                  " from systemd: it is not a listening socket; the .socket unit needs "
                                  "ListenStream= and Accept=no");
}

TEST(Listening, OnIpv6LoopbackServesItOrSaysThatThereIsNone) {
    const auto server = Server::start({.addresses = {{"::1", 0}}}, echo);
    ASSERT_EQ(server.has_value(), machine_has_ipv6());
    if (server) {
        EXPECT_EQ(status_over("::1", (*server)->addresses()[0].port), 200);
    } else {
        EXPECT_THAT(server.error(), StartsWith("cannot listen on [::1]:0: "));
    }
}

}  // namespace
}  // namespace exporter::http

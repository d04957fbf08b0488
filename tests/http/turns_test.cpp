// How much the server thread does for one connection before others get their turn. The same thread enforces
// all deadlines, so each turn must be short.
#include "http/client.h"
#include "http/listener.h"
#include "http/session.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace exporter::http {
namespace {

using testing::Client;

struct SocketPair {
    SocketPair() {
        std::array<int, 2> ends{-1, -1};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        server = Socket(ends[0]);
        client = Socket(ends[1]);
    }

    Socket server{-1};
    Socket client{-1};
};

std::size_t unread_bytes(const Socket& socket) {
    int bytes = 0;
    EXPECT_EQ(::ioctl(socket.get(), FIONREAD, &bytes), 0);
    return static_cast<std::size_t>(bytes);
}

/// The server's internals, with an event loop that the test runs one turn at a time.
class Turns : public ::testing::Test {
  protected:
    explicit Turns(std::size_t answer_bytes = 1)
        : handler_([this, answer_bytes](const Request&) {
              ++requests_;
              Response response;
              response.own_body = std::string(answer_bytes, 'x');
              return response;
          }) {}
    ~Turns() override {
        service_.roster.close_if([](const Roster::Entry&) { return true; });
    }

    void turn() { ASSERT_TRUE(service_.loop->turn({})); }

    void connect(SocketPair& sockets) {
        begin_session(std::move(sockets.server), Peer(), service_, std::nullopt);
    }

    int requests_ = 0;
    const ServerOptions options_;
    const Handler handler_;
    Service service_{.options = options_,
                     .handler = handler_,
                     .loop = std::make_shared<EventLoop>(),
                     .roster = Roster({.connections = 1000, .connections_of_peer = 1000}),
                     .crowd = service_.roster};
    std::optional<Listener> listener_;
};

TEST_F(Turns, AcceptSixteenConnections) {
    auto listening = listen_on({"127.0.0.1", 0}).value();
    const auto port = listening.address.port;
    const std::vector<Client> clients = [port] {
        std::vector<Client> made;
        for (int i = 0; i < 40; ++i) {
            made.emplace_back(port);
        }
        return made;
    }();
    listener_.emplace(std::move(listening), service_);
    turn();
    EXPECT_EQ(service_.roster.size(), 16U);
    turn();
    EXPECT_EQ(service_.roster.size(), 32U);
}

TEST_F(Turns, ServeSixtyFourSockets) {
    std::vector<SocketPair> clients(100);
    for (auto& client : clients) {
        connect(client);
        const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        ASSERT_EQ(::send(client.client.get(), request.data(), request.size(), 0),
                  static_cast<ssize_t>(request.size()));
    }
    turn();
    EXPECT_EQ(requests_, 64);
}

TEST_F(Turns, AnswerOneRequestOfAConnection) {
    SocketPair client;
    connect(client);
    const std::string requests = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(::send(client.client.get(), requests.data(), requests.size(), 0),
              static_cast<ssize_t>(requests.size()));
    turn();
    EXPECT_EQ(requests_, 1);
    turn();
    EXPECT_EQ(requests_, 2);
}

TEST_F(Turns, ReadSixteenKiBOfAConnection) {
    SocketPair client;
    const int server = client.server.get();
    connect(client);
    const std::string requests(20'000, '\n');  // Empty lines are allowed before a request.
    ASSERT_EQ(::send(client.client.get(), requests.data(), requests.size(), 0),
              static_cast<ssize_t>(requests.size()));
    turn();
    int left = 0;
    ASSERT_EQ(::ioctl(server, FIONREAD, &left), 0);
    EXPECT_EQ(left, 20'000 - 16'384);
}

class TurnsOfALongAnswer : public Turns {
  protected:
    TurnsOfALongAnswer() : Turns(1 << 20) {}
};

TEST_F(TurnsOfALongAnswer, Write256KiB) {
    SocketPair client;
    constexpr int room = 1 << 20;
    ASSERT_EQ(::setsockopt(client.server.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    connect(client);
    const std::string request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    ASSERT_EQ(::send(client.client.get(), request.data(), request.size(), 0),
              static_cast<ssize_t>(request.size()));
    turn();
    EXPECT_EQ(unread_bytes(client.client), std::size_t{256} << 10);
}

}  // namespace
}  // namespace exporter::http

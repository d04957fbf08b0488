#include "http/client.h"
#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace exporter::http {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::echo;
using testing::eventually;
using testing::get;
using testing::HugeAnswers;
using testing::patience;
using testing::start_server;
using Clock = std::chrono::steady_clock;

bool listens(std::uint16_t port) {
    return Client().connect(port);
}

/// A server whose responses exceed the kernel's buffers, and a client that has sent a request but not read
/// the response.
class StopWhileAnswering : public ::testing::Test {
  protected:
    void SetUp() override {
        client_.send(get("/huge"));
        ASSERT_TRUE(huge_.were_asked_for());
    }

    HugeAnswers huge_;
    const std::unique_ptr<Server> server_ = start_server(huge_.handler());
    Client client_{server_->addresses()[0].port};
};

TEST_F(StopWhileAnswering, ReturnsAfterTheGraceWhenTheClientDoesNotRead) {
    const auto begin = Clock::now();
    server_->stop(300ms);
    EXPECT_GE(Clock::now() - begin, 300ms);
    EXPECT_LT(Clock::now() - begin, 5s);
    EXPECT_EQ(client_.answer(), std::nullopt) << "cut off";
    EXPECT_EQ(server_->connections(), 0U);
}

TEST_F(StopWhileAnswering, LetsTheAnswerFinish) {
    const auto begin = Clock::now();
    std::jthread stopping([this] { server_->stop(60s); });
    ASSERT_TRUE(eventually([this] { return !listens(server_->addresses()[0].port); }));
    const auto answer = client_.answer();
    stopping.join();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body.size(), huge_.body->size());
    EXPECT_TRUE(client_.closed_within(patience));
    EXPECT_LT(Clock::now() - begin, 30s) << "must return once the response is sent";
}

TEST_F(StopWhileAnswering, WithoutGraceIsImmediate) {
    const auto begin = Clock::now();
    server_->stop(0ms);
    EXPECT_LT(Clock::now() - begin, 5s);
    EXPECT_EQ(client_.answer(), std::nullopt);
}

TEST(ServerStop, ClosesIdleConnectionsAtOnce) {
    const auto server = start_server(echo, {.request_deadline = 60s});
    Client silent(server->addresses()[0].port);
    Client half(server->addresses()[0].port);
    half.send("GET / HT");
    Client kept_alive(server->addresses()[0].port);
    kept_alive.send(get("/"));
    ASSERT_TRUE(kept_alive.answer().has_value());

    const auto begin = Clock::now();
    server->stop(60s);
    EXPECT_LT(Clock::now() - begin, 5s) << "nothing to wait for";
    for (auto* client : {&silent, &half, &kept_alive}) {
        EXPECT_TRUE(client->closed_within(patience));
    }
}

TEST(ServerStop, StopsListening) {
    const auto server = start_server(echo);
    const auto port = server->addresses()[0].port;
    ASSERT_TRUE(listens(port));
    server->stop(60s);
    EXPECT_FALSE(listens(port));
}

TEST(ServerStop, MayBeCalledAgain) {
    const auto server = start_server(echo);
    server->stop(60s);
    server->stop(60s);
    EXPECT_EQ(server->connections(), 0U);
}

TEST(ServerStop, RunsInTheDestructor) {
    auto server = start_server(echo, {.request_deadline = 60s});
    const auto port = server->addresses()[0].port;
    Client client(port);
    client.send(get("/"));
    ASSERT_TRUE(client.answer().has_value());
    server.reset();
    EXPECT_TRUE(client.closed_within(patience));
    EXPECT_FALSE(listens(port));
}

TEST(ServerStop, FreesThePortForTheNextServer) {
    auto server = start_server(echo);
    const auto port = server->addresses()[0].port;
    Client client(port);
    client.send(get("/"));
    ASSERT_TRUE(client.answer().has_value());
    server.reset();  // The server closes first, so its side of the connection is in TIME_WAIT.
    auto next = Server::start({.addresses = {{"127.0.0.1", port}}}, echo);
    EXPECT_TRUE(next) << next.error();
}

}  // namespace
}  // namespace exporter::http

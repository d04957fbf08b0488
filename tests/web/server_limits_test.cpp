// What slow, idle and greedy clients can't do.
#include "web/client.h"
#include "web/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::echo;
using testing::eventually;
using testing::get;
using testing::patience;
using testing::start_server;
using Clock = std::chrono::steady_clock;

/// More than the kernel buffers for a client that does not read.
std::shared_ptr<const std::string> huge_body() {
    return std::make_shared<const std::string>(64 << 20, 'x');
}

/// A client that has had one answer, so its connection is known to be accepted and to wait since then.
Client idle_client(const Server& server) {
    Client client(server.ports()[0]);
    client.send(get("/"));
    EXPECT_TRUE(client.answer().has_value());
    return client;
}

bool is_served(Client& client) {
    return client.send(get("/")) && client.answer().has_value();
}

TEST(RequestDeadline, IsNotExtendedByBytesThatTrickleIn) {
    const auto server = start_server(echo, {.request_deadline = 200ms});
    const auto begin = Clock::now();
    Client client(server->ports()[0]);
    client.send("GET / HTTP/1.1\r\nX-Slow: ");
    while (!client.closed_within(20ms) && Clock::now() - begin < patience) {
        client.send("x");
    }
    EXPECT_GE(Clock::now() - begin, 200ms);
    EXPECT_LT(Clock::now() - begin, 5s);
    EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST(RequestDeadline, EndsAnIdleConnection) {
    const auto server = start_server(echo, {.request_deadline = 200ms});
    Client fresh(server->ports()[0]);
    auto kept_alive = idle_client(*server);
    EXPECT_TRUE(fresh.closed_within(5s));
    EXPECT_TRUE(kept_alive.closed_within(5s));
}

TEST(RequestDeadline, BeginsAnewWithEachRequest) {
    const auto server = start_server(echo, {.request_deadline = 2s});
    const auto begin = Clock::now();
    Client client(server->ports()[0]);
    while (Clock::now() - begin < 2500ms) {
        ASSERT_TRUE(is_served(client));
        ASSERT_FALSE(client.closed_within(50ms));
    }
}

TEST(ResponseDeadline, EndsAConnectionWhoseClientDoesNotRead) {
    const auto body = huge_body();
    std::atomic<bool> asked = false;
    const auto server = start_server(
        [&](const Request&) {
            asked = true;
            Response response;
            response.shared_body = body;
            return response;
        },
        {.request_deadline = 60s, .response_deadline = 200ms});
    Client client(server->ports()[0]);
    client.send(get("/"));
    ASSERT_TRUE(eventually([&] { return asked.load(); }));
    EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
    EXPECT_EQ(client.answer(), std::nullopt) << "cut off before its end";
}

TEST(SlowClients, DoNotDelayAScrape) {
    const auto server = start_server(echo);
    std::vector<Client> slow;
    for (int i = 0; i < 100; ++i) {
        slow.emplace_back(server->ports()[0]);
        slow.back().send("GET / HTTP/1.1\r\nX: ");
    }
    for (int round = 0; round < 10; ++round) {
        for (auto& client : slow) {
            ASSERT_TRUE(client.send("x"));
        }
        const auto begin = Clock::now();
        Client scraper(server->ports()[0]);
        ASSERT_TRUE(is_served(scraper));
        EXPECT_LT(Clock::now() - begin, 2s);
    }
    EXPECT_GE(server->connections(), 100U);
}

TEST(ConnectionLimit, ClosesTheOneThatHasWaitedLongest) {
    const auto server = start_server(echo, {.max_connections = 3, .request_deadline = 60s});
    auto first = idle_client(*server);
    auto second = idle_client(*server);
    auto third = idle_client(*server);
    ASSERT_TRUE(is_served(first)) << "now the second has waited longest";

    Client fourth(server->ports()[0]);
    EXPECT_TRUE(is_served(fourth));
    EXPECT_TRUE(second.closed_within(patience));
    EXPECT_TRUE(is_served(third));
    EXPECT_TRUE(is_served(first));
    EXPECT_EQ(server->connections(), 3U);
}

TEST(ConnectionLimit, CountsAHalfSentRequestAsWaiting) {
    const auto server = start_server(echo, {.max_connections = 2, .request_deadline = 60s});
    auto half = idle_client(*server);
    auto idle = idle_client(*server);
    half.send("GET / HTTP/1.1\r\nHost");

    Client next(server->ports()[0]);
    EXPECT_TRUE(is_served(next));
    EXPECT_TRUE(half.closed_within(patience));
    EXPECT_TRUE(is_served(idle));
}

TEST(ConnectionLimit, TurnsTheNewOneAwayWhenAllAreBeingAnswered) {
    const auto body = huge_body();
    std::atomic<bool> asked = false;
    const auto server = start_server(
        [&](const Request&) {
            asked = true;
            Response response;
            response.shared_body = body;
            return response;
        },
        {.max_connections = 1, .request_deadline = 60s});
    Client busy(server->ports()[0]);
    busy.send(get("/"));
    ASSERT_TRUE(eventually([&] { return asked.load(); }));

    Client turned_away(server->ports()[0]);
    EXPECT_TRUE(turned_away.closed_within(patience));
    EXPECT_EQ(busy.answer().value().body.size(), body->size());
}

/// While it lives, no file descriptor is to be had but those that are open now and get closed.
class NoFileDescriptors {
  public:
    NoFileDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int lowest_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::close(lowest_free);
        const rlimit none{static_cast<rlim_t>(lowest_free), before_.rlim_max};
        ::setrlimit(RLIMIT_NOFILE, &none);
    }
    NoFileDescriptors(const NoFileDescriptors&) = delete;
    NoFileDescriptors& operator=(const NoFileDescriptors&) = delete;
    ~NoFileDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

  private:
    rlimit before_{};
};

std::chrono::microseconds processor_time() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

TEST(AcceptErrors, WithoutFileDescriptorsAcceptingNeitherEndsNorSpins) {
    const auto server = start_server(echo);
    Client client;
    {
        const NoFileDescriptors shortage;
        ASSERT_TRUE(client.connect(server->ports()[0]));
        client.send(get("/"));
        const auto before = processor_time();
        EXPECT_FALSE(client.readable_within(400ms));
        EXPECT_LT(processor_time() - before, 60ms);
    }
    EXPECT_EQ(client.answer().value().status, 200);
}

TEST(AcceptErrors, WithoutFileDescriptorsTheOneThatHasWaitedLongestMakesRoom) {
    const auto server = start_server(echo, {.request_deadline = 60s});
    Client newcomer;
    auto first = idle_client(*server);
    auto second = idle_client(*server);

    const NoFileDescriptors shortage;
    ASSERT_TRUE(newcomer.connect(server->ports()[0]));
    EXPECT_TRUE(is_served(newcomer));
    EXPECT_TRUE(first.closed_within(patience));
    EXPECT_TRUE(is_served(second));
}

}  // namespace
}  // namespace exporter::web

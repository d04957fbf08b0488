// Slow, idle and greedy clients must not harm the others.
#include "http/client.h"
#include "http/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// A client that has received one response, so its connection has been accepted and has been idle since.
Client idle_client(const Server& server) {
    Client client(server.addresses()[0].port);
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
    Client client(server->addresses()[0].port);
    client.send("GET / HTTP/1.1\r\nX-Slow: ");
    while (!client.closed_within(20ms) && Clock::now() - begin < patience) {
        client.send("x");
    }
    EXPECT_GE(Clock::now() - begin, 200ms);
    EXPECT_LT(Clock::now() - begin, 5s);
    EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
}

TEST(RequestDeadline, EndsAConnectionThatSendsNothing) {
    const auto server = start_server(echo, {.request_deadline = 200ms});
    Client fresh(server->addresses()[0].port);
    EXPECT_TRUE(fresh.closed_within(5s));
}

TEST(RequestDeadline, DoesNotApplyToIdleConnections) {
    const auto server = start_server(echo, {.request_deadline = 200ms});
    auto kept_alive = idle_client(*server);
    EXPECT_FALSE(kept_alive.closed_within(600ms));
    EXPECT_TRUE(is_served(kept_alive));
}

TEST(IdleDeadline, EndsAKeptAliveConnection) {
    const auto server = start_server(echo, {.request_deadline = 60s, .idle_deadline = 200ms});
    auto kept_alive = idle_client(*server);
    EXPECT_TRUE(kept_alive.closed_within(5s));
}

TEST(IdleDeadline, StopsAtTheNextRequestsFirstByte) {
    const auto server = start_server(echo, {.request_deadline = 60s, .idle_deadline = 300ms});
    auto client = idle_client(*server);
    client.send("G");
    EXPECT_FALSE(client.closed_within(900ms));
    client.send(get("/").substr(1));
    EXPECT_TRUE(client.answer().has_value());
}

TEST(RequestDeadline, RestartsWithEachRequest) {
    const auto server = start_server(echo, {.request_deadline = 2s});
    const auto begin = Clock::now();
    Client client(server->addresses()[0].port);
    while (Clock::now() - begin < 2500ms) {
        ASSERT_TRUE(is_served(client));
        ASSERT_FALSE(client.closed_within(50ms));
    }
}

TEST(ResponseDeadline, EndsAConnectionWhoseClientDoesNotRead) {
    HugeAnswers huge;
    const auto server = start_server(huge.handler(), {.request_deadline = 60s, .response_deadline = 200ms});
    Client client(server->addresses()[0].port);
    client.send(get("/huge"));
    ASSERT_TRUE(huge.were_asked_for());
    EXPECT_TRUE(eventually([&] { return server->connections() == 0; }));
    EXPECT_EQ(client.answer(), std::nullopt) << "the response was cut off";
}

TEST(SlowClients, DoNotDelayAScrape) {
    const auto server = start_server(echo);
    std::vector<Client> slow;
    for (int i = 0; i < 100; ++i) {
        slow.emplace_back(server->addresses()[0].port);
        slow.back().send("GET / HTTP/1.1\r\nX: ");
    }
    for (int round = 0; round < 10; ++round) {
        for (auto& client : slow) {
            ASSERT_TRUE(client.send("x"));
        }
        const auto begin = Clock::now();
        Client scraper(server->addresses()[0].port);
        ASSERT_TRUE(is_served(scraper));
        EXPECT_LT(Clock::now() - begin, 2s);
    }
    EXPECT_GE(server->connections(), 100U);
}

TEST(ConnectionLimit, ClosesTheLongestIdleConnection) {
    const auto server = start_server(echo, {.max_connections = 3, .request_deadline = 60s});
    auto first = idle_client(*server);
    auto second = idle_client(*server);
    auto third = idle_client(*server);
    ASSERT_TRUE(is_served(first)) << "the second has waited longest";

    Client fourth(server->addresses()[0].port);
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

    Client next(server->addresses()[0].port);
    EXPECT_TRUE(is_served(next));
    EXPECT_TRUE(half.closed_within(patience));
    EXPECT_TRUE(is_served(idle));
}

/// A server limited to one connection, with responses too large for the kernel's buffers, and a client that
/// doesn't read one.
class AllConnectionsAreBeingAnswered : public ::testing::Test {
  protected:
    void SetUp() override {
        busy_.send(get("/huge"));
        ASSERT_TRUE(huge_.were_asked_for());
    }

    HugeAnswers huge_;
    const std::unique_ptr<Server> server_ =
        start_server(huge_.handler(), {.max_connections = 1,
                                       .request_deadline = 60s,
                                       .is_probe = [](std::string_view path) { return path == "/healthz"; }});
    Client busy_{server_->addresses()[0].port};
};

TEST_F(AllConnectionsAreBeingAnswered, NewClientGetsA503) {
    Client turned_away(server_->addresses()[0].port);
    turned_away.send(get("/metrics"));
    const auto answer = turned_away.answer().value();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
    EXPECT_EQ(answer.headers.at("connection"), "close");
    EXPECT_TRUE(turned_away.closed_within(patience));
    EXPECT_FALSE(turned_away.was_reset());
    EXPECT_EQ(busy_.answer().value().body.size(), huge_.body->size());
}

TEST_F(AllConnectionsAreBeingAnswered, ProbesGetThrough) {
    Client probe(server_->addresses()[0].port);
    probe.send(get("/healthz"));
    EXPECT_EQ(probe.answer().value().status, 200);
    EXPECT_TRUE(probe.closed_within(patience));
}

TEST_F(AllConnectionsAreBeingAnswered, ProbesGetThroughManyThatOnlyConnect) {
    std::vector<Client> silent;
    for (int i = 0; i < 100; ++i) {
        silent.emplace_back(server_->addresses()[0].port);
    }
    Client probe(server_->addresses()[0].port);
    probe.send(get("/healthz"));
    EXPECT_EQ(probe.answer().value().status, 200);
    EXPECT_LT(server_->connections(), 20U);
}

TEST(ConnectionLimit, PerAddressClosesItsLongestIdle) {
    const auto server = start_server(echo, {.max_connections_per_address = 2, .request_deadline = 60s});
    Client other(server->addresses()[0].port, "127.0.0.1", "127.0.0.2");
    ASSERT_TRUE(is_served(other));
    auto first = idle_client(*server);
    auto second = idle_client(*server);

    auto third = idle_client(*server);
    EXPECT_TRUE(first.closed_within(patience));
    EXPECT_TRUE(is_served(second));
    EXPECT_TRUE(is_served(third));
    EXPECT_TRUE(is_served(other)) << "other addresses' connections stay open";
}

TEST(ConnectionLimit, PerAddressAnswers429WhenAllAreBusy) {
    HugeAnswers huge;
    const auto server =
        start_server(huge.handler(), {.max_connections_per_address = 1, .request_deadline = 60s});
    Client busy(server->addresses()[0].port);
    busy.send(get("/huge"));
    ASSERT_TRUE(huge.were_asked_for());

    Client next(server->addresses()[0].port);
    next.send(get("/"));
    EXPECT_EQ(next.answer().value().status, 429);
    Client other(server->addresses()[0].port, "127.0.0.1", "127.0.0.2");
    other.send(get("/"));
    EXPECT_EQ(other.answer().value().status, 200);
}

/// A server that sends one response at a time.
std::unique_ptr<Server> server_of_one_answer(HugeAnswers& huge) {
    return start_server(huge.handler(),
                        {.max_answers = 1, .request_deadline = 60s, .is_probe = [](std::string_view path) {
                             return path == "/healthz";
                         }});
}

TEST(AnswerLimit, TellsTheNextClientToComeAgain) {
    HugeAnswers huge;
    const auto server = server_of_one_answer(huge);
    Client busy(server->addresses()[0].port);
    busy.send(get("/huge"));
    ASSERT_TRUE(huge.were_asked_for());

    Client next(server->addresses()[0].port);
    next.send(get("/metrics"));
    const auto answer = next.answer().value();
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.at("retry-after"), "1");
    next.send(get("/healthz"));
    EXPECT_EQ(next.answer().value().status, 200) << "the limit does not apply to probes";
}

TEST(AnswerLimit, CutsOffAClientThatStopsReading) {
    HugeAnswers huge;
    const auto server = server_of_one_answer(huge);
    Client stalled(server->addresses()[0].port);
    stalled.send(get("/huge"));
    ASSERT_TRUE(huge.were_asked_for());

    Client next(server->addresses()[0].port);
    EXPECT_TRUE(eventually([&] {
        next.send(get("/metrics"));
        return next.answer().value().status == 200;
    }));
    EXPECT_EQ(stalled.answer(), std::nullopt) << "the response was cut off";
}

TEST(ProbeAddress, ServesProbesAlone) {
    auto server = Server::start({.addresses = {{"127.0.0.1", 0}},
                                 .is_probe = [](std::string_view path) { return path == "/healthz"; },
                                 .probe_addresses = {{"127.0.0.1", 0}}},
                                echo)
                      .value();
    Client client(server->probe_addresses()[0].port);
    client.send(get("/healthz"));
    EXPECT_EQ(client.answer().value().body, "GET /healthz");
    client.send(get("/metrics"));
    EXPECT_EQ(client.answer().value().status, 404);
}

TEST(ProbeAddress, IsServedWhenTheOtherIsFull) {
    auto server = Server::start({.addresses = {{"127.0.0.1", 0}},
                                 .max_connections = 1,
                                 .request_deadline = 60s,
                                 .is_probe = [](std::string_view path) { return path == "/healthz"; },
                                 .probe_addresses = {{"127.0.0.1", 0}}},
                                echo)
                      .value();
    auto first = idle_client(*server);
    Client probe(server->probe_addresses()[0].port);
    probe.send(get("/healthz"));
    EXPECT_EQ(probe.answer().value().status, 200);
    EXPECT_TRUE(is_served(first)) << "probes take no other connection's slot";
}

/// While it exists, new file descriptors are available only after one of those open at its construction is
/// closed.
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
        ASSERT_TRUE(client.connect(server->addresses()[0].port));
        client.send(get("/"));
        const auto before = processor_time();
        EXPECT_FALSE(client.readable_within(400ms));
        EXPECT_LT(processor_time() - before, 60ms);
    }
    EXPECT_EQ(client.answer().value().status, 200);
}

TEST(AcceptErrors, WithoutDescriptorsTheLongestIdleIsClosed) {
    const auto server = start_server(echo, {.request_deadline = 60s});
    Client newcomer;
    auto first = idle_client(*server);
    auto second = idle_client(*server);

    const NoFileDescriptors shortage;
    ASSERT_TRUE(newcomer.connect(server->addresses()[0].port));
    EXPECT_TRUE(is_served(newcomer));
    EXPECT_TRUE(first.closed_within(patience));
    EXPECT_TRUE(is_served(second));
}

TEST(AcceptErrors, WithoutDescriptorsAProbeReplacesAnotherProbeFirst) {
    auto server = Server::start({.addresses = {{"127.0.0.1", 0}},
                                 .request_deadline = 60s,
                                 .is_probe = [](std::string_view) { return true; },
                                 .probe_addresses = {{"127.0.0.1", 0}}},
                                echo)
                      .value();
    Client newcomer;
    auto scraper = idle_client(*server);
    Client probe(server->probe_addresses()[0].port);
    ASSERT_TRUE(is_served(probe));

    const NoFileDescriptors shortage;
    ASSERT_TRUE(newcomer.connect(server->probe_addresses()[0].port));
    EXPECT_TRUE(is_served(newcomer));
    EXPECT_TRUE(probe.closed_within(patience));
    EXPECT_TRUE(is_served(scraper));
}

}  // namespace
}  // namespace exporter::http

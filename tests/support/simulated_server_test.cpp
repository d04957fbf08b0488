#include "support/simulated_harness.h"
#include "support/simulated_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace exporter::support {
namespace {

using ::testing::Contains;
using ::testing::Pair;
using ::testing::SizeIs;

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Well below any timeout of the HTTP library, with a margin for a busy machine.
constexpr auto promptly = milliseconds(800);

steady_clock::duration destruction_time(std::unique_ptr<SimulatedDatadog>& server) {
    const auto begin = steady_clock::now();
    server.reset();
    return steady_clock::now() - begin;
}

TEST(Server, EndsPromptlyWithConnectionsKeptAlive) {
    auto server = std::make_unique<SimulatedDatadog>(still_options(10));
    // Several clients: by the time the last one has its response, the server's other threads are waiting for
    // the next request.
    std::vector<std::unique_ptr<httplib::Client>> clients;
    for (int number = 0; number < 5; ++number) {
        auto& client = *clients.emplace_back(std::make_unique<httplib::Client>("127.0.0.1", server->port()));
        client.set_keep_alive(true);
        ASSERT_TRUE(client.Get(listing, key_headers()));
        ASSERT_TRUE(client.is_socket_open());
    }
    EXPECT_LT(destruction_time(server), promptly);
}

TEST(Server, EndsPromptlyWhileARequestWaitsOutItsLatency) {
    auto server = std::make_unique<SimulatedDatadog>(still_options(10));
    Faults faults;
    faults.latency = std::chrono::minutes(1);
    server->set_faults(faults);
    const auto waiting = std::async(std::launch::async, [port = server->port()] {
        httplib::Client client("127.0.0.1", port);
        (void)client.Get(listing, key_headers());
    });
    const auto limit = steady_clock::now() + std::chrono::seconds(10);
    while (server->requests() == 0 && steady_clock::now() < limit) {
        std::this_thread::yield();
    }
    ASSERT_EQ(server->requests(), 1U);
    EXPECT_LT(destruction_time(server), promptly);
}

TEST(Server, EndsPromptlyWithoutAnyRequest) {
    for (int round = 0; round < 20; ++round) {
        auto server = std::make_unique<SimulatedDatadog>(still_options(1));
        EXPECT_LT(destruction_time(server), promptly);
    }
}

TEST(Server, ThrowsIfThePortIsTaken) {
    const SimulatedDatadog server(still_options(1));
    auto options = still_options(1);
    options.port = server.port();
    EXPECT_THROW(SimulatedDatadog{std::move(options)}, std::runtime_error);
}

TEST(Server, ReleasesItsPort) {
    auto options = still_options(1);
    {
        const SimulatedDatadog server(options);
        options.port = server.port();
        httplib::Client client("127.0.0.1", options.port);
        ASSERT_TRUE(client.Get(listing, key_headers()));
    }
    const SimulatedDatadog again(options);
    EXPECT_EQ(again.port(), options.port);
    EXPECT_EQ(again.url(), "http://127.0.0.1:" + std::to_string(options.port));
}

TEST(Server, ManyRequestsShareOneConnection) {
    SimulatedDatadog server(still_options(10));
    httplib::Client client("127.0.0.1", server.port());
    client.set_keep_alive(true);
    std::atomic<int> connections = 0;
    client.set_socket_options([&](int /*socket*/) { ++connections; });
    for (int request = 0; request < 300; ++request) {
        ASSERT_TRUE(client.Get(listing, key_headers()));
    }
    EXPECT_EQ(connections, 1);
}

TEST(Server, RecordsWhatWasAskedOnTheWire) {
    Harness harness;
    harness.get(listing + "?page%5Bsize%5D=5",
                {{"User-Agent", "test/1"}, {"Authorization", "Bearer nothing"}});
    harness.get("/elsewhere");
    EXPECT_EQ(harness.server.requests(), 2U);
    const auto recorded = harness.server.recorded();
    ASSERT_THAT(recorded, SizeIs(2));
    EXPECT_EQ(recorded[0].target, listing + "?page%5Bsize%5D=5");
    EXPECT_THAT(recorded[0].headers, Contains(Pair("user-agent", "test/1")));
    EXPECT_THAT(recorded[0].headers, Contains(Pair("authorization", "Bearer nothing")));
    EXPECT_THAT(recorded[0].headers, ::testing::Not(Contains(Pair("remote_addr", ::testing::_))));
    EXPECT_EQ(recorded[1].target, "/elsewhere");
}

TEST(Server, RemembersTheLastThousandRequests) {
    Harness harness(still_options(1));
    for (int request = 0; request < 1005; ++request) {
        harness.get("/request/" + std::to_string(request), {});
    }
    const auto recorded = harness.server.recorded();
    ASSERT_THAT(recorded, SizeIs(1000));
    EXPECT_EQ(recorded.front().target, "/request/5");
    EXPECT_EQ(harness.server.requests(), 1005U);
}

TEST(Server, ServesSeveralClientsWhileTheOrganizationChanges) {
    SimulatedDatadog server(still_options(200));
    const auto read_pages = [&] {
        httplib::Client client("127.0.0.1", server.port());
        client.set_keep_alive(true);
        int answered = 0;
        for (int page = 0; page < 30; ++page) {
            const auto result =
                client.Get(listing + "?page[number]=" + std::to_string(page % 20), key_headers());
            answered += result && result->status == 200 ? 1 : 0;
        }
        return answered;
    };
    std::vector<std::future<int>> readers;
    readers.reserve(4);
    for (int reader = 0; reader < 4; ++reader) {
        readers.push_back(std::async(std::launch::async, read_pages));
    }
    for (int change = 0; change < 100; ++change) {
        server.with_organization([](demo::SimulatedOrganization& organization) {
            revoke(organization, organization.tokens().front().id);
            create(organization, organization.make_token(organization.now()));
        });
        server.set_faults({});
    }
    for (auto& reader : readers) {
        EXPECT_EQ(reader.get(), 30);
    }
}

}  // namespace
}  // namespace exporter::support

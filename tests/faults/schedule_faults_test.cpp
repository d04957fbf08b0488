// Clock jumps, endless listings, and organizations that poll concurrently.
#include "app/monitoring.h"
#include "faults/fault_server.h"
#include "faults/monitored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace exporter::faults {
namespace {

using namespace std::chrono_literals;
using datadog::ErrorKind;
using testing::HasSubstr;
using testing::Not;

class ClockStep : public testing::TestWithParam<std::chrono::seconds> {};

TEST_P(ClockStep, BetweenPollsChangesNoNumber) {
    FaultServer server;
    Monitored monitored(server.port());
    ASSERT_TRUE(monitored.poll());
    const auto before = monitored.snapshot();

    monitored.clock().wall_shift = GetParam();
    ASSERT_TRUE(monitored.poll()) << monitored.log();

    const auto after = monitored.snapshot();
    EXPECT_EQ(after.inventory->by_expiry, before.inventory->by_expiry);
    EXPECT_EQ(after.inventory->by_age, before.inventory->by_age);
    EXPECT_EQ(after.inventory->churn, inventory::Churn{});
    EXPECT_TRUE(after.statistics.listing->complete);
    EXPECT_LT(after.statistics.last_duration, slowest_poll);
    EXPECT_GE(after.statistics.last_duration.count(), 0);
}

INSTANTIATE_TEST_SUITE_P(Steps, ClockStep, testing::Values(-1h, -30s, 1h, 24h), [](const auto& test) {
    return (test.param < 0s ? "Back" : "Ahead") + std::to_string(std::chrono::abs(test.param).count()) +
           "Seconds";
});

/// Polls an endless listing with `tokens_a_page` tokens on each page and `pause` before each page.
///
/// @return the log of the polls
std::string expect_end_of_listing(std::size_t tokens_a_page, std::chrono::milliseconds pause,
                                  ErrorKind reason) {
    FaultServer server;
    Monitored monitored(server.port());
    EXPECT_TRUE(monitored.poll());
    const auto before = monitored.snapshot();
    server.set_fault([tokens_a_page, pause](support::RawConnection& connection, const Request& request) {
        std::this_thread::sleep_for(pause);
        const std::size_t first = request.page * tokens_a_page;
        connection.send(response("200 OK", page_json(first, first + tokens_a_page, "")));
        return Then::keep_alive;
    });
    const auto start = std::chrono::steady_clock::now();

    EXPECT_FALSE(monitored.poll());

    EXPECT_LT(std::chrono::steady_clock::now() - start, slowest_poll);
    EXPECT_EQ(monitored.failures(reason), 1U) << monitored.log();
    EXPECT_EQ(monitored.snapshot().inventory, before.inventory);
    server.set_fault(nullptr);
    EXPECT_TRUE(monitored.poll());
    return monitored.log();
}

TEST(EndlessListing, StopsAtThePollsDeadline) {
    const std::string log = expect_end_of_listing(1, 1ms, ErrorKind::timeout);

    EXPECT_THAT(log, HasSubstr("; pages so far: "));
    EXPECT_THAT(log, HasSubstr("pages kept coming until the poll timed out"));
    EXPECT_THAT(log, Not(HasSubstr("is slow"))) << "the API wasn't slow";
}

TEST(EndlessListing, StopsAtTheTokenLimit) {
    (void)expect_end_of_listing(1000, 0ms, ErrorKind::endless);
}

TEST(EndlessChunkSize, IsRefused) {
    FaultServer server;
    Monitored monitored(server.port());
    ASSERT_TRUE(monitored.poll());
    const auto before = monitored.snapshot();
    server.set_fault([](support::RawConnection& connection, const Request&) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        for (int piece = 0; piece < 1024 && connection.send(std::string(1 << 16, '0')); ++piece) {
        }
        return Then::close;
    });

    EXPECT_FALSE(monitored.poll());

    EXPECT_EQ(monitored.failures(ErrorKind::too_large), 1U) << monitored.log();
    EXPECT_LT(monitored.snapshot().statistics.last_duration, slowest_poll);
    EXPECT_EQ(monitored.snapshot().inventory, before.inventory);
    server.set_fault(nullptr);
    EXPECT_TRUE(monitored.poll());
}

config::Organization organization(const std::string& name, std::uint16_t port) {
    config::Organization organization;
    organization.name = name;
    organization.endpoint = {.tls = false, .host = "127.0.0.1", .port = port};
    organization.credentials.bearer_token = base::Secret(token);
    return organization;
}

/// Waits until the exposition contains this line. Returns the last exposition.
std::string wait_for(const app::Monitoring& monitoring, const std::string& line) {
    const auto limit = std::chrono::steady_clock::now() + slowest_poll;
    std::string text = monitoring.text();
    while (text.find(line) == std::string::npos && std::chrono::steady_clock::now() < limit) {
        std::this_thread::yield();
        text = monitoring.text();
    }
    return text;
}

TEST(TwoOrganizations, OneThatHangsDoesNotHoldUpTheOther) {
    FaultServer healthy;
    FaultServer hanging;
    hanging.set_fault([](support::RawConnection& connection, const Request&) {
        connection.hold();
        return Then::close;
    });
    config::Config config = small_config();
    config.poll.interval = 1s;
    config.organizations = {organization("hanging", hanging.port()), organization("healthy", healthy.port())};
    app::Log log(config.log, [](const std::string&) {});
    app::Monitoring monitoring(config, log);

    monitoring.start();
    const std::string early = wait_for(monitoring, "datadog_access_token_polls_total{org=\"healthy\"} 2\n");
    const std::string late = wait_for(
        monitoring, "datadog_access_token_poll_failures_total{org=\"hanging\",reason=\"timeout\"} 1\n");

    EXPECT_THAT(early, HasSubstr("datadog_access_token_polls_total{org=\"healthy\"} 2\n"));
    EXPECT_THAT(early, HasSubstr("datadog_access_token_polls_total{org=\"hanging\"} 0\n"));
    EXPECT_THAT(
        late, HasSubstr("datadog_access_token_poll_failures_total{org=\"hanging\",reason=\"timeout\"} 1\n"));
    EXPECT_THAT(late, HasSubstr("datadog_access_token_poll_success{org=\"healthy\"} 1\n"));
    EXPECT_THAT(late, Not(HasSubstr("datadog_access_tokens{org=\"hanging\"")));
    monitoring.stop();
}

}  // namespace
}  // namespace exporter::faults

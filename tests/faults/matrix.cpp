#include "faults/matrix.h"

#include "faults/monitored.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <ostream>

namespace exporter::faults {

namespace {

using testing::HasSubstr;

// The page size limit is 8 MiB, and the server that sends the fault runs in this process too.
// AddressSanitizer quarantines freed memory, by default up to 256 MB.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t most_memory = std::size_t{768} << 20;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::size_t most_memory = std::size_t{768} << 20;
#else
constexpr std::size_t most_memory = std::size_t{64} << 20;
#endif
#else
constexpr std::size_t most_memory = std::size_t{64} << 20;
#endif

std::uint64_t sum(const scan::Statistics& statistics) {
    return std::accumulate(statistics.failures.begin(), statistics.failures.end(), std::uint64_t{0});
}

void expect_healthy(Monitored& monitored) {
    ASSERT_TRUE(monitored.poll()) << monitored.log();
    const auto snapshot = monitored.snapshot();
    EXPECT_EQ(snapshot.inventory->tokens, healthy_tokens);
    EXPECT_TRUE(snapshot.statistics.listing->complete);
}

void expect_failure(Monitored& monitored, datadog::ErrorKind reason) {
    const auto before = monitored.snapshot();

    EXPECT_FALSE(monitored.poll());

    const auto after = monitored.snapshot();
    EXPECT_EQ(after.inventory, before.inventory) << "the last good inventory must stay";
    EXPECT_EQ(sum(after.statistics), 1U);
    EXPECT_EQ(after.statistics.failures[static_cast<std::size_t>(reason)], 1U) << monitored.log();
    EXPECT_FALSE(after.statistics.last_poll_succeeded);
    EXPECT_EQ(after.statistics.last_success, before.statistics.last_success);
    EXPECT_THAT(monitored.log(), HasSubstr(std::string("reason=") + std::string(label(reason))));
    EXPECT_THAT(monitored.log(), HasSubstr("hint="));
}

void expect_published(Monitored& monitored, const Row& row) {
    ASSERT_TRUE(monitored.poll()) << monitored.log();

    const auto snapshot = monitored.snapshot();
    EXPECT_EQ(snapshot.inventory->tokens, row.tokens);
    EXPECT_EQ(snapshot.statistics.listing->complete, row.complete) << monitored.log();
    EXPECT_EQ(sum(snapshot.statistics), 0U);
}

}  // namespace

void PrintTo(const Row& row, std::ostream* out) {
    *out << row.name;
}

void check(const Row& row) {
    FaultServer server;
    Monitored monitored(server.port());
    expect_healthy(monitored);
    const std::size_t memory_before = peak_memory();
    server.set_fault(row.fault);
    const auto start = std::chrono::steady_clock::now();

    if (row.reason) {
        expect_failure(monitored, *row.reason);
    } else {
        expect_published(monitored, row);
    }

    EXPECT_LT(std::chrono::steady_clock::now() - start, slowest_poll);
    EXPECT_LT(peak_memory() - memory_before, most_memory);
    EXPECT_EQ(server.requests(), row.requests);
    server.set_fault(nullptr);
    monitored.clock().steady_shift = row.lasts;
    expect_healthy(monitored);
}

Fault always(std::string bytes, Then then) {
    return [bytes = std::move(bytes), then](support::RawConnection& connection, const Request&) {
        connection.send(bytes);
        return then;
    };
}

Fault on_page(std::size_t page, std::string bytes, Then then) {
    return
        [page, bytes = std::move(bytes), then](support::RawConnection& connection, const Request& request) {
            if (request.page != page) {
                return Then::answer_well;
            }
            connection.send(bytes);
            return then;
        };
}

Fault at_first(std::string bytes, Then then) {
    return [bytes = std::move(bytes), then](support::RawConnection& connection, const Request& request) {
        if (request.number > 0) {
            return Then::answer_well;
        }
        connection.send(bytes);
        return then;
    };
}

}  // namespace exporter::faults

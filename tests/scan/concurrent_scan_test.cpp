// Concurrent page requests: faster, but with the same result as sequential ones.
#include "scan/simulated_network.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace exporter::scan {
namespace {

using datadog::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string id_of(std::size_t number) {
    return fmt::format("token-{}", number);
}

/// Page `number` of a static listing of `tokens` tokens.
datadog::Answer page_of(std::size_t tokens, std::size_t number, std::size_t size) {
    PageBuilder builder;
    builder.total(tokens);
    for (std::size_t i = number * size; i < std::min(tokens, (number + 1) * size); ++i) {
        builder.token(id_of(i));
    }
    return page_answer(builder);
}

/// A listing with many faults, fully determined by its seed. A page's content and faults depend on its
/// number, on which reading it is, and on how often the reading has requested it, but never on the time.
class OddListing {
  public:
    explicit OddListing(unsigned seed) : seed_(seed) {
        std::mt19937 random(seed);
        tokens_ = random() % 60;
        has_total_ = random() % 4 != 0;
        fault_percent_ = random() % 3 == 0 ? 0 : static_cast<unsigned>(random() % 25);
        churn_percent_ = random() % 2 == 0 ? 0 : static_cast<unsigned>(random() % 15);
    }

    /// @param reading number of the current reading
    datadog::Answer page(int reading, std::size_t number, std::size_t size) {
        const std::size_t times = ++asked_[{reading, number}];
        std::seed_seq seed{seed_, static_cast<unsigned>(reading), static_cast<unsigned>(number),
                           static_cast<unsigned>(times)};
        std::mt19937 random(seed);
        if (random() % 100 < fault_percent_) {
            return fault(random);
        }
        // As under churn: a different total, tokens listed before, and unreadable ones.
        const bool odd = random() % 100 < churn_percent_;
        const std::size_t tokens = tokens_ + (odd ? random() % 3 : 0);
        const std::size_t shift = odd && number > 0 ? random() % 2 : 0;
        PageBuilder builder;
        for (std::size_t i = number * size; i < std::min(tokens, (number + 1) * size); ++i) {
            builder.token(id_of(i - shift));
        }
        if (has_total_) {
            builder.total(tokens);
        }
        return page_answer(builder.unreadable_tokens(odd && random() % 4 == 0 ? 1 : 0));
    }

  private:
    static datadog::Answer fault(std::mt19937& random) {
        switch (random() % 12) {
            case 0:
                return error_answer(ErrorKind::forbidden, 403);
            case 1:
            case 2:
                return error_answer(ErrorKind::rate_limited, 429, seconds(1));
            case 3:
            case 4:
            case 5:
                return error_answer(ErrorKind::timeout, 0);
            default:
                return error_answer(ErrorKind::server_error, 503);
        }
    }

    unsigned seed_;
    std::size_t tokens_;
    bool has_total_;
    unsigned fault_percent_;
    unsigned churn_percent_;
    std::map<std::pair<int, std::size_t>, std::size_t> asked_;  ///< number of requests, by reading and page
};

struct Outcome {
    std::optional<Listing> listing;
    std::optional<ErrorKind> error;
    std::vector<std::string> published;
};

Outcome outcome_of(const datadog::Result<Listing>& result, const RecordingSink& sink) {
    return {result ? std::optional(*result) : std::nullopt,
            result ? std::nullopt : std::optional(result.error().kind), sink.published};
}

/// Has enough time for every retry, because concurrency changes the timing.
ScanFixture patient_fixture(std::size_t page_size) {
    ScanFixture fixture;
    fixture.options.page_size = page_size;
    fixture.options.max_retries_per_poll = 1000;
    fixture.timeout = std::chrono::hours(24);
    return fixture;
}

TEST(ConcurrentScan, MatchesASequentialScan) {
    std::array<int, 3> seen{};  // complete, incomplete, failed
    for (unsigned round = 0; round < 1000; ++round) {
        std::mt19937 random(round);
        const std::size_t page_size = 1 + random() % 7;
        ScanFixture sequential = patient_fixture(page_size);
        OddListing listing(round);
        sequential.source.respond = [&](std::size_t number) {
            return listing.page(sequential.sink.begins, number, page_size);
        };
        ScanFixture concurrent = patient_fixture(page_size);
        concurrent.options.concurrency = 2 + random() % 8;
        OddListing same(round);
        SimulatedNetwork network(concurrent.clock, random, [&](std::size_t number) {
            return same.page(concurrent.sink.begins, number, page_size);
        });

        const Outcome expected = outcome_of(sequential.run(), sequential.sink);
        const Outcome found = outcome_of(network.run(concurrent), concurrent.sink);

        ASSERT_EQ(found.error, expected.error) << "round " << round;
        ASSERT_EQ(found.published, expected.published) << "round " << round;
        if (expected.listing) {
            ASSERT_EQ(found.listing->complete, expected.listing->complete) << "round " << round;
            ASSERT_EQ(found.listing->tokens, expected.listing->tokens) << "round " << round;
            ASSERT_EQ(found.listing->duplicates, expected.listing->duplicates) << "round " << round;
            ASSERT_EQ(found.listing->reported_tokens, expected.listing->reported_tokens) << "round " << round;
        }
        ++seen[expected.error ? 2 : expected.listing->complete ? 0 : 1];
    }
    // All three outcomes must have occurred.
    EXPECT_GT(seen[0], 200);
    EXPECT_GT(seen[1], 50);
    EXPECT_GT(seen[2], 50);
}

/// A network with the same latency for every request.
SimulatedNetwork steady_network(FakeClock& clock, milliseconds latency, SimulatedNetwork::Respond respond) {
    return {clock, std::move(respond), [latency] { return latency / 2; }};
}

TEST(ConcurrentScan, TakesOneRoundTripPerBatchOfPages) {
    ScanFixture fixture;
    fixture.options = {.page_size = 100, .concurrency = 8};
    auto network = steady_network(fixture.clock, milliseconds(100),
                                  [](std::size_t number) { return page_of(100'000, number, 100); });
    const auto start = fixture.clock.steady_now();

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    EXPECT_EQ(listing->tokens, 100'000U);
    // The first two pages are requested alone, the other 999 eight at a time.
    EXPECT_EQ(fixture.clock.steady_now() - start, milliseconds(100) * (2 + 125));
}

TEST(ConcurrentScan, RequestsEachPageOnceWithinTheConcurrencyLimit) {
    ScanFixture fixture;
    fixture.options = {.page_size = 10, .concurrency = 4};
    std::mt19937 random(5);
    SimulatedNetwork network(fixture.clock, random,
                             [](std::size_t number) { return page_of(455, number, 10); });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    EXPECT_EQ(network.requests, 46U);
    EXPECT_EQ(network.most_under_way, 4U);
}

TEST(ConcurrentScan, WithoutATotalItGoesOneByOne) {
    ScanFixture fixture;
    fixture.options = {.page_size = 2, .concurrency = 8};
    std::mt19937 random(5);
    SimulatedNetwork network(fixture.clock, random, [](std::size_t number) {
        return number < 5 ? page_answer(PageBuilder().token(id_of(2 * number)).token(id_of(2 * number + 1)))
                          : page_answer(PageBuilder());
    });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    EXPECT_EQ(network.most_under_way, 1U);
}

TEST(ConcurrentScan, AnAbsurdTotalCausesNoRequestBeyondAnEmptyPage) {
    ScanFixture fixture;
    fixture.options = {.page_size = 2, .concurrency = 4, .max_attempts = 1};
    std::mt19937 random(5);
    SimulatedNetwork network(fixture.clock, random, [](std::size_t number) {
        PageBuilder page;
        page.total(UINT64_MAX);
        return page_answer(number == 0 ? page.token("a").token("b") : page);
    });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing);
    EXPECT_FALSE(listing->complete);
    EXPECT_EQ(network.requests, 2U);
}

TEST(ConcurrentScan, StopsAtAForbiddenPage) {
    ScanFixture fixture;
    fixture.options = {.page_size = 10, .concurrency = 4};
    auto network = steady_network(fixture.clock, milliseconds(100), [](std::size_t number) {
        return number == 3 ? error_answer(ErrorKind::forbidden, 403) : page_of(10'000, number, 10);
    });

    const auto listing = network.run(fixture);

    ASSERT_FALSE(listing);
    EXPECT_EQ(listing.error().kind, ErrorKind::forbidden);
    EXPECT_EQ(listing.error().message, "page 3: scripted");
    EXPECT_LE(network.requests, 8U);
}

/// The API's rate limit: windows aligned to the clock, and a reset time in whole seconds.
class SimulatedLimit {
  public:
    SimulatedLimit(FakeClock& clock, std::int64_t limit, seconds period)
        : clock_(clock), limit_(limit), period_(period) {}

    datadog::Answer operator()(datadog::Answer answer) {
        const auto second = std::chrono::floor<seconds>(clock_.now()).time_since_epoch();
        if (second / period_ != window_) {
            window_ = second / period_;
            used_ = 0;
        }
        const bool allowed = used_ < limit_;
        used_ += allowed ? 1 : 0;
        const seconds reset = period_ - second % period_;
        datadog::Answer given =
            allowed ? std::move(answer) : error_answer(ErrorKind::rate_limited, 429, reset);
        given.exchange.rate_limit = {
            .limit = limit_, .remaining = limit_ - used_, .period = period_, .reset = reset};
        return given;
    }

  private:
    FakeClock& clock_;
    std::int64_t limit_;
    seconds period_;
    std::int64_t window_ = -1;
    std::int64_t used_ = 0;
};

TEST(ConcurrentScan, UsesUpTheRateLimitWithoutA429) {
    ScanFixture fixture;
    fixture.options = {.page_size = 10, .concurrency = 8};
    fixture.timeout = seconds(600);
    fixture.budget = RateBudget(0);
    SimulatedLimit limit(fixture.clock, 100, seconds(10));
    std::mt19937 random(11);
    SimulatedNetwork network(fixture.clock, random,
                             [&](std::size_t number) { return limit(page_of(10'000, number, 10)); });
    const auto start = fixture.clock.steady_now();

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    EXPECT_EQ(fixture.statistics.requests.count(429), 0U);
    // 1,001 requests need ten more windows after the first one.
    EXPECT_LT(fixture.clock.steady_now() - start, milliseconds(100'000) * 11 / 10);
}

TEST(ConcurrentScan, WaitsForTheLongerOfTwoPauses) {
    ScanFixture fixture;
    fixture.options = {.page_size = 1, .concurrency = 4};
    std::vector<seconds> asked;
    const auto start = fixture.clock.steady_now();
    auto network = steady_network(fixture.clock, milliseconds(10), [&](std::size_t number) {
        asked.push_back(std::chrono::floor<seconds>(fixture.clock.steady_now() - start));
        const bool refused = asked.size() == 3 || asked.size() == 4;
        return refused ? error_answer(ErrorKind::rate_limited, 429, seconds(asked.size() == 3 ? 60 : 5))
                       : page_of(9, number, 1);
    });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    // Requests in the first second were already in flight when the first 429 arrived.
    asked.erase(std::remove(asked.begin(), asked.end(), seconds(0)), asked.end());
    ASSERT_GE(asked.size(), 2U);
    EXPECT_GE(asked.front(), seconds(60));
}

TEST(ConcurrentScan, SlowsDownOnPushbackAndRecovers) {
    ScanFixture fixture;
    fixture.options = {.page_size = 1, .concurrency = 8};
    fixture.timeout = seconds(600);
    std::size_t requests = 0;
    std::size_t lowest = 8;
    auto network = steady_network(fixture.clock, milliseconds(10), [&](std::size_t number) {
        ++requests;
        lowest = std::min(lowest, fixture.pace.limit());
        return requests >= 20 && requests < 24 ? error_answer(ErrorKind::server_error, 503)
                                               : page_of(400, number, 1);
    });

    const auto listing = network.run(fixture);

    ASSERT_TRUE(listing && listing->complete);
    EXPECT_LE(lowest, 4U);
    EXPECT_EQ(fixture.pace.limit(), 8U);
}

}  // namespace
}  // namespace exporter::scan

#include "scan/poller.h"

#include "scan/fakes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace exporter::scan {
namespace {

using datadog::ErrorKind;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

class RecordingObserver final : public Recording<PollObserver> {
  public:
    void poll_finished(const Statistics& seen) override {
        polls.push_back(seen);
        statistics = seen;
        if (on_poll) {
            on_poll();
        }
    }
    void became_stale(const Statistics&) override { ++stale; }
    std::optional<PollerChange> take_change() override { return std::exchange(change, std::nullopt); }

    std::optional<PollerChange> change;
    std::vector<Statistics> polls;  ///< as reported after each poll
    Statistics statistics;
    int stale = 0;
    std::function<void()> on_poll;
};

struct PollerFixture {
    FakeClock clock;
    Randomness randomness = always(0.5);
    FakeSource source;
    RecordingObserver observer;
    PollerOptions options{.scan = {.page_size = 2},
                          .interval = minutes(5),
                          .timeout = minutes(2),
                          .stale_after = std::chrono::hours(1)};

    Poller poller() { return {options, clock, randomness, observer}; }
    bool poll(Poller& poller) { return support::poll(poller, source, clock); }

    void answer_well() {
        source.respond = [](std::size_t) { return page_answer(PageBuilder().token("a").total(1)); };
    }
    void answer_with(ErrorKind kind, std::optional<seconds> retry_after = std::nullopt) {
        source.respond = [=](std::size_t) { return error_answer(kind, 403, retry_after); };
    }

    /// Drives the poller until it has polled `polls` times.
    void run_polls(Poller& poller, std::size_t polls) {
        observer.on_poll = [this] { poll_times.push_back(clock.steady_now()); };
        support::drive(poller, source, clock, [&] { return observer.polls.size() >= polls; });
    }
    std::vector<SteadyTime> poll_times;
};

TEST(Poller, APublishedListingIsASuccess) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    const auto start = fixture.clock.now();

    fixture.poll(poller);

    ASSERT_EQ(fixture.observer.polls.size(), 1U);
    EXPECT_FALSE(fixture.observer.polls[0].last_error);
    EXPECT_EQ(fixture.observer.polls[0].listing->tokens, 1U);
    const Statistics& statistics = fixture.observer.statistics;
    EXPECT_EQ(statistics.polls, 1U);
    EXPECT_TRUE(statistics.last_poll_succeeded);
    EXPECT_EQ(statistics.last_success, start);
    EXPECT_EQ(statistics.last_attempt, start);
    EXPECT_EQ(statistics.last_pages, 1U);
    EXPECT_EQ(statistics.listing->tokens, 1U);
}

TEST(Poller, CountsAFailureByReasonAndKeepsTheListing) {
    PollerFixture fixture;
    Poller poller = fixture.poller();
    fixture.answer_well();
    fixture.poll(poller);
    const auto success = fixture.observer.statistics.last_success;
    fixture.clock.advance(minutes(5));
    fixture.answer_with(ErrorKind::forbidden);

    fixture.poll(poller);

    const Statistics& statistics = fixture.observer.statistics;
    EXPECT_EQ(statistics.polls, 2U);
    EXPECT_EQ(statistics.failures[static_cast<std::size_t>(ErrorKind::forbidden)], 1U);
    EXPECT_FALSE(statistics.last_poll_succeeded);
    EXPECT_EQ(statistics.last_success, success);
    EXPECT_EQ(statistics.last_attempt, fixture.clock.now());
    EXPECT_EQ(statistics.listing->tokens, 1U);
}

TEST(Poller, CountsFailuresInARowUntilAPollSucceeds) {
    PollerFixture fixture;
    Poller poller = fixture.poller();
    fixture.answer_with(ErrorKind::forbidden);
    fixture.poll(poller);
    fixture.poll(poller);
    fixture.answer_well();
    fixture.poll(poller);
    fixture.poll(poller);

    std::vector<std::uint64_t> in_a_row;
    for (const Statistics& after : fixture.observer.polls) {
        in_a_row.push_back(after.failures_in_a_row);
    }
    EXPECT_THAT(in_a_row, ElementsAre(1U, 2U, 0U, 0U));
}

TEST(Poller, AnExceptionBelowIsAFailedPollAndNotTheEnd) {
    PollerFixture fixture;
    fixture.answer_well();
    fixture.observer.on_add = [] { throw std::runtime_error("broken"); };
    Poller poller = fixture.poller();

    fixture.poll(poller);

    ASSERT_EQ(fixture.observer.polls.size(), 1U);
    EXPECT_EQ(fixture.observer.polls[0].last_error->kind, ErrorKind::internal);
    EXPECT_EQ(fixture.observer.statistics.failures[static_cast<std::size_t>(ErrorKind::internal)], 1U);
}

TEST(Poller, WaitsForPendingRequestsAfterAnException) {
    PollerFixture fixture;
    fixture.options.scan = {.page_size = 1, .concurrency = 2};
    Poller poller = fixture.poller();
    ASSERT_TRUE(std::get<Fetch>(poller.next()).begins_poll);
    poller.answered(0, page_answer(PageBuilder().token("a").total(9)));
    ASSERT_EQ(std::get<Fetch>(poller.next()).page, 1U);
    poller.answered(1, page_answer(PageBuilder().token("b").total(9)));
    ASSERT_EQ(std::get<Fetch>(poller.next()).page, 2U);
    ASSERT_EQ(std::get<Fetch>(poller.next()).page, 3U);
    fixture.observer.on_add = [] { throw std::runtime_error("broken"); };

    poller.answered(2, page_answer(PageBuilder().token("c").total(9)));
    fixture.clock.advance(std::chrono::hours(1));

    EXPECT_EQ(std::get<SteadyTime>(poller.next()), SteadyTime::max());
    poller.answered(3, page_answer(PageBuilder().token("d").total(9)));
    EXPECT_TRUE(std::get<Fetch>(poller.next()).begins_poll);
    EXPECT_EQ(poller.statistics().polls, 1U);
}

TEST(Poller, PollsOneIntervalFromStartToStart) {
    PollerFixture fixture;
    fixture.source.respond = [&](std::size_t) {
        fixture.clock.advance(seconds(20));
        return page_answer(PageBuilder().token("a").total(1));
    };
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 3);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], minutes(5));
    EXPECT_EQ(fixture.poll_times[2] - fixture.poll_times[1], minutes(5));
}

TEST(Poller, StartsTheNextPollAtOnceAfterAnOverlongOne) {
    PollerFixture fixture;
    fixture.options.interval = seconds(10);
    fixture.source.respond = [&](std::size_t) {
        fixture.clock.advance(seconds(30));
        return page_answer(PageBuilder().token("a").total(1));
    };
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 3);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], seconds(30));
}

/// Added to each reset. The fixture's randomness always returns one half.
constexpr std::chrono::milliseconds half_of_the_jitter{500};

TEST(Poller, TheNextPollWaitsForTheRateLimitsReset) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::rate_limited, seconds(3600));
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], seconds(3600) + half_of_the_jitter);
}

TEST(Poller, StaysOnScheduleAfterAOneSecondRetryAfter) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::forbidden, seconds(1));
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], fixture.options.interval);
}

TEST(Poller, IgnoresARetryAfterOfZero) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::forbidden, seconds(0));
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], fixture.options.failure_backoff * 3 / 4);
}

TEST(Poller, CapsThePauseThatAServerRequests) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::rate_limited, std::chrono::hours(24));
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], seconds(3660) + half_of_the_jitter);
}

TEST(Poller, FailingPollsBackOffUpToTheInterval) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::forbidden);
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 8);

    // Three quarters of 10 s, 20 s, 40 s … 300 s: backoff is random between half and all of that, and the
    // fixture's randomness is in the middle.
    std::vector<double> pauses;
    for (std::size_t i = 1; i < fixture.poll_times.size(); ++i) {
        pauses.push_back(
            std::chrono::duration<double>(fixture.poll_times[i] - fixture.poll_times[i - 1]).count());
    }
    EXPECT_THAT(pauses, ElementsAre(7.5, 15, 30, 60, 120, 225, 225));
}

/// One new token on each page, which takes a second.
void list_without_end(PollerFixture& fixture) {
    fixture.source.respond = [&fixture](std::size_t number) {
        fixture.clock.advance(seconds(1));
        return page_answer(PageBuilder().token(std::to_string(number)));
    };
}

TEST(Poller, RepeatsAnEndlessListingNoSoonerThanAGoodOne) {
    for (const std::size_t most_pages : {std::size_t{50}, std::size_t{100'000}}) {
        PollerFixture fixture;
        fixture.options.scan.max_pages = most_pages;
        list_without_end(fixture);
        Poller poller = fixture.poller();

        fixture.run_polls(poller, 3);

        EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], minutes(5)) << most_pages;
        EXPECT_EQ(fixture.poll_times[2] - fixture.poll_times[1], minutes(5)) << most_pages;
    }
}

TEST(Poller, PausesAfterAnEndlessListingThatOutlastsTheInterval) {
    PollerFixture fixture;
    fixture.options.interval = minutes(1);
    list_without_end(fixture);
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_GE(fixture.poll_times[1] - fixture.poll_times[0], fixture.options.timeout + seconds(30));
}

/// Fifty readable pages, then a bad one: either its rows are unreadable, or it isn't a list of tokens.
void list_up_to_a_bad_page(PollerFixture& fixture, bool has_rows) {
    fixture.source.respond = [&fixture, has_rows](std::size_t number) {
        PageBuilder page;
        page.total(1000);
        if (number < 50 || (fixture.observer.polls.empty() && number < 500)) {
            page.token(fmt::format("{}", 2 * number)).token(fmt::format("{}", 2 * number + 1));
        } else if (number < 500) {
            return has_rows ? page_answer(page.unreadable_tokens(2)) : error_answer(ErrorKind::bad_page, 200);
        }
        return page_answer(page);
    };
}

TEST(Poller, RepeatsAListingCutByABadPageNoSoonerThanAGoodOne) {
    for (const bool has_rows : {true, false}) {
        PollerFixture fixture;
        list_up_to_a_bad_page(fixture, has_rows);
        Poller poller = fixture.poller();

        fixture.run_polls(poller, 4);

        ASSERT_FALSE(fixture.observer.polls[0].last_error);
        ASSERT_EQ(fixture.observer.polls[1].last_error->kind, ErrorKind::bad_page);
        EXPECT_EQ(fixture.poll_times[2] - fixture.poll_times[1], minutes(5)) << has_rows;
        EXPECT_EQ(fixture.poll_times[3] - fixture.poll_times[2], minutes(5)) << has_rows;
    }
}

TEST(Poller, ABadFirstPageIsAskedForAgainSoonerThanTheInterval) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::bad_page);
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_LT(fixture.poll_times[1] - fixture.poll_times[0], minutes(5));
}

TEST(Poller, NeverWaitsLongerThanTheIntervalForAFailure) {
    PollerFixture fixture;
    fixture.options.interval = seconds(2);
    fixture.randomness = always(0.999);
    fixture.answer_with(ErrorKind::forbidden);
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 60);

    for (std::size_t i = 1; i < fixture.poll_times.size(); ++i) {
        EXPECT_LE(fixture.poll_times[i] - fixture.poll_times[i - 1], seconds(2)) << i;
        EXPECT_GE(fixture.poll_times[i] - fixture.poll_times[i - 1], seconds(1)) << i;
    }
}

TEST(Poller, RecoversAtOnce) {
    PollerFixture fixture;
    std::size_t requests = 0;
    fixture.source.respond = [&](std::size_t) {
        return requests++ < 3 ? error_answer(ErrorKind::forbidden, 403)
                              : page_answer(PageBuilder().token("a").total(1));
    };
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 5);

    EXPECT_LT(fixture.poll_times[3] - fixture.poll_times[0], minutes(1));
    EXPECT_EQ(fixture.poll_times[4] - fixture.poll_times[0], minutes(5)) << "it returns to its schedule";
}

TEST(Poller, TheBudgetOutlivesThePoll) {
    PollerFixture fixture;
    fixture.source.respond = [](std::size_t) {
        auto answer = page_answer(PageBuilder().token("a").total(1));
        answer.exchange.rate_limit = {.limit = 100, .remaining = 10, .reset = seconds(30)};
        return answer;
    };
    Poller poller = fixture.poller();
    fixture.poll(poller);
    ASSERT_TRUE(fixture.clock.waits.empty());

    fixture.poll(poller);

    EXPECT_THAT(fixture.clock.waits, ElementsAre(seconds(30) + std::chrono::milliseconds(500)));
}

TEST(Poller, SaysOnceWhenTheInventoryBecomesStale) {
    PollerFixture fixture;
    fixture.options.stale_after = minutes(12);
    fixture.options.failure_backoff = fixture.options.interval;
    fixture.randomness = always(1);
    std::size_t requests = 0;
    fixture.source.respond = [&](std::size_t) {
        return requests++ == 0 ? page_answer(PageBuilder().token("a").total(1))
                               : error_answer(ErrorKind::forbidden, 403);
    };
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 3);
    EXPECT_EQ(fixture.observer.stale, 0);
    fixture.observer.polls.clear();
    fixture.run_polls(poller, 5);
    EXPECT_EQ(fixture.observer.stale, 1);
}

TEST(Poller, ASuccessInTimeIsNeverStale) {
    PollerFixture fixture;
    fixture.options.stale_after = minutes(5);
    fixture.answer_well();
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 4);

    EXPECT_EQ(fixture.observer.stale, 0);
}

/// Which of five polls published. The first lists `first` of `total` tokens, the others 1 of 50.
std::vector<bool> published_with(PollerFixture& fixture, std::size_t first, std::uint64_t total) {
    fixture.options.scan = {.page_size = 100, .max_attempts = 1};
    fixture.source.respond = [&, first_poll = true](std::size_t number) mutable {
        PageBuilder page;
        page.total(first_poll ? total : 50);
        for (std::size_t i = 0; number == 0 && i < (first_poll ? first : 1); ++i) {
            page.token(std::to_string(i));
        }
        first_poll = first_poll && number == 0 && first < total;
        return page_answer(page);
    };
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 5);
    std::vector<bool> published;
    for (const Statistics& after : fixture.observer.polls) {
        published.push_back(!after.last_error);
    }
    return published;
}

TEST(Poller, PublishesAShortListingBeforeGoingStale) {
    PollerFixture fixture;
    fixture.options.stale_after = minutes(12);

    // Polls at 0, 5, 10, 15 and 20 minutes. By 15 minutes the first listing would have become stale.
    EXPECT_THAT(published_with(fixture, 50, 50), ElementsAre(true, false, true, true, true));
    EXPECT_EQ(fixture.poll_times.at(2) - fixture.poll_times.at(1), minutes(5))
        << "a failure must not bring the next poll forward";
    EXPECT_EQ(fixture.observer.stale, 0);
}

TEST(Poller, DoesNotReplaceANearlyCompleteListing) {
    PollerFixture fixture;

    EXPECT_THAT(published_with(fixture, 49, 50), ElementsAre(true, false, false, false, false));
}

TEST(Poller, ReplacesAShortListing) {
    PollerFixture fixture;

    EXPECT_THAT(published_with(fixture, 10, 50), ElementsAre(true, true, true, true, true));
}

TEST(Poller, ACancelledPollIsNoFailure) {
    PollerFixture fixture;
    fixture.source.respond = [](std::size_t) { return error_answer(ErrorKind::cancelled, 0); };
    Poller poller = fixture.poller();

    EXPECT_FALSE(fixture.poll(poller));

    EXPECT_TRUE(fixture.observer.polls.empty());
    EXPECT_EQ(poller.statistics().polls, 0U);
}

TEST(Poller, PausesAfterAFailedPollThatOutlastsTheInterval) {
    PollerFixture fixture;
    fixture.options.interval = minutes(1);
    fixture.source.respond = [&fixture](std::size_t) {
        fixture.clock.advance(minutes(2));
        return error_answer(ErrorKind::forbidden, 403);
    };
    Poller poller = fixture.poller();

    fixture.run_polls(poller, 2);

    EXPECT_GT(fixture.poll_times[1] - fixture.poll_times[0], minutes(2) + seconds(5));
}

TEST(Poller, CountsAnObserverFailureAndContinues) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    fixture.observer.on_poll = [] { throw std::bad_alloc(); };
    fixture.poll(poller);
    fixture.observer.on_poll = nullptr;

    fixture.poll(poller);

    EXPECT_EQ(fixture.observer.statistics.polls, 2U);
    EXPECT_EQ(fixture.observer.statistics.failures[static_cast<std::size_t>(ErrorKind::internal)], 1U);
    EXPECT_TRUE(fixture.observer.statistics.last_poll_succeeded);
}

TEST(Poller, DoesNotPollSoonerAfterAnObserverFailure) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    std::vector<SteadyTime> polls;
    fixture.observer.on_poll = [&] {
        polls.push_back(fixture.clock.steady_now());
        throw std::bad_alloc();
    };

    support::drive(poller, fixture.source, fixture.clock, [&] { return polls.size() >= 3; });

    EXPECT_EQ(polls[1] - polls[0], minutes(5));
    EXPECT_EQ(polls[2] - polls[1], minutes(5));
}

TEST(Poller, ANewIntervalMovesTheNextPoll) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 1);
    PollerOptions shorter = fixture.options;
    shorter.interval = minutes(1);
    fixture.observer.change = {.options = shorter};

    fixture.run_polls(poller, 3);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], minutes(1));
    EXPECT_EQ(fixture.poll_times[2] - fixture.poll_times[1], minutes(1));
    EXPECT_EQ(fixture.observer.statistics.interval, minutes(1));
}

TEST(Poller, ANewPhaseAloneMovesNothing) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 1);
    PollerOptions other = fixture.options;
    other.phase = minutes(2);
    fixture.observer.change = {.options = other};

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], minutes(5));
}

TEST(Poller, ANewIntervalDoesNotShortenARetryPause) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::rate_limited, seconds(3600));
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 1);
    PollerOptions shorter = fixture.options;
    shorter.interval = minutes(1);
    fixture.observer.change = {.options = shorter};

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1] - fixture.poll_times[0], seconds(3600) + half_of_the_jitter);
}

TEST(Poller, AChangeCanBringTheNextPollAtOnce) {
    PollerFixture fixture;
    fixture.answer_with(ErrorKind::forbidden, seconds(3600));
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 1);
    fixture.observer.change = {.options = fixture.options, .poll_now = true};

    fixture.run_polls(poller, 2);

    EXPECT_EQ(fixture.poll_times[1], fixture.poll_times[0]);
}

TEST(Poller, AChangeDuringAPollHoldsFromTheNextOneOn) {
    PollerFixture fixture;
    PollerOptions smaller = fixture.options;
    smaller.scan.max_tokens = 1;
    fixture.source.respond = [&, first = true](std::size_t number) mutable {
        if (std::exchange(first, false)) {
            fixture.observer.change = {.options = smaller};
        }
        return page_answer(number == 0 ? PageBuilder().token("a").token("b").total(2)
                                       : PageBuilder().total(2));
    };
    Poller poller = fixture.poller();

    EXPECT_TRUE(fixture.poll(poller)) << "the next poll's limit applied to this one";
    EXPECT_FALSE(fixture.poll(poller));

    EXPECT_EQ(fixture.observer.statistics.last_error->kind, ErrorKind::endless);
}

TEST(Poller, AShorterTimeToStalenessCountsFromTheLastSuccess) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    fixture.run_polls(poller, 1);
    const SteadyTime success = fixture.clock.steady_now();
    PollerOptions shorter = fixture.options;
    shorter.stale_after = minutes(2);
    fixture.observer.change = {.options = shorter};

    const Next next = poller.next();

    EXPECT_EQ(std::get<SteadyTime>(next), success + minutes(2));
}

TEST(Poller, IsMovingUntilAPollIsLongOverdue) {
    PollerFixture fixture;
    fixture.answer_well();
    Poller poller = fixture.poller();
    EXPECT_TRUE(poller.moving());

    fixture.poll(poller);
    fixture.clock.advance(minutes(7));
    EXPECT_TRUE(poller.moving()) << "it was due two minutes ago";
    fixture.clock.advance(minutes(2));
    EXPECT_FALSE(poller.moving());
}

TEST(Poller, IsMovingUntilAPollIsLongPastItsDeadline) {
    PollerFixture fixture;
    Poller poller = fixture.poller();
    ASSERT_TRUE(std::holds_alternative<Fetch>(poller.next()));

    fixture.clock.advance(minutes(4));
    EXPECT_TRUE(poller.moving());
    fixture.clock.advance(minutes(2));
    EXPECT_FALSE(poller.moving());
}

constexpr SteadyTime start{std::chrono::hours(3)};

struct Beat {
    const char* name;
    seconds phase;
    seconds began;  ///< seconds after `start`
    seconds next;   ///< seconds after `start`
};

class BeatOfFiveMinutes : public testing::TestWithParam<Beat> {};

TEST_P(BeatOfFiveMinutes, IsTheNext) {
    EXPECT_EQ(beat_after(start + GetParam().began, start + GetParam().phase, minutes(5)),
              start + GetParam().next);
}

INSTANTIATE_TEST_SUITE_P(
    Polls, BeatOfFiveMinutes,
    testing::Values(Beat{"OnTheBeat", seconds(0), seconds(0), seconds(300)},
                    Beat{"ALittleLate", seconds(0), seconds(301), seconds(600)},
                    Beat{"ALittleEarly", seconds(0), seconds(299), seconds(600)},
                    Beat{"HalfAnIntervalLate", seconds(0), seconds(150), seconds(300)},
                    Beat{"MoreThanHalfAnIntervalLate", seconds(0), seconds(151), seconds(600)},
                    Beat{"AFirstPollLongBeforeItsPhase", seconds(200), seconds(2), seconds(200)},
                    Beat{"AFirstPollShortlyBeforeItsPhase", seconds(20), seconds(1), seconds(320)}),
    [](const auto& test) { return test.param.name; });

TEST(BeatAfter, IsOncePerInterval) {
    SteadyTime beat = start + seconds(7);

    for (int i = 0; i < 1000; ++i) {
        const SteadyTime next =
            beat_after(beat + std::chrono::milliseconds(i), start + seconds(7), minutes(1));
        ASSERT_EQ(next - beat, minutes(1));
        beat = next;
    }
}

}  // namespace
}  // namespace exporter::scan

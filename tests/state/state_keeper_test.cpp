#include "state/state_keeper.h"

#include "state/samples.h"
#include "support/scratch_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <new>

namespace exporter::state {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

const std::string ignored = "the saved state is not used";
const std::string not_saved = "the state can't be saved";
const std::string saved_again = "the state can be saved again";

/// Returns the samples' timestamp. Returns from the first `waits_that_end` waits; the next one lasts until
/// the stop.
class TestClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return time; }
    scan::SteadyTime steady_now() override { return {}; }
    bool wait_until(scan::SteadyTime moment, std::stop_token stop) override {
        waited = moment - scan::SteadyTime{};
        if (waits_that_end-- > 0) {
            return true;
        }
        waiting.set_value();
        std::promise<void> stopped;
        const std::stop_callback callback(stop, [&stopped] { stopped.set_value(); });
        stopped.get_future().wait();
        return false;
    }

    base::Timestamp time = inventory::now;
    int waits_that_end = 0;
    scan::SteadyTime::duration waited{};
    std::promise<void> waiting;  ///< fulfilled once the clock is waiting for the stop
};

class Keeper : public testing::Test {
  protected:
    using Events = std::vector<std::pair<std::string, std::string>>;

    [[nodiscard]] std::string path() const { return directory_.path("state"); }

    /// A keeper that expects states of `organizations`, with the samples' fingerprints.
    std::unique_ptr<StateKeeper> keeper(const std::vector<std::string>& organizations = {"a", "b"}) {
        StateKeeper::Fingerprints wanted;
        for (const std::string& name : organizations) {
            wanted.emplace(name, "endpoint and rules of " + name);
        }
        return std::make_unique<StateKeeper>(path(), wanted, clock_,
                                             [this](std::string_view message, const std::string& problem) {
                                                 if (telling_fails_) {
                                                     throw std::bad_alloc();
                                                 }
                                                 events_.emplace_back(message, problem);
                                             });
    }
    /// One run of the program, with a clean exit.
    void run_with(const std::vector<OrganizationState>& states) {
        const auto first = keeper();
        for (const OrganizationState& state : states) {
            first->update(state);
        }
    }

    static bool has(const StateKeeper& keeper, const OrganizationState& state) {
        const auto kept = keeper.state_of(state.name);
        return kept && same(*kept, state);
    }

    const support::ScratchDirectory directory_;
    TestClock clock_;
    Events events_;
    bool telling_fails_ = false;
};

TEST_F(Keeper, KeepsItsStateAcrossARestart) {
    const auto a = random_state(1, "a", 100);
    const auto b = random_state(2, "b", 100);
    run_with({a, b});

    const auto after = keeper();

    EXPECT_TRUE(has(*after, a));
    EXPECT_TRUE(has(*after, b));
    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(Keeper, UsesTheFilesHashKeyOrANewOneWithoutAFile) {
    const auto first = keeper();
    const base::HashKey key = first->hash_key();
    EXPECT_NE(keeper()->hash_key(), key) << "no file exists yet";
    first->update(random_state(1, "a", 10));
    first->stop();

    EXPECT_EQ(keeper()->hash_key(), key);
}

TEST_F(Keeper, StartsEmptyAndSilentTheFirstTime) {
    EXPECT_EQ(keeper()->state_of("a"), nullptr);
    EXPECT_THAT(events_, IsEmpty());
    EXPECT_EQ(directory_.files(), 0);
}

TEST_F(Keeper, SharesWhatItKeepsInsteadOfCopyingIt) {
    const auto state = random_state(1, "a", 10);
    const auto one = keeper();

    one->update(state);

    EXPECT_EQ(one->state_of("a")->census, state.census);
    EXPECT_EQ(one->state_of("a")->inventory, state.inventory);
}

TEST_F(Keeper, KeepsTheStateOfAnOrganizationNotYetPolled) {
    run_with({random_state(1, "a", 10), random_state(2, "b", 10)});

    run_with({random_state(3, "a", 10)});

    EXPECT_TRUE(has(*keeper(), random_state(2, "b", 10)));
}

TEST_F(Keeper, DropsOrganizationsThatAreNoLongerConfigured) {
    run_with({random_state(1, "a", 10), random_state(2, "b", 10)});

    keeper({"a"})->update(random_state(1, "a", 10));

    const auto file = decode(directory_.content("state"));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->states.size(), 1U);
    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(Keeper, ForgetsOrganizationsRemovedAtRuntime) {
    const auto a = random_state(1, "a", 100);
    const auto b = random_state(2, "b", 100);
    const auto running = keeper();
    running->update(a);
    running->update(b);
    ASSERT_TRUE(running->save_if_changed());

    running->keep_only({"b", "c"});

    EXPECT_FALSE(running->state_of("a"));
    EXPECT_TRUE(has(*running, b));
    EXPECT_FALSE(running->is_saved());
    ASSERT_TRUE(running->save_if_changed());
    const auto after = keeper();
    EXPECT_FALSE(after->state_of("a"));
    EXPECT_TRUE(has(*after, b));
}

TEST_F(Keeper, IgnoresAStateOfOtherSettings) {
    OrganizationState other = random_state(1, "a", 10);
    other.fingerprint = "other bounds";
    run_with({other, random_state(2, "b", 10)});

    const auto after = keeper();

    EXPECT_EQ(after->state_of("a"), nullptr);
    EXPECT_NE(after->state_of("b"), nullptr);
    EXPECT_THAT(
        events_,
        ElementsAre(Pair(ignored, path() + ": organization a: it is counted by other settings than before")));
}

TEST_F(Keeper, DoesNotUseAListingFromTheFuture) {
    run_with({random_state(1, "a", 10)});

    clock_.time -= std::chrono::minutes(1);
    EXPECT_NE(keeper()->state_of("a"), nullptr);
    clock_.time -= std::chrono::seconds(1);
    EXPECT_EQ(keeper()->state_of("a"), nullptr);

    EXPECT_THAT(events_, ElementsAre(Pair(ignored, HasSubstr("from the future"))));
}

TEST_F(Keeper, ReplacesATornFileWithAWarning) {
    run_with({random_state(1, "a", 100)});
    std::filesystem::resize_file(path(), 1000);

    auto after = keeper();
    EXPECT_EQ(after->state_of("a"), nullptr);
    EXPECT_THAT(events_,
                ElementsAre(Pair(ignored,
                                 HasSubstr(path() + ": it is truncated or damaged: its checksum is wrong"))));
    after->update(random_state(2, "a", 10));
    after.reset();

    EXPECT_TRUE(has(*keeper(), random_state(2, "a", 10)));
}

TEST_F(Keeper, ReplacesAFileOfAnOlderFormatWithAWarning) {
    std::string old = encode(shared({random_state(1, "a", 10)}), test_key);
    old[std::string_view("datadog_token_exporter state\n").size()] = 3;
    directory_.write("state", old);

    auto after = keeper();
    EXPECT_EQ(after->state_of("a"), nullptr);
    EXPECT_THAT(events_, ElementsAre(Pair(ignored, HasSubstr("it has format 3, written by an "
                                                             "older version of this program"))));
    after->update(random_state(2, "a", 10));
    after.reset();

    EXPECT_TRUE(has(*keeper(), random_state(2, "a", 10)));
}

TEST_F(Keeper, NeverReplacesAForeignFile) {
    directory_.write("state", "precious");

    auto one = keeper();
    one->update(random_state(1, "a", 10));
    EXPECT_FALSE(one->save_if_changed());
    one.reset();

    EXPECT_EQ(directory_.content("state"), "precious");
    EXPECT_THAT(events_,
                ElementsAre(Pair(
                    ignored, path() + ": it is not a state file of this program; it is left alone, and no "
                                      "state is kept while it is there")));
}

TEST_F(Keeper, NeverReplacesAForeignFileCreatedLater) {
    const auto one = keeper();
    directory_.write("state", "precious");

    one->update(random_state(1, "a", 10));
    EXPECT_FALSE(one->save_if_changed());

    EXPECT_EQ(directory_.content("state"), "precious");
    EXPECT_EQ(directory_.files(), 1);
    EXPECT_THAT(
        events_,
        ElementsAre(Pair(not_saved, path() + ": it is not a state file of this program, and is left alone")));
}

TEST_F(Keeper, SavesOnceTheForeignFileIsGone) {
    directory_.write("state", "precious");
    const auto one = keeper();
    one->update(random_state(1, "a", 10));
    ASSERT_FALSE(one->save_if_changed());
    std::filesystem::remove(path());

    EXPECT_TRUE(one->save_if_changed());

    EXPECT_TRUE(has(*keeper(), random_state(1, "a", 10)));
    EXPECT_EQ(events_.back().first, saved_again);
}

TEST_F(Keeper, TellsWhetherAnythingIsUnsaved) {
    const auto one = keeper();
    EXPECT_TRUE(one->is_saved()) << "there is nothing to save";
    one->update(random_state(1, "a", 10));
    EXPECT_FALSE(one->is_saved());
    directory_.write("state", "precious");
    ASSERT_FALSE(one->save_if_changed());
    EXPECT_FALSE(one->is_saved());
    std::filesystem::remove(path());

    ASSERT_TRUE(one->save_if_changed());

    EXPECT_TRUE(one->is_saved());
}

TEST_F(Keeper, SavesOnlyWhenSomethingWasUpdated) {
    const auto one = keeper();
    one->update(random_state(1, "a", 10));
    ASSERT_TRUE(one->save_if_changed());
    std::filesystem::remove(path());

    EXPECT_TRUE(one->save_if_changed());

    EXPECT_EQ(directory_.files(), 0);
}

TEST_F(Keeper, SavesOnceAnIntervalOnAThreadOfItsOwn) {
    clock_.waits_that_end = 1;
    const auto one = keeper();
    one->update(random_state(1, "a", 10));

    one->start();
    clock_.waiting.get_future().wait();

    EXPECT_EQ(clock_.waited, std::chrono::minutes(1));
    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(Keeper, SavesWhatIsNewWhenItStops) {
    const auto one = keeper();
    one->start();
    one->update(random_state(1, "a", 10));

    one->stop();

    EXPECT_EQ(directory_.files(), 1);
}

TEST_F(Keeper, ReportsASaveFailureAndTheRecoveryOnce) {
    const auto one = keeper();
    std::filesystem::create_directory(path());
    one->update(random_state(1, "a", 10));

    EXPECT_FALSE(one->save_if_changed());
    EXPECT_FALSE(one->save_if_changed());
    EXPECT_THAT(events_, ElementsAre(Pair(not_saved, HasSubstr(path() + ": it is a directory"))));

    std::filesystem::remove(path());
    EXPECT_TRUE(one->save_if_changed());
    EXPECT_THAT(events_.back(), Pair(saved_again, ""));
    EXPECT_NE(keeper()->state_of("a"), nullptr);
}

TEST_F(Keeper, RetriesAFailedReport) {
    const auto one = keeper();
    std::filesystem::create_directory(path());
    one->update(random_state(1, "a", 10));

    telling_fails_ = true;
    EXPECT_FALSE(one->save_if_changed());
    telling_fails_ = false;
    EXPECT_FALSE(one->save_if_changed());
    EXPECT_THAT(events_, ElementsAre(Pair(not_saved, HasSubstr(path()))));

    std::filesystem::remove(path());
    telling_fails_ = true;
    EXPECT_FALSE(one->save_if_changed());
    telling_fails_ = false;
    EXPECT_TRUE(one->save_if_changed());
    EXPECT_THAT(events_.back(), Pair(saved_again, ""));
}

TEST_F(Keeper, StopsCleanlyIfSavingAndReportingFail) {
    clock_.waits_that_end = 1;
    auto one = keeper();
    std::filesystem::create_directory(path());
    one->update(random_state(1, "a", 10));
    telling_fails_ = true;

    one->start();
    clock_.waiting.get_future().wait();
    one.reset();

    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(Keeper, TakesUpdatesFromManyThreadsWhileItSaves) {
    const auto one = keeper();
    {
        std::vector<std::jthread> threads;
        for (const std::string name : {"a", "b", "a", "b"}) {
            threads.emplace_back([&one, state = random_state(1, name, 50)] {
                for (int i = 0; i < 50; ++i) {
                    one->update(state);
                    (void)one->state_of(state.name);
                }
            });
        }
        for (int i = 0; i < 20; ++i) {
            EXPECT_TRUE(one->save_if_changed());
        }
    }
    EXPECT_TRUE(one->save_if_changed());
    EXPECT_TRUE(has(*keeper(), random_state(1, "b", 50)));
}

}  // namespace
}  // namespace exporter::state

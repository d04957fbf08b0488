#include "scan/fakes.h"
#include "scan/poller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace exporter::scan {
namespace {

using namespace std::chrono_literals;
using datadog::ErrorKind;

/// An event to wait for, with a timeout.
class Event {
  public:
    void happen() {
        const std::lock_guard lock(mutex_);
        ++times_;
        changed_.notify_all();
    }
    [[nodiscard]] bool wait_for(int times) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 20s, [&] { return times_ >= times; });
    }
    [[nodiscard]] int times() {
        const std::lock_guard lock(mutex_);
        return times_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int times_ = 0;
};

class CountingObserver final : public Recording<PollObserver> {
  public:
    void poll_finished(const Statistics&) override {
        on_poll();
        polls.happen();
    }
    void became_stale(const Statistics&) override {}
    std::optional<PollerChange> take_change() override {
        asked.happen();
        return std::nullopt;
    }

    Event asked;  ///< take_change was called
    Event polls;
    std::function<void()> on_poll = [] {};
};

/// The system clock, shifted into the future.
class ShiftedClock final : public Clock {
  public:
    base::Timestamp now() override { return system_clock().now(); }
    SteadyTime steady_now() override {
        return system_clock().steady_now() + std::chrono::minutes(minutes_.load());
    }
    bool wait_until(SteadyTime moment, std::stop_token stop) override {
        return system_clock().wait_until(moment - std::chrono::minutes(minutes_.load()), std::move(stop));
    }
    void shift(std::chrono::minutes time) { minutes_ += static_cast<int>(time.count()); }

  private:
    std::atomic<int> minutes_ = 0;
};

/// Answers with `respond`; thread-safe if `respond` is.
class CallbackSource final : public PageSource {
  public:
    datadog::Result<void> prepare() override { return {}; }
    datadog::Answer page(std::size_t number, SteadyTime) override { return respond(number); }

    std::function<datadog::Answer(std::size_t)> respond = [](std::size_t) {
        return page_answer(PageBuilder().token("a").total(1));
    };
};

/// An organization with its poller, on the system clock.
struct Organization {
    explicit Organization(PollerOptions options = {}, Clock& clock = system_clock())
        : poller(options, clock, always(0), observer) {}

    [[nodiscard]] Dispatcher::Member member() { return {&poller, &source}; }

    CountingObserver observer;
    CallbackSource source;
    Poller poller;
};

/// Runs a dispatcher until destroyed.
class Running {
  public:
    explicit Running(Dispatcher& dispatcher)
        : thread_([&dispatcher](const std::stop_token& stop) { dispatcher.run(stop); }) {}

  private:
    std::jthread thread_;
};

/// Blocks requests until it is opened.
class Gate {
  public:
    ~Gate() { open(); }
    void open() {
        const std::lock_guard lock(mutex_);
        open_ = true;
        opened_.notify_all();
    }
    void pass() {
        std::unique_lock lock(mutex_);
        ++waiting_;
        opened_.notify_all();
        opened_.wait(lock, [this] { return open_; });
        --waiting_;
    }
    [[nodiscard]] bool wait_for(int waiting) {
        std::unique_lock lock(mutex_);
        return opened_.wait_for(lock, 20s, [&] { return waiting_ >= waiting; });
    }
    [[nodiscard]] int waiting() {
        const std::lock_guard lock(mutex_);
        return waiting_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable opened_;
    bool open_ = false;
    int waiting_ = 0;
};

TEST(Dispatcher, PollsEachOrganizationOnce) {
    std::vector<std::unique_ptr<Organization>> organizations;
    std::vector<Dispatcher::Member> members;
    for (int i = 0; i < 50; ++i) {
        organizations.push_back(std::make_unique<Organization>());
        members.push_back(organizations.back()->member());
    }
    Dispatcher dispatcher(members, system_clock(), 3);

    dispatcher.run_once();

    for (const auto& organization : organizations) {
        EXPECT_EQ(organization->poller.statistics().polls, 1U);
        EXPECT_EQ(organization->observer.published, std::vector<std::string>{"a"});
    }
}

TEST(Dispatcher, PollsAgainWhenAPollIsDue) {
    Organization organization({.interval = 5ms});
    Dispatcher dispatcher({organization.member()}, system_clock(), 1);

    const Running running(dispatcher);

    EXPECT_TRUE(organization.observer.polls.wait_for(5));
}

TEST(Dispatcher, FetchesPagesOfOneOrganizationSideBySide) {
    Gate gate;
    Organization organization({.scan = {.page_size = 1, .concurrency = 4}});
    organization.source.respond = [&gate](std::size_t number) {
        if (number > 1) {
            gate.pass();
        }
        PageBuilder page;
        page.total(20);
        return page_answer(number < 20 ? page.token(std::to_string(number)) : page);
    };
    Dispatcher dispatcher({organization.member()}, system_clock(), 8);
    const Running running(dispatcher);

    EXPECT_TRUE(gate.wait_for(4));
    gate.open();

    EXPECT_TRUE(organization.observer.polls.wait_for(1));
}

/// The response of an organization that blocks workers.
struct HangingCase {
    const char* name;
    datadog::Answer (*answer)();
};

class OrganizationsThatHang : public ::testing::TestWithParam<HangingCase> {};

datadog::Answer time_out() {
    return error_answer(ErrorKind::timeout, 0);
}
datadog::Answer late_504() {
    datadog::Answer answer = error_answer(ErrorKind::server_error, 504);
    answer.exchange.duration = 15s;
    return answer;
}
datadog::Answer late_page() {
    datadog::Answer answer = page_answer(PageBuilder().token("a").total(1));
    answer.exchange.duration = 15s;
    return answer;
}

TEST_P(OrganizationsThatHang, LeaveHalfOfTheWorkersToTheOthers) {
    Gate gate;
    std::vector<std::unique_ptr<Organization>> hanging;
    std::vector<Dispatcher::Member> members;
    for (int i = 0; i < 20; ++i) {
        hanging.push_back(std::make_unique<Organization>(
            PollerOptions{.scan = {.max_retries = 0}, .interval = 10ms, .failure_backoff = 1ms}));
        hanging.back()->source.respond = [&gate, first = true](std::size_t) mutable {
            if (!std::exchange(first, false)) {
                gate.pass();
            }
            return GetParam().answer();
        };
        members.push_back(hanging.back()->member());
    }
    Organization healthy({.interval = 5ms});
    members.push_back(healthy.member());
    Dispatcher dispatcher(members, system_clock(), 4);
    const Running running(dispatcher);

    ASSERT_TRUE(gate.wait_for(2));
    EXPECT_TRUE(healthy.observer.polls.wait_for(20));
    EXPECT_EQ(gate.waiting(), 2);
    gate.open();
    for (const auto& organization : hanging) {
        EXPECT_TRUE(organization->observer.polls.wait_for(4)) << "they get their workers back";
    }
}

INSTANTIATE_TEST_SUITE_P(Dispatcher, OrganizationsThatHang,
                         ::testing::Values(HangingCase{"WithoutAnAnswer", time_out},
                                           HangingCase{"AndAnswer504", late_504},
                                           HangingCase{"AndAnswerLate", late_page}),
                         [](const auto& test) { return test.param.name; });

TEST(Dispatcher, DoesNotBlameAnOrganizationForALackOfWorkers) {
    Gate gate;
    Organization hanging({.scan = {.max_retries = 0}, .interval = 10ms, .failure_backoff = 1ms});
    hanging.source.respond = [&gate, first = true](std::size_t) mutable {
        if (!std::exchange(first, false)) {
            gate.pass();
        }
        return time_out();
    };
    Organization crowded_out({.scan = {.max_retries = 0}, .interval = 5ms, .failure_backoff = 1ms});
    crowded_out.source.respond = [](std::size_t) {
        datadog::Answer answer = time_out();
        answer.exchange.made = false;
        return answer;
    };
    Dispatcher dispatcher({hanging.member(), crowded_out.member()}, system_clock(), 2);
    const Running running(dispatcher);

    // The hanging organization holds every worker that organizations in trouble may use.
    ASSERT_TRUE(gate.wait_for(1));
    EXPECT_TRUE(crowded_out.observer.polls.wait_for(20));
    gate.open();
}

TEST(Dispatcher, WhereAllOrganizationsAreSlowTheyHaveAllWorkers) {
    Gate gate;
    Organization slow({.scan = {.page_size = 1, .concurrency = 4}});
    slow.source.respond = [&gate](std::size_t number) {
        if (number > 1) {
            gate.pass();
        }
        PageBuilder page;
        page.total(20);
        datadog::Answer answer = page_answer(number < 20 ? page.token(std::to_string(number)) : page);
        answer.exchange.duration = 6s;
        return answer;
    };
    Dispatcher dispatcher({slow.member()}, system_clock(), 4);
    const Running running(dispatcher);

    EXPECT_TRUE(gate.wait_for(4));
    gate.open();

    EXPECT_TRUE(slow.observer.polls.wait_for(1));
}

TEST(Dispatcher, IsMovingUntilItsThreadIsStuck) {
    Gate gate;
    ShiftedClock clock;
    Organization organization({.interval = 5ms}, clock);
    organization.observer.on_poll = [&gate] { gate.pass(); };
    Dispatcher dispatcher({organization.member()}, clock, 1);
    const Running running(dispatcher);
    ASSERT_TRUE(gate.wait_for(1));

    EXPECT_TRUE(dispatcher.moving());
    clock.shift(10min);
    EXPECT_FALSE(dispatcher.moving());
    gate.open();

    ASSERT_TRUE(organization.observer.polls.wait_for(3));
    EXPECT_TRUE(dispatcher.moving());
}

/// Each result may be a page that takes time to count.
TEST(Dispatcher, StopsWithoutProcessingPendingResults) {
    constexpr int count = 10;
    Event asked;
    Event answered;
    std::stop_source stop;
    int counted = 0;
    std::vector<std::unique_ptr<Organization>> organizations;
    std::vector<Dispatcher::Member> members;
    for (int i = 0; i < count; ++i) {
        auto& organization = *organizations.emplace_back(std::make_unique<Organization>());
        organization.source.respond = [&](std::size_t) {
            asked.happen();
            EXPECT_TRUE(asked.wait_for(count));
            answered.happen();
            return page_answer(PageBuilder().token("a").total(1));
        };
        // All others arrive while the first is counted, and the second stops the run.
        organization.observer.on_add = [&] {
            if (counted++ == 0) {
                EXPECT_TRUE(answered.wait_for(count));
            } else {
                stop.request_stop();
            }
        };
        members.push_back(organization.member());
    }
    Dispatcher dispatcher(members, system_clock(), count);

    dispatcher.run(stop.get_token());

    EXPECT_EQ(counted, 2);
}

TEST(Dispatcher, ASourceThatThrowsIsAFailedPoll) {
    Organization organization;
    organization.source.respond = [](std::size_t) -> datadog::Answer { throw std::runtime_error("broken"); };
    Dispatcher dispatcher({organization.member()}, system_clock(), 1);

    dispatcher.run_once();

    EXPECT_EQ(organization.poller.statistics().failures[static_cast<std::size_t>(ErrorKind::internal)], 1U);
}

TEST(Dispatcher, HasNothingToDoWithoutOrganizations) {
    Dispatcher dispatcher({}, system_clock(), 1);

    dispatcher.run_once();

    EXPECT_TRUE(dispatcher.moving());
}

TEST(Dispatcher, PollsANewMember) {
    Organization first;
    Organization second;
    Dispatcher dispatcher({first.member()}, system_clock(), 1);
    const Running running(dispatcher);
    ASSERT_TRUE(first.observer.polls.wait_for(1));

    dispatcher.set_members({second.member(), first.member()}, 1);

    EXPECT_TRUE(second.observer.polls.wait_for(1));
}

TEST(Dispatcher, ChecksRemainingMembersWhenOthersJoin) {
    Organization stays({.interval = std::chrono::hours(1)});
    Organization second;
    Organization third;
    Dispatcher dispatcher({stays.member()}, system_clock(), 1);
    const Running running(dispatcher);
    dispatcher.set_members({stays.member(), second.member()}, 1);
    ASSERT_TRUE(stays.observer.polls.wait_for(1));
    ASSERT_TRUE(second.observer.polls.wait_for(1));
    const int before = stays.observer.asked.times();

    dispatcher.set_members({stays.member(), third.member()}, 1);

    ASSERT_TRUE(third.observer.polls.wait_for(1));
    EXPECT_GT(stays.observer.asked.times(), before);
}

TEST(Dispatcher, DropsARemovedMembersAnswer) {
    Gate gate;
    Event freed;
    std::shared_ptr<Organization> goes(new Organization, [&freed](Organization* organization) {
        delete organization;
        freed.happen();
    });
    goes->source.respond = [&gate](std::size_t) {
        gate.pass();
        return page_answer(PageBuilder().token("a").total(1));
    };
    Event finished;
    goes->observer.on_poll = [&finished] { finished.happen(); };
    Organization stays;
    Organization after;
    Dispatcher dispatcher({{&goes->poller, &goes->source, goes}, stays.member()}, system_clock(), 2);
    const Running running(dispatcher);
    ASSERT_TRUE(gate.wait_for(1));

    dispatcher.set_members({stays.member()}, 2);
    dispatcher.set_members({stays.member(), after.member()}, 2);
    ASSERT_TRUE(after.observer.polls.wait_for(1));
    goes.reset();
    EXPECT_EQ(freed.times(), 0) << "a worker is still requesting its page";
    gate.open();

    EXPECT_TRUE(freed.wait_for(1));
    EXPECT_EQ(finished.times(), 0);
}

TEST(Dispatcher, MakesNoRequestForARemovedMember) {
    Gate gate;
    Organization hanging;
    hanging.source.respond = [&gate](std::size_t) {
        gate.pass();
        return page_answer(PageBuilder().token("a").total(1));
    };
    Organization waiting;
    std::atomic<int> requests = 0;
    waiting.source.respond = [&requests](std::size_t) {
        ++requests;
        return page_answer(PageBuilder().token("a").total(1));
    };
    Organization last;
    Dispatcher dispatcher({hanging.member(), waiting.member()}, system_clock(), 1);
    const Running running(dispatcher);
    ASSERT_TRUE(gate.wait_for(1));

    dispatcher.set_members({hanging.member(), last.member()}, 1);
    ASSERT_TRUE(last.observer.asked.wait_for(1));
    gate.open();

    EXPECT_TRUE(last.observer.polls.wait_for(1));
    EXPECT_EQ(requests, 0);
}

TEST(Dispatcher, HiresWorkersForMoreMembers) {
    Gate gate;
    std::vector<std::unique_ptr<Organization>> organizations;
    std::vector<Dispatcher::Member> members;
    for (int i = 0; i < 3; ++i) {
        organizations.push_back(std::make_unique<Organization>());
        organizations.back()->source.respond = [&gate](std::size_t) {
            gate.pass();
            return page_answer(PageBuilder().token("a").total(1));
        };
        members.push_back(organizations.back()->member());
    }
    Dispatcher dispatcher({members.front()}, system_clock(), 1);
    const Running running(dispatcher);

    dispatcher.set_members(members, 3);

    EXPECT_TRUE(gate.wait_for(3));
    gate.open();
}

}  // namespace
}  // namespace exporter::scan

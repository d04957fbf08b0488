// When free memory is given back to the system.
#include "app/memory.h"

#include <gtest/gtest.h>

namespace exporter::app {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t little = 1 << 20;
constexpr std::uint64_t much = 5 << 20;

class TestClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return {}; }
    scan::SteadyTime steady_now() override { return steady; }
    bool wait_until(scan::SteadyTime /*moment*/, std::stop_token /*stop*/) override { return false; }

    scan::SteadyTime steady;
};

class ReturnOfMemory : public testing::Test {
  protected:
    TestClock clock_;
    int times_ = 0;
    MemoryReturn memory_{clock_, [this] { ++times_; }};
};

TEST_F(ReturnOfMemory, FollowsAPollThatTookMuchAndNoOther) {
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 0);
    memory_.poll_ended(much);
    EXPECT_EQ(times_, 1);
}

TEST_F(ReturnOfMemory, HappensAtMostOnceInThirtySeconds) {
    for (int second = 0; second < 60; ++second) {
        memory_.poll_ended(much);
        clock_.steady += seconds(1);
    }
    EXPECT_EQ(times_, 2);
}

TEST_F(ReturnOfMemory, IsMadeUpForAtALaterPoll) {
    memory_.poll_ended(much);
    memory_.poll_ended(much);
    clock_.steady += seconds(30);
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 2);
    clock_.steady += seconds(30);
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 2);
}

}  // namespace
}  // namespace exporter::app

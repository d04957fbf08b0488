#include "datadog/connection_guard.h"

#include "support/watchdog.h"

#include <gtest/gtest.h>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(ConnectionGuard, ASecondExchangeReleasesTheDeadlineOfOneThatNeverEnded) {
    Watchdog watchdog;
    const auto soon = steady_clock::now() + 20ms;
    ConnectionGuard guard(watchdog);
    guard.begin(soon);

    guard.begin(steady_clock::now() + 1h);
    support::wait_until_past(watchdog, soon);

    EXPECT_EQ(guard.end(true), std::nullopt);
}

}  // namespace
}  // namespace exporter::datadog

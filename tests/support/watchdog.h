// Waiting for what a watchdog does.
#pragma once

#include "datadog/connection_guard.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>

namespace exporter::support {

/// Returns once `watchdog` has called everything that was due by `deadline`.
inline void wait_until_past(datadog::Watchdog& watchdog, datadog::Watchdog::Deadline deadline) {
    std::promise<void> passed;
    const auto ticket =
        watchdog.watch(deadline + std::chrono::milliseconds(1), [&passed] { passed.set_value(); });
    ASSERT_EQ(passed.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
    watchdog.release(ticket);
}

}  // namespace exporter::support

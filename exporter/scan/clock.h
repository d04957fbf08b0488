// Clock and randomness for scan/, so that tests can replace both.
#pragma once

#include "datadog/token.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <stop_token>

namespace exporter::scan {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Wall clock for *when*, steady clock for *how long*. Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;

    [[nodiscard]] virtual base::Timestamp now() = 0;
    [[nodiscard]] virtual SteadyTime steady_now() = 0;

    /// Waits until `moment`, or until `stop` is requested. True: `moment` was reached.
    virtual bool wait_until(SteadyTime moment, std::stop_token stop) = 0;
};

/// The machine's clocks.
[[nodiscard]] Clock& system_clock();

/// Source of jitter: uniform in [0, 1).
using Randomness = std::function<double()>;

/// Uniform in [0, `most`), in whole milliseconds.
[[nodiscard]] inline std::chrono::milliseconds jitter(const Randomness& randomness,
                                                      std::chrono::milliseconds most) {
    return std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(most.count()) * randomness()));
}

/// A `Randomness` seeded from the machine's entropy. Thread-safe.
[[nodiscard]] double system_randomness();

}  // namespace exporter::scan

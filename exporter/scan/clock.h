// Time and chance as scan sees them: small interfaces, so that a test can be the clock.
#pragma once

#include "datadog/token.h"

#include <chrono>
#include <stop_token>

namespace exporter::scan {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Wall clock for *when*, steady clock for *how long*. Thread-safe.
class Clock {
  public:
    virtual ~Clock() = default;

    [[nodiscard]] virtual base::Timestamp now() = 0;
    [[nodiscard]] virtual SteadyTime steady_now() = 0;

    /// Waits until `moment`, or less when `stop` is requested first. True: the moment has come.
    virtual bool wait_until(SteadyTime moment, std::stop_token stop) = 0;
};

/// The machine's clocks.
[[nodiscard]] Clock& system_clock();

/// Where jitter comes from. Thread-safe.
class Randomness {
  public:
    virtual ~Randomness() = default;
    /// Uniform in [0, 1).
    [[nodiscard]] virtual double next() = 0;
};

/// Seeded from the machine's entropy.
[[nodiscard]] Randomness& system_randomness();

}  // namespace exporter::scan

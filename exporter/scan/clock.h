// Time and chance as scan sees them: small interfaces, so that a test can be the clock.
#pragma once

#include "datadog/token.h"

#include <atomic>
#include <chrono>
#include <cstdint>
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
    /// Uniform in [0, `most`), in whole milliseconds.
    [[nodiscard]] std::chrono::milliseconds below(std::chrono::milliseconds most) {
        return std::chrono::milliseconds(
            static_cast<std::int64_t>(static_cast<double>(most.count()) * next()));
    }
};

/// Seeded from the machine's entropy.
[[nodiscard]] Randomness& system_randomness();

/// Whether something is overdue that was expected by a moment. Thread-safe.
class Progress {
  public:
    /// @param slack how much later it may still come
    void expect_by(SteadyTime moment, SteadyTime::duration slack) {
        const SteadyTime latest = moment < SteadyTime::max() - slack ? moment + slack : SteadyTime::max();
        latest_.store(latest.time_since_epoch().count());
    }
    [[nodiscard]] bool is_overdue(SteadyTime now) const {
        return now.time_since_epoch().count() > latest_.load();
    }

  private:
    std::atomic<SteadyTime::rep> latest_ = SteadyTime::max().time_since_epoch().count();
};

}  // namespace exporter::scan

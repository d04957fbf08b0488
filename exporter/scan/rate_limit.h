// How many requests to one organization are allowed: per rate limit period, and concurrently.
#pragma once

#include "datadog/page.h"
#include "scan/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace exporter::scan {

/// The part of an organization's rate limit that this program may use. Datadog's limits apply to the whole
/// organization: requests used by the exporter are unavailable to the rest. The budget is used up when only
/// the reserve is left, and restored at the reset. Shared by all requests to one organization, across polls;
/// one thread at a time.
class RateBudget {
  public:
    /// @param reserve_percent share of the limit reserved for others, 0 to 90
    explicit RateBudget(int reserve_percent) : reserve_percent_(reserve_percent) {}

    /// Applies from the next answer on.
    void set_reserve(int percent) { reserve_percent_ = percent; }

    /// Records an answer's headers; ignored without `remaining` and `reset`.
    void note(const datadog::RateLimit& limit, SteadyTime now);

    /// Whether another request may be made in addition to those in flight. Each request in flight is assumed
    /// not to be included in the last known remainder. The first request of a new period is made on its own,
    /// because the new remainder is unknown.
    [[nodiscard]] bool has_room(std::size_t under_way, SteadyTime now) const;

    /// When there is room again, if nothing is in flight.
    [[nodiscard]] SteadyTime opens() const { return reset_; }

  private:
    int reserve_percent_;
    /// Requests left until `reset_`, without the reserve; unlimited until the first answer.
    std::int64_t available_ = std::numeric_limits<std::int64_t>::max();
    SteadyTime reset_ = SteadyTime::max();
};

/// How many requests may be in flight: between one and the configured maximum. Halved when the API pushes
/// back (429, 5xx, a broken connection); one fewer, down to half of the maximum, while answers are much
/// slower than before; one more after a round of good answers. One thread at a time.
class Pace {
  public:
    explicit Pace(std::size_t most) : most_(most), limit_(most) {}

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// A poll begins: its answers are compared with its own first answers.
    void begin() { usual_ = shortest_ = 0; }
    /// An answer arrived after `took`.
    void answered(std::chrono::duration<double> took, SteadyTime now);
    /// The API pushed back after `took`. Requests that were already in flight at the last cut don't cut it
    /// again.
    void pushed_back(std::chrono::duration<double> took, SteadyTime now);

  private:
    void restart(std::size_t limit, SteadyTime now);
    [[nodiscard]] bool is_from_before_cut(std::chrono::duration<double> took, SteadyTime now) const {
        return now - took < last_cut_;
    }

    std::size_t most_;
    std::size_t limit_;
    std::size_t good_ = 0;  ///< answers since the limit last changed
    SteadyTime last_cut_ = SteadyTime::min();
    double usual_ = 0;     ///< seconds; moving average over the latest answers; 0: none yet
    double shortest_ = 0;  ///< the minimum of `usual_` in this poll
};

}  // namespace exporter::scan

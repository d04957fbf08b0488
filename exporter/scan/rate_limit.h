// How many requests to one organization may be made: in a period of its rate limit, and at once.
#pragma once

#include "datadog/page.h"
#include "scan/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace exporter::scan {

/// An organization's rate limit as far as this program may use it. Datadog's limits count for the whole
/// organization: what an exporter uses up, somebody's deployment lacks. The budget ends where only the
/// reserve is left, and opens again at the reset. Shared by all requests to one organization, across polls;
/// one thread at a time.
class RateBudget {
  public:
    /// @param reserve_percent share of the limit that is left to others, 0 to 90
    explicit RateBudget(int reserve_percent) : reserve_percent_(reserve_percent) {}

    /// Holds from the next answer on.
    void set_reserve(int percent) { reserve_percent_ = percent; }

    /// Takes in what an answer's headers said. Without `remaining` and `reset` they say nothing.
    void note(const datadog::RateLimit& limit, SteadyTime now);

    /// Whether one more request may be made beside those under way. Each of them counts as one that the last
    /// known remainder does not know of yet; and as nobody knows what a new period holds, its first request
    /// goes alone.
    [[nodiscard]] bool has_room(std::size_t under_way, SteadyTime now) const;

    /// When there is room again though nothing is under way.
    [[nodiscard]] SteadyTime opens() const { return reset_; }

  private:
    int reserve_percent_;
    /// Requests left until `reset_`, without the reserve; as many as one likes until an answer tells.
    std::int64_t available_ = std::numeric_limits<std::int64_t>::max();
    SteadyTime reset_ = SteadyTime::max();
};

/// How many requests may be under way at once: between one and the configured maximum. Halved when the API
/// pushes back (429, 5xx, a broken connection); one fewer, down to half of the maximum, while its answers
/// take much longer than they did; one more after a round of good ones. One thread at a time.
class Pace {
  public:
    explicit Pace(std::size_t most) : most_(most), limit_(most) {}

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// A poll begins: the time its answers take is compared with that of its own first ones.
    void begin() { usual_ = shortest_ = 0; }
    /// An answer came after `took`.
    void answered(std::chrono::duration<double> took, SteadyTime now);
    /// The API pushed back after `took`. Requests that were under way at the last cut change nothing more.
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
    double usual_ = 0;     ///< seconds; moving average over the latest answers, 0: none yet
    double shortest_ = 0;  ///< the least that `usual_` was in this poll
};

}  // namespace exporter::scan

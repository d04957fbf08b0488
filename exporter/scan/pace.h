// How many requests to one organization may be under way at once.
#pragma once

#include "scan/clock.h"

#include <chrono>
#include <cstddef>

namespace exporter::scan {

/// Between one and the most that the configuration allows: halved when the API pushes back (429, 5xx, a
/// broken connection); one fewer, down to half of the most, while its answers take much longer than they did;
/// one more after a round of good ones. One thread at a time.
class Pace {
  public:
    explicit Pace(std::size_t most) : most_(most), limit_(most) {}

    [[nodiscard]] std::size_t limit() const { return limit_; }

    /// A poll begins: what its answers take is compared with its own first ones.
    void begin();
    /// An answer came after `took`.
    void answered(std::chrono::duration<double> took, SteadyTime now);
    /// The API pushed back after `took`. Requests that were under way when the pace was last cut change
    /// nothing more.
    void pushed_back(std::chrono::duration<double> took, SteadyTime now);

  private:
    void restart(std::size_t limit, SteadyTime now);
    [[nodiscard]] bool is_from_before_cut(std::chrono::duration<double> took, SteadyTime now) const;

    std::size_t most_;
    std::size_t limit_;
    std::size_t good_ = 0;  ///< answers since the limit last changed
    SteadyTime last_cut_ = SteadyTime::min();
    double usual_ = 0;     ///< seconds; moving average over the latest answers, 0: none yet
    double shortest_ = 0;  ///< the least that `usual_` was in this poll
};

}  // namespace exporter::scan

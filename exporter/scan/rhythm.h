// When polls are due: one organization's beats, one interval apart, whatever the polls do.
#pragma once

#include "scan/clock.h"

#include <chrono>

namespace exporter::scan {

/// Beats at `start + phase`, and every interval after. Organizations with phases spread over the interval
/// stay spread over it: neither a slow poll nor the back-off after a failure moves the beat.
class Rhythm {
  public:
    /// @param interval above zero
    Rhythm(SteadyTime start, std::chrono::milliseconds phase, std::chrono::milliseconds interval)
        : anchor_(start + phase), interval_(interval) {}

    /// The beat after a poll that began at `began`: the first that is at least half an interval later, so one
    /// to one and a half intervals lie between two polls at most.
    [[nodiscard]] SteadyTime after(SteadyTime began) const {
        const auto earliest = began + interval_ / 2;
        const auto beats = (earliest - anchor_) / interval_;
        const SteadyTime beat = anchor_ + beats * interval_;
        return beat < earliest ? beat + interval_ : beat;
    }

  private:
    SteadyTime anchor_;
    SteadyTime::duration interval_;
};

}  // namespace exporter::scan

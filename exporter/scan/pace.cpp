#include "scan/pace.h"

#include <algorithm>

namespace exporter::scan {

namespace {

/// Of a new answer in the moving average.
constexpr double weight = 1.0 / 8;

/// Answers take much longer than they did when they take twice as long and this much more: below it is the
/// noise of a machine or a network.
constexpr double noise_seconds = 0.05;

}  // namespace

void Pace::begin() {
    usual_ = 0;
    shortest_ = 0;
}

void Pace::answered(std::chrono::duration<double> took, SteadyTime now) {
    usual_ = usual_ == 0 ? took.count() : usual_ + weight * (took.count() - usual_);
    shortest_ = shortest_ == 0 ? usual_ : std::min(shortest_, usual_);
    if (is_from_before_cut(took, now)) {
        return;
    }
    ++good_;
    if (usual_ > 2 * shortest_ + noise_seconds) {
        if (good_ >= limit_ && limit_ > std::max<std::size_t>(1, most_ / 2)) {
            restart(limit_ - 1, now);
        }
    } else if (good_ >= limit_ && limit_ < most_) {
        ++limit_;
        good_ = 0;
    }
}

void Pace::pushed_back(std::chrono::duration<double> took, SteadyTime now) {
    if (!is_from_before_cut(took, now)) {
        restart(std::max<std::size_t>(1, limit_ / 2), now);
    }
}

void Pace::restart(std::size_t limit, SteadyTime now) {
    limit_ = limit;
    good_ = 0;
    last_cut_ = now;
}

bool Pace::is_from_before_cut(std::chrono::duration<double> took, SteadyTime now) const {
    return last_cut_ != SteadyTime::min() && now - took < last_cut_;
}

}  // namespace exporter::scan

// An organization's rate limit as far as this program may use it.
#pragma once

#include "datadog/page.h"
#include "scan/clock.h"

#include <cstdint>
#include <optional>

namespace exporter::scan {

/// Datadog's limits count for the whole organization: what an exporter uses up, somebody's deployment lacks.
/// The budget ends where only the reserve is left, and opens again at the reset. Shared by all requests to
/// one organization, across polls; one thread at a time.
class RateBudget {
  public:
    /// @param reserve_percent share of the limit that is left to others, 0 to 90
    explicit RateBudget(int reserve_percent) : reserve_percent_(reserve_percent) {}

    /// Takes in what an answer's headers said. Without `remaining` and `reset` they say nothing.
    void note(const datadog::RateLimit& limit, SteadyTime now);

    /// When the next request may be made; nullopt: now.
    [[nodiscard]] std::optional<SteadyTime> closed_until(SteadyTime now) const;

  private:
    int reserve_percent_;
    std::optional<SteadyTime> reset_;  ///< while only the reserve is left
};

}  // namespace exporter::scan

// An organization's rate limit as far as this program may use it.
#pragma once

#include "datadog/page.h"
#include "scan/clock.h"

#include <cstddef>
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

    /// Whether one more request may be made beside those under way. Each of them counts as one that the last
    /// known remainder does not know of yet; and as nobody knows what a new period holds, its first request
    /// goes alone.
    [[nodiscard]] bool has_room(std::size_t under_way, SteadyTime now) const;

    /// When there is room again though nothing is under way.
    [[nodiscard]] SteadyTime opens() const { return reset_; }

  private:
    int reserve_percent_;
    bool known_ = false;          ///< whether any answer said anything
    std::int64_t available_ = 0;  ///< requests left until `reset_`, without the reserve
    SteadyTime reset_;
};

}  // namespace exporter::scan

// Responses that a client must survive and must never accept as a page of the listing.
#pragma once

#include "demo/organization.h"
#include "support/simulated_datadog.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace exporter::tools {

/// For `support::Faults::intercept`: occasionally replaces the page with a fault, chosen uniformly from the
/// table. The same seed and request sequence give the same responses.
class Chaos {
  public:
    /// @param probability of a fault, 0 to 1
    Chaos(double probability, std::uint64_t seed);

    [[nodiscard]] std::optional<support::CannedAnswer> operator()(std::size_t request,
                                                                  const datadog::PageRequest& query);

  private:
    double probability_;
    demo::Random random_;
};

}  // namespace exporter::tools

// Answers that a client must survive, and must never take for a page of the listing.
#pragma once

#include "demo/organization.h"
#include "support/simulated_datadog.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace exporter::tools {

/// For `support::Faults::intercept`: now and then a fault instead of the page, each of the table's as likely
/// as the others. The same seed and the same number of requests make the same answers.
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

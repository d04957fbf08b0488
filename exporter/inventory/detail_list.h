// Tokens by name, for those who switch detail on: the ones that expire soonest, never more than the limit.
#pragma once

#include "inventory/inventory.h"

#include <cstddef>
#include <vector>

namespace exporter::inventory {

/// What `tokens.detail` asks for.
enum class DetailMode {
    none,
    expiring,  ///< tokens with an expiry date, ahead or past
    all,
};

class DetailList {
  public:
    DetailList(DetailMode mode, std::size_t limit) : mode_(mode), limit_(limit) {}

    void add(const datadog::Token& token);
    /// Soonest expiry first, those without one last; ties by id.
    void write(Inventory& inventory);

  private:
    const DetailMode mode_;
    const std::size_t limit_;
    std::vector<TokenDetail> heap_;  ///< the one that gives way first is in front
    Count omitted_ = 0;
};

}  // namespace exporter::inventory

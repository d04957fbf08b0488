#include "inventory/inventory.h"

namespace exporter::inventory {

std::string_view label(Risk risk) {
    static constexpr std::array<std::string_view, risk_count> labels = {
        "never_expires",        "never_expires_privileged", "unused", "unused_privileged",
        "lifetime_over_policy", "expired_still_listed",     "leaked"};
    return labels[static_cast<std::size_t>(risk)];
}

}  // namespace exporter::inventory

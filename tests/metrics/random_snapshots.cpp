#include "metrics/random_snapshots.h"

#include "metrics/samples.h"

#include <memory>
#include <random>
#include <utility>

namespace exporter::metrics::samples {

namespace {

using inventory::Inventory;

class RandomSnapshot {
  public:
    explicit RandomSnapshot(std::uint64_t seed) : engine_(seed) {}

    Snapshot of(std::string org) {
        if (one_in(6)) {
            return {std::move(org), nullptr, {}};
        }
        Snapshot snapshot = {std::move(org), nullptr, statistics()};
        if (!one_in(4)) {
            snapshot.inventory = std::make_shared<const Inventory>(inventory());
        }
        return snapshot;
    }

  private:
    bool one_in(std::uint64_t count) { return engine_() % count == 0; }

    scan::Statistics statistics() {
        scan::Statistics statistics = one_in(5) ? scan::Statistics{} : full_statistics(engine_());
        if (one_in(2)) {
            statistics.listing.reset();
        }
        if (one_in(2)) {
            statistics.requests.clear();
        }
        if (one_in(2)) {
            statistics.rate_limit.reset();
            statistics.rate_limit_reset.reset();
        }
        return statistics;
    }

    Inventory inventory() {
        Inventory inventory = one_in(5) ? empty_inventory() : full_inventory(engine_());
        inventory.leaks_reported = one_in(2);
        if (one_in(2)) {
            inventory.details.clear();
        }
        if (one_in(2)) {
            inventory.credential_expiry.reset();
        }
        if (one_in(3)) {
            inventory.scope_grants.clear();
        }
        for (std::uint64_t scopes = engine_() % 20; scopes > 0; --scopes) {
            inventory.scope_grants.push_back(
                {"scope_" + std::to_string(scopes), full_inventory(engine_()).by_expiry});
        }
        return inventory;
    }

    std::mt19937_64 engine_;
};

}  // namespace

Snapshot random_snapshot(std::string org, std::uint64_t seed) {
    return RandomSnapshot(seed).of(std::move(org));
}

std::vector<Snapshot> random_snapshots(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<Snapshot> snapshots;
    for (std::uint64_t count = random() % 7; count > 0; --count) {
        const std::string quote = random() % 3 == 0 ? "\"" : "";
        snapshots.push_back(random_snapshot("organization " + quote + std::to_string(count), random()));
    }
    return snapshots;
}

}  // namespace exporter::metrics::samples

#include "scan/id_set.h"

#include <functional>
#include <utility>

namespace exporter::scan {

namespace {

constexpr std::size_t first_slots = 1024;

std::uint64_t hash_of(std::string_view id) {
    const std::uint64_t hash = std::hash<std::string_view>{}(id);
    return hash == 0 ? 1 : hash;  // 0 marks a free slot.
}

}  // namespace

bool IdSet::insert(std::string_view id) {
    if (4 * (size_ + 1) > 3 * slots_.size()) {
        grow();
    }
    const std::uint64_t hash = hash_of(id);
    std::uint64_t& slot = slots_[slot_of(hash)];
    if (slot == hash) {
        return false;
    }
    slot = hash;
    ++size_;
    return true;
}

std::size_t IdSet::slot_of(std::uint64_t hash) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t slot = static_cast<std::size_t>(hash) & mask;
    while (slots_[slot] != 0 && slots_[slot] != hash) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

void IdSet::grow() {
    const std::vector<std::uint64_t> old =
        std::exchange(slots_, std::vector<std::uint64_t>(slots_.empty() ? first_slots : 2 * slots_.size()));
    for (const std::uint64_t hash : old) {
        if (hash != 0) {
            slots_[slot_of(hash)] = hash;
        }
    }
}

}  // namespace exporter::scan

#include "datadog/id_set.h"

#include "datadog/text_hash.h"

#include <utility>

namespace exporter::datadog {

namespace {

constexpr std::size_t first_slots = 128;

}  // namespace

bool IdSet::insert(std::string_view id) {
    return insert(text_hash(id));
}

bool IdSet::insert(std::uint64_t hash) {
    hash += std::uint64_t{hash == 0};  // 0 marks a free slot.
    // At most four fifths full, at least three fifths.
    if (5 * (size_ + 1) > 4 * slots_.size()) {
        grow();
    }
    std::uint64_t& slot = slots_[slot_of(hash)];
    if (slot == hash) {
        return false;
    }
    slot = hash;
    ++size_;
    return true;
}

std::size_t IdSet::slot_of(std::uint64_t hash) const {
    std::size_t slot = place_of(hash, slots_.size());
    while (slots_[slot] != 0 && slots_[slot] != hash) {
        ++slot;
        slot = slot == slots_.size() ? 0 : slot;
    }
    return slot;
}

void IdSet::grow() {
    const std::size_t slots = slots_.empty() ? first_slots : slots_.size() + slots_.size() / 3;
    const std::vector<std::uint64_t> old = std::exchange(slots_, std::vector<std::uint64_t>(slots));
    for (const std::uint64_t hash : old) {
        if (hash != 0) {
            slots_[slot_of(hash)] = hash;
        }
    }
}

}  // namespace exporter::datadog

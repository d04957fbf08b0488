#include "datadog/id_set.h"

#include "datadog/text_hash.h"

#include <algorithm>
#include <utility>

namespace exporter::datadog {

namespace {

constexpr std::size_t fewest_slots = 128;

/// How many of the slots may be taken: four fifths.
std::size_t capacity(std::size_t slots) {
    return slots * 4 / 5;
}

}  // namespace

bool IdSet::insert(std::string_view id) {
    return insert(text_hash(id));
}

bool IdSet::insert(std::uint64_t hash) {
    hash += std::uint64_t{hash == 0};  // 0 marks a free slot.
    // Three to four fifths are taken.
    if (size_ >= capacity(slots_.size())) {
        resize(slots_.size() + slots_.size() / 3);
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

void IdSet::merge(const IdSet& other) {
    // They come in the order of their hashes: all would crowd at the beginning of a table that still grows.
    const std::size_t most = size_ + other.size_;
    if (most > capacity(slots_.size())) {
        resize(most + most / 4 + 1);
    }
    for (const std::uint64_t hash : other.slots_) {
        if (hash != 0) {
            insert(hash);
        }
    }
}

void IdSet::resize(std::size_t slots) {
    const auto old = std::exchange(slots_, std::vector<std::uint64_t>(std::max(slots, fewest_slots)));
    for (const std::uint64_t hash : old) {
        if (hash != 0) {
            slots_[slot_of(hash)] = hash;
        }
    }
}

}  // namespace exporter::datadog

// Ids that are counted once: of tokens, for de-duplication, or of owners.
//
// 64-bit hashes in one flat table: 10 to 13.4 bytes an id past the first few hundred. The chance that any two
// ids share a hash, so that one is taken for the other, is 3 in a hundred million among a million ids and 3
// in a million among ten million.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace exporter::datadog {

class IdSet {
  public:
    /// True when the id was not there yet.
    bool insert(std::string_view id);
    /// The same for an id's `text_hash`. Quick for hashes in any order but that of their values; for all of
    /// another set there is `merge`.
    bool insert(std::uint64_t hash);
    /// Inserts all of the other set.
    void merge(const IdSet& other);

    [[nodiscard]] std::size_t size() const { return size_; }
    /// What the table takes, in bytes.
    [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(std::uint64_t); }

  private:
    void resize(std::size_t slots);
    /// The slot that holds `hash`, or the free one where it belongs.
    [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;

    /// Open addressing, in the order of the hashes but for collisions: so that growing reads and writes
    /// memory from one end to the other. 0 is free.
    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
};

}  // namespace exporter::datadog

// The ids of one listing, for de-duplication: 64-bit hashes in one flat table, 11 to 21 bytes an id. Among a
// million ids the chance that any two share a hash is 3 in a hundred million; a token would then be taken for
// a duplicate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace exporter::scan {

class IdSet {
  public:
    /// True when the id was not there yet.
    bool insert(std::string_view id);

    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    void grow();
    /// The slot that holds `hash`, or the free one where it belongs.
    [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;

    std::vector<std::uint64_t> slots_;  ///< open addressing; 0 is free; the size is a power of two
    std::size_t size_ = 0;
};

}  // namespace exporter::scan

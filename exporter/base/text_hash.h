// Keyed hashes of untrusted text, for lookups and for storing text as numbers; and sets of ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// Without the key, nobody can construct colliding texts. It must stay secret while its hashes are in use.
struct HashKey {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    bool operator==(const HashKey&) const = default;
};

/// A new key from OpenSSL's random generator. Throws if it has no entropy.
[[nodiscard]] HashKey random_hash_key();

/// The process's own key, for hashes that don't outlive it.
[[nodiscard]] const HashKey& process_hash_key();

/// SipHash-1-3, as in the hash tables of Rust and Python: https://www.aumasson.jp/siphash/siphash.pdf.
/// The same on every machine and in every build, so hashes may outlive the process if their key does.
///
/// Unkeyed hashes are not an option: 50,000 scopes with the same `std::hash` (1 MB) block all organizations'
/// polls for 26 s.
[[nodiscard]] std::uint64_t text_hash(std::string_view text, const HashKey& key = process_hash_key());

/// 32 hexadecimal digits that identify a string everywhere: half of its SHA-256. It is unkeyed, because it
/// must be the same after a restart and in every replica, and long enough that nobody can find a collision.
[[nodiscard]] std::string text_fingerprint(std::string_view text);

/// A set of token ids, for de-duplication, or of owner ids.
///
/// 64-bit hashes in one flat table: 10 to 13.4 bytes per id beyond the first few hundred. The chance that any
/// two ids share a hash, so that one is mistaken for the other, is 3 in a hundred million for a million ids
/// and 3 in a million for ten million.
class IdSet {
  public:
    /// True if the id is new.
    bool insert(std::string_view id);
    /// Inserts an id by its `text_hash`. Slow if hashes come in ascending order; use `merge` to add another
    /// set.
    bool insert(std::uint64_t hash);
    /// Inserts all ids of the other set.
    void merge(const IdSet& other);

    [[nodiscard]] std::size_t size() const { return size_; }
    /// Size of the table in bytes.
    [[nodiscard]] std::size_t bytes() const { return slots_.capacity() * sizeof(std::uint64_t); }

  private:
    void resize(std::size_t slots);
    /// The slot that holds `hash`, or the free slot to put it in.
    [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const;

    /// Open addressing, in hash order except for collisions, so that growing reads and writes memory
    /// sequentially. 0 marks a free slot.
    std::vector<std::uint64_t> slots_;
    std::size_t size_ = 0;
};

}  // namespace exporter::base

// Hashes of texts from outside, wherever texts are looked up by hash or kept as numbers; and ids that are
// counted once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// Without it nobody can make two texts that collide. A secret as long as hashes by it are of use.
struct HashKey {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    bool operator==(const HashKey&) const = default;
};

/// A new one, from OpenSSL's generator. Throws where that has no entropy.
[[nodiscard]] HashKey random_hash_key();

/// This process's own, for what ends with it.
[[nodiscard]] const HashKey& process_hash_key();

/// SipHash-1-3, as the hash tables of Rust and Python have it: https://www.aumasson.jp/siphash/siphash.pdf.
/// The same on every machine and in every build, so that hashes may outlive the process where their key does.
///
/// Unkeyed hashes are no option: 50,000 scopes of one `std::hash` (1 MB) hold up a poll, and every other
/// organization's, for 26 s.
[[nodiscard]] std::uint64_t text_hash(std::string_view text, const HashKey& key = process_hash_key());

/// 32 hexadecimal digits that tell texts apart wherever they are seen: half of a SHA-256. It has no key, as
/// it must be the same after a restart and in every replica, and so is long enough that nobody finds two
/// texts that have the same.
[[nodiscard]] std::string text_fingerprint(std::string_view text);

/// Ids that are counted once: of tokens, for de-duplication, or of owners.
///
/// 64-bit hashes in one flat table: 10 to 13.4 bytes an id past the first few hundred. The chance that any
/// two ids share a hash, so that one is taken for the other, is 3 in a hundred million among a million ids
/// and 3 in a million among ten million.
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

}  // namespace exporter::base

#include "base/text_hash.h"

#include <fmt/ranges.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <bit>
#include <stdexcept>
#include <utility>

namespace exporter::base {

namespace {

/// Little-endian on every machine. Compilers turn this into one eight-byte load.
std::uint64_t word(const char* bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
    }
    return value;
}

/// Maps a hash to one of `places`: evenly distributed, and in hash order.
std::size_t place_of(std::uint64_t hash, std::size_t places) {
    __extension__ using Wide = unsigned __int128;
    // cppcheck-suppress shiftTooManyBits ; the type has 128 bits
    return static_cast<std::size_t>((Wide{hash} * places) >> 64U);
}

constexpr std::size_t fewest_slots = 128;

/// How many of the slots may be used: four fifths.
std::size_t capacity(std::size_t slots) {
    return slots * 4 / 5;
}

}  // namespace

HashKey random_hash_key() {
    std::array<unsigned char, sizeof(HashKey)> bytes{};
    if (::RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw std::runtime_error("OpenSSL has no random bytes for the hash key");
    }
    return std::bit_cast<HashKey>(bytes);
}

const HashKey& process_hash_key() {
    static const HashKey key = random_hash_key();
    return key;
}

std::uint64_t text_hash(std::string_view text, const HashKey& key) {
    std::uint64_t a = key.first ^ 0x736F6D6570736575;
    std::uint64_t b = key.second ^ 0x646F72616E646F6D;
    std::uint64_t c = key.first ^ 0x6C7967656E657261;
    std::uint64_t d = key.second ^ 0x7465646279746573;
    const auto round = [&] {
        a += b;
        b = std::rotl(b, 13) ^ a;
        a = std::rotl(a, 32);
        c += d;
        d = std::rotl(d, 16) ^ c;
        a += d;
        d = std::rotl(d, 21) ^ a;
        c += b;
        b = std::rotl(b, 17) ^ c;
        c = std::rotl(c, 32);
    };
    const auto take = [&](std::uint64_t next) {
        d ^= next;
        round();
        a ^= next;
    };
    constexpr std::size_t width = sizeof(std::uint64_t);
    const std::uint64_t length = text.size();
    for (; text.size() >= width; text.remove_prefix(width)) {
        take(word(text.data(), width));
    }
    take((length << 56U) | word(text.data(), text.size()));
    c ^= 0xFF;
    round();
    round();
    round();
    return a ^ b ^ c ^ d;
}

std::string text_fingerprint(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    const auto* const half = digest.begin() + digest.size() / 2;
    return fmt::format("{:02x}", fmt::join(digest.begin(), half, ""));
}

bool IdSet::insert(std::string_view id) {
    return insert(text_hash(id));
}

bool IdSet::insert(std::uint64_t hash) {
    hash += std::uint64_t{hash == 0};  // 0 marks a free slot.
    // Keeps three to four fifths of the slots in use.
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
    // The other set yields its ids in hash order; they would cluster at the start of a table that is still
    // growing.
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

}  // namespace exporter::base

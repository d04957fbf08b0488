// Which replica polls which organization, when several share them: each organization has exactly one owner,
// all replicas agree on it without talking to each other, and another replica takes over only its own part.
#include "config/config.h"

#include <fmt/format.h>

#include <cstdint>

namespace exporter::config {
namespace {

// Rendezvous hashing ("highest random weight"): each shard draws a number for a name, and the highest wins.
// One more shard changes nothing between the others, it only wins some names from each.

/// FNV-1a of 64 bits, http://www.isthe.com/chongo/tech/comp/fnv/. std::hash may differ from build to build.
std::uint64_t hash(std::string_view text) {
    std::uint64_t value = 14'695'981'039'346'656'037U;
    for (const char c : text) {
        value = (value ^ static_cast<unsigned char>(c)) * 1'099'511'628'211U;
    }
    return value;
}

/// The finalizer of SplitMix64, https://prng.di.unimi.it/splitmix64.c: any change of the input changes half
/// of the output's bits, which FNV-1a alone does not do for names that differ in their last letter.
std::uint64_t mixed(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58'476D'1CE4'E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D0'49BB'1331'11EBU;
    return value ^ (value >> 31U);
}

/// Never the same for two shards: both steps are one-to-one.
std::uint64_t weight(std::uint64_t hash_of_name, std::size_t shard) {
    constexpr std::uint64_t step = 0x9E37'79B9'7F4A'7C15U;  // SplitMix64's, 2^64 over the golden ratio
    return mixed(hash_of_name ^ mixed((shard + 1) * step));
}

}  // namespace

std::size_t shard_of(std::string_view organization, std::size_t count) {
    const std::uint64_t hash_of_name = hash(organization);
    std::size_t owner = 0;
    for (std::size_t shard = 1; shard < count; ++shard) {
        if (weight(hash_of_name, shard) > weight(hash_of_name, owner)) {
            owner = shard;
        }
    }
    return owner;
}

std::vector<Organization> organizations_of(const Shard& shard, std::vector<Organization> organizations) {
    std::erase_if(organizations, [&](const Organization& organization) {
        return shard_of(organization.name, shard.count) != shard.index;
    });
    return organizations;
}

std::string share_in_words(const Config& config) {
    if (config.shard.count == 1) {
        return {};
    }
    return fmt::format("polls {} of {} organization{} (shard {} of {})", config.organizations.size(),
                       config.organizations_configured, config.organizations_configured == 1 ? "" : "s",
                       config.shard.index, config.shard.count);
}

}  // namespace exporter::config

#include "state/archive.h"
#include "state/state_file.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <utility>

namespace exporter::state {

// Which fields a stored value has, and in what order they are in the file: `pass` writes or reads it. Each
// struct names all of its members: one that gains a member does not compile until it has been added here.
//
// They are found by the namespace of their first argument. A change here changes the file: raise
// `format_version`.

template <class Archive>
void pass(Archive& archive, Is<scan::Listing> auto& listing) {
    auto& [complete, tokens, duplicates, reported_tokens, as_of, began] = listing;
    pass_all(archive, complete, tokens, duplicates, reported_tokens, as_of, began);
}

template <class Archive>
void pass(Archive& archive, Is<inventory::Churn> auto& churn) {
    auto& [created, removed, scope_changes, late] = churn;
    pass_all(archive, created, removed, scope_changes, late);
}

template <class Archive>
void pass(Archive& archive, Is<inventory::ScopeGrants> auto& grants) {
    auto& [scope, counts] = grants;
    pass_all(archive, scope, counts);
}

template <class Archive>
void pass(Archive& archive, Is<inventory::TokenDetail> auto& detail) {
    auto& [id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at] = detail;
    pass_all(archive, id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at);
}

template <class Archive>
void pass(Archive& archive, Is<inventory::Inventory> auto& inventory) {
    auto& [as_of, tokens, expiry_buckets, last_used_buckets, age_buckets, by_expiry, unscoped, privileged,
           by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants, distinct_scopes, folded_scopes,
           next_expiry, oldest_creation, credential_expiry, details, details_omitted, churn,
           distinct_owners] = inventory;
    pass_all(archive, as_of, tokens, expiry_buckets, last_used_buckets, age_buckets, by_expiry, unscoped,
             privileged, by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants, distinct_scopes,
             folded_scopes, next_expiry, oldest_creation, credential_expiry, details, details_omitted, churn,
             distinct_owners);
}

/// Hashes are spread over all their bits, which varints would only make longer.
template <class Archive>
void pass(Archive& archive, Is<inventory::CensusEntry> auto& entry) {
    auto& [id_hash, scopes_hash, type] = entry;
    archive.fixed(id_hash);
    archive.fixed(scopes_hash);
    pass(archive, type);
}

std::uint32_t crc_of(std::string_view bytes, std::uint32_t before) {
    return static_cast<std::uint32_t>(
        ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

void pass(Reader& reader, base::Timestamp& value) {
    // Moments that RFC 3339 can write, and some to spare; sums and differences of them can't overflow.
    constexpr base::Timestamp earliest = std::chrono::sys_days(std::chrono::year(-1) / 1 / 1);
    constexpr base::Timestamp latest = std::chrono::sys_days(std::chrono::year(10'001) / 1 / 1);
    std::uint64_t microseconds = 0;
    reader.fixed(microseconds);
    value = base::Timestamp(base::Timestamp::duration(static_cast<base::Timestamp::rep>(microseconds)));
    if (value < earliest || value > latest) {
        reader.refuse("a date is out of range");
        value = {};
    }
}

namespace {

using base::Timestamp;

/// A line, so that whoever opens the file reads what it is.
constexpr std::string_view magic = "datadog_token_exporter state\n";
constexpr std::size_t checksum_size = sizeof(std::uint32_t);
constexpr std::size_t shortest_file = magic.size() + sizeof(format_version) + 16 + checksum_size;

void write_organization(Writer& writer, const OrganizationState& state) {
    const auto& [name, fingerprint, listing, inventory, census] = state;
    const bool has_census = census != nullptr;
    pass_all(writer, name, fingerprint, listing, *inventory, has_census);
    if (has_census) {
        pass_all(writer, census->entries, census->began, census->churn);
    }
}

/// Whether entries are sorted as a census keeps them. No hash twice: the odds are those of `CensusEntry`, and
/// the price is a cold start.
bool in_order(const std::vector<inventory::CensusEntry>& entries) {
    return std::adjacent_find(entries.begin(), entries.end(),
                              [](const inventory::CensusEntry& left, const inventory::CensusEntry& right) {
                                  return left.id_hash >= right.id_hash;
                              }) == entries.end();
}

std::shared_ptr<const OrganizationState> read_organization(Reader& reader) {
    auto inventory = std::make_shared<inventory::Inventory>();
    auto state = std::make_shared<OrganizationState>();
    bool has_census = false;
    pass_all(reader, state->name, state->fingerprint, state->listing, *inventory, has_census);
    if (has_census) {
        inventory::Census census;
        pass_all(reader, census.entries, census.began, census.churn);
        if (!in_order(census.entries)) {
            reader.refuse("a census is not in order");
        }
        state->census = std::make_shared<const inventory::Census>(std::move(census));
    }
    state->inventory = std::move(inventory);
    if (reader.problem() == nullptr) {
        if (const char* broken = broken_invariant(*state)) {
            reader.refuse(broken);
        }
    }
    return state;
}

}  // namespace

void write(const States& states, const base::HashKey& key, const Output& output) {
    Writer writer(output);
    writer.bytes(magic);
    writer.fixed(format_version);
    writer.fixed(key.first);
    writer.fixed(key.second);
    for (const auto& state : states) {
        write_organization(writer, *state);
    }
    writer.finish();
}

bool looks_like_state(std::string_view bytes) {
    return bytes.substr(0, magic.size()) == magic.substr(0, bytes.size());
}

tl::expected<Stored, std::string> decode(std::string_view bytes) {
    if (!looks_like_state(bytes)) {
        return tl::unexpected<std::string>("it is no state file of this program");
    }
    if (bytes.size() < shortest_file) {
        return tl::unexpected<std::string>("it is torn: it ends before it has begun");
    }
    const std::string_view checked = bytes.substr(0, bytes.size() - checksum_size);
    Stored stored;
    Reader reader(checked.substr(magic.size()));
    std::uint32_t version = 0;
    reader.fixed(version);
    if (version != format_version) {
        return tl::unexpected(
            fmt::format("it has format {}, written by {} version of this program; this one reads format {}",
                        version, version > format_version ? "a newer" : "an older", format_version));
    }
    std::uint32_t checksum = 0;
    Reader(bytes.substr(checked.size())).fixed(checksum);
    if (checksum != crc_of(checked)) {
        return tl::unexpected<std::string>("it is torn or damaged: its checksum is wrong");
    }
    reader.fixed(stored.key.first);
    reader.fixed(stored.key.second);
    std::set<std::string_view> names;
    while (reader.problem() == nullptr && !reader.at_end()) {
        stored.states.push_back(read_organization(reader));
        if (!names.insert(stored.states.back()->name).second) {
            reader.refuse("an organization is there twice");
        }
    }
    if (reader.problem() != nullptr) {
        return tl::unexpected(fmt::format("it contradicts itself: {}", reader.problem()));
    }
    return stored;
}

}  // namespace exporter::state

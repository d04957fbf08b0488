#include "state/state_file.h"

#include "base/regular_file.h"
#include "base/replacement_file.h"
#include "inventory/label_text.h"
#include "state/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

namespace exporter::state {

using base::Timestamp;
using inventory::ByBucket;
using inventory::Census;
using inventory::CensusEntry;
using inventory::Churn;
using inventory::Count;
using inventory::Inventory;
using inventory::ScopeGrants;
using inventory::TokenDetail;

// These functions define which fields of a struct are stored, and in what order. Each names all members, so
// that a new member does not compile until it has been added here. Any change here changes the file format:
// raise `format_version`. So does a change to what an array is indexed by.
static_assert(inventory::finding_count == 9 && inventory::type_pair_count == 12);

template <class Archive>
void pass(Archive& archive, Is<scan::Listing> auto& listing) {
    auto& [complete, tokens, duplicates, reported_tokens, as_of, began] = listing;
    pass_all(archive, complete, tokens, duplicates, reported_tokens, as_of, began);
}

template <class Archive>
void pass(Archive& archive, Is<Churn> auto& churn) {
    auto& [created, removed, scope_changes, late] = churn;
    pass_all(archive, created, removed, scope_changes, late);
}

template <class Archive>
void pass(Archive& archive, Is<ScopeGrants> auto& grants) {
    auto& [scope, counts] = grants;
    pass_all(archive, scope, counts);
}

/// Omits the fields that only `--list` shows, because it keeps no state.
template <class Archive>
void pass(Archive& archive, Is<TokenDetail> auto& detail) {
    auto& [findings, id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at,
           public_portion, scopes] = detail;
    pass_all(archive, findings, id, name, type, owner_type, owner_id, expires_at, last_used_at, created_at);
}

template <class Archive>
void pass(Archive& archive, Is<inventory::Shown> auto& shown) {
    auto& [by_expiry, unscoped, privileged, by_last_use, by_age, at_risk] = shown;
    pass_all(archive, by_expiry, unscoped, privileged, by_last_use, by_age, at_risk);
}

/// Omits the churn, which is stored with the census, and the names that only `--list` shows.
template <class Archive>
void pass(Archive& archive, Is<Inventory> auto& inventory) {
    auto& [as_of, tokens, shown, expiry_buckets, last_used_buckets, age_buckets, by_expiry, unscoped,
           privileged, by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants, distinct_scopes,
           folded_scopes, next_expiry, next_expiry_in_use, oldest_creation, credential_expiry, details,
           details_omitted, scope_names, churn, single_owner] = inventory;
    pass_all(archive, as_of, tokens, shown, expiry_buckets, last_used_buckets, age_buckets, by_expiry,
             unscoped, privileged, by_last_use, by_age, at_risk, leaks_reported, owners, scope_grants,
             distinct_scopes, folded_scopes, next_expiry, next_expiry_in_use, oldest_creation,
             credential_expiry, details, details_omitted, single_owner);
}

/// Hashes use all their bits, so varints would only make them longer.
template <class Archive>
void pass(Archive& archive, Is<CensusEntry> auto& entry) {
    auto& [id_hash, scopes_hash, type] = entry;
    archive.fixed(id_hash);
    archive.fixed(scopes_hash);
    pass(archive, type);
}

namespace {

// The invariants that a decoded state must have, because its users rely on them.

bool is_label(std::string_view text) {
    return inventory::label_text(text) == text;
}

void check_bucket_names(const std::vector<std::string>& names) {
    const std::set<std::string_view> distinct(names.begin(), names.end());
    require(distinct.size() == names.size() && std::all_of(names.begin(), names.end(), is_label),
            "the bucket names are not distinct labels");
}

/// @param tokens their number, if the table counts each token once; nullopt if it counts only some of them
void check_counts(const ByBucket& table, const std::vector<std::string>& buckets,
                  std::optional<Count> tokens) {
    Count sum = 0;
    for (const std::vector<Count>& counts : table) {
        require(counts.size() == buckets.size(), "counts don't match the named buckets");
        sum = std::accumulate(counts.begin(), counts.end(), sum);
    }
    require(!tokens || sum == *tokens, "counts don't add up to the tokens");
}

void check_scopes(const Inventory& inventory) {
    std::string_view before;
    for (const auto& [scope, grants] : inventory.scope_grants) {
        const bool is_next = &scope == &inventory.scope_grants.front().scope || scope > before;
        const bool has_buckets = std::all_of(grants.begin(), grants.end(), [&](const auto& counts) {
            return counts.empty() || counts.size() == inventory.expiry_buckets.size();
        });
        require(is_next && is_label(scope) && has_buckets,
                "scopes are not distinct labels in order, or lack buckets");
        before = scope;
    }
}

void check_details(const std::vector<TokenDetail>& details) {
    std::set<std::string_view> ids;
    for (const TokenDetail& detail : details) {
        require(is_label(detail.id) && is_label(detail.name) && is_label(detail.owner_id) &&
                    ids.insert(detail.id).second,
                "tokens in detail are not distinct labels");
    }
}

/// Entries must be sorted as in a census, without duplicate hashes. A collision is as unlikely as
/// `CensusEntry` says, and costs a cold start.
void check_census(const std::vector<CensusEntry>& entries) {
    const auto disordered = [](const CensusEntry& left, const CensusEntry& right) {
        return left.id_hash >= right.id_hash;
    };
    require(std::adjacent_find(entries.begin(), entries.end(), disordered) == entries.end(),
            "a census is not sorted");
}

void check(const OrganizationState& state) {
    const Inventory& inventory = *state.inventory;
    check_bucket_names(inventory.expiry_buckets);
    check_bucket_names(inventory.last_used_buckets);
    check_bucket_names(inventory.age_buckets);
    check_counts(inventory.by_expiry, inventory.expiry_buckets, inventory.tokens);
    check_counts(inventory.unscoped, inventory.expiry_buckets, std::nullopt);
    check_counts(inventory.privileged, inventory.expiry_buckets, std::nullopt);
    check_counts(inventory.by_last_use, inventory.last_used_buckets, inventory.tokens);
    check_counts(inventory.by_age, inventory.age_buckets, inventory.tokens);
    require(state.listing.tokens == inventory.tokens, "counts don't add up to the tokens");
    check_scopes(inventory);
    check_details(inventory.details);
    require(!state.listing.complete || (state.census && state.census->entries.size() == inventory.tokens),
            "census and counts are from different listings");
}

/// A line of text, so that anyone who opens the file sees what it is.
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

std::shared_ptr<const OrganizationState> read_organization(Reader& reader) {
    auto inventory = std::make_shared<Inventory>();
    auto state = std::make_shared<OrganizationState>();
    bool has_census = false;
    pass_all(reader, state->name, state->fingerprint, state->listing, *inventory, has_census);
    if (has_census) {
        Census census;
        pass_all(reader, census.entries, census.began, census.churn);
        check_census(census.entries);
        inventory->churn = census.churn;
        state->census = std::make_shared<const Census>(std::move(census));
    }
    state->inventory = std::move(inventory);
    check(*state);
    return state;
}

bool is_nothing_at(const std::string& path) {
    std::error_code ignored;
    return std::filesystem::symlink_status(path, ignored).type() == std::filesystem::file_type::not_found;
}

/// Why the file at the path must not be replaced; empty: it is a state file, or nothing is there.
std::string fault_in_replacing(const std::string& path) {
    if (is_nothing_at(path)) {
        return {};
    }
    constexpr std::size_t enough_to_know_it = 64;
    const auto file =
        base::read_regular_file(path, enough_to_know_it, base::Links::refused, base::Longer::cut);
    if (!file) {
        return "it " + file.error();
    }
    return looks_like_state(file->text.expose())
               ? ""
               : "it is not a state file of this program, and is left alone";
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
        return tl::unexpected<std::string>("it is not a state file of this program");
    }
    if (bytes.size() < shortest_file) {
        return tl::unexpected<std::string>("it is truncated: it ends within its header");
    }
    const std::string_view checked = bytes.substr(0, bytes.size() - checksum_size);
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
        return tl::unexpected<std::string>("it is truncated or damaged: its checksum is wrong");
    }
    Stored stored;
    reader.fixed(stored.key.first);
    reader.fixed(stored.key.second);
    try {
        std::string_view before;
        while (!reader.at_end()) {
            const auto& state = stored.states.emplace_back(read_organization(reader));
            require(state->name > before, "the organizations' names are not sorted");
            before = state->name;
        }
    } catch (const Contradiction& contradiction) {
        return tl::unexpected(fmt::format("it contradicts itself: {}", contradiction.what));
    }
    return stored;
}

tl::expected<Stored, Refusal> read_state_file(const std::string& path) {
    if (is_nothing_at(path)) {
        return Stored{};
    }
    const auto refused = [&path](std::string why) {
        return tl::unexpected(Refusal{std::move(why), fault_in_replacing(path).empty()});
    };
    const auto file = base::read_regular_file(path, max_file_size, base::Links::refused);
    if (!file) {
        return refused("it " + file.error());
    }
    if (!file->others_may_write.empty()) {
        return refused(file->others_may_write);
    }
    auto stored = decode(file->text.expose());
    if (!stored) {
        return refused(std::move(stored).error());
    }
    return *std::move(stored);
}

tl::expected<void, std::string> write_state_file(const std::string& path, const States& states,
                                                 const base::HashKey& key) {
    base::ReplacementFile file(path, {.links = base::Links::refused, .mode = 0600});
    write(states, key, [&file](std::string_view bytes) { file.append(bytes); });
    if (file.size() > max_file_size) {
        return tl::unexpected(
            fmt::format("{}: it would be longer than {} MiB", path, max_file_size / 1024 / 1024));
    }
    if (const std::string fault = fault_in_replacing(path); !fault.empty()) {
        return tl::unexpected(fmt::format("{}: {}", path, fault));
    }
    return file.commit();
}

}  // namespace exporter::state

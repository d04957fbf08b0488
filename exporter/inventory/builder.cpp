#include "inventory/builder.h"

#include "inventory/label_text.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

using base::Timestamp;
using datadog::Token;

ByBucket zeros(std::size_t buckets) {
    ByBucket counts;
    for (std::vector<Count>& of_pair : counts) {
        of_pair.assign(buckets, 0);
    }
    return counts;
}

void keep_earliest(std::optional<Timestamp>& earliest, Timestamp moment) {
    if (!earliest || moment < *earliest) {
        earliest = moment;
    }
}

Timestamp expiry_or_never(const std::optional<Timestamp>& expires_at) {
    return expires_at.value_or(Timestamp::max());
}

bool sooner(const TokenDetail& left, const TokenDetail& right) {
    const Timestamp left_expiry = expiry_or_never(left.expires_at);
    const Timestamp right_expiry = expiry_or_never(right.expires_at);
    return left_expiry != right_expiry ? left_expiry < right_expiry : left.id < right.id;
}

TokenDetail detail_of(const Token& token) {
    return {.id = id_label(token.id),
            .name = label_text(token.name),
            .type = token.type,
            .owner_type = token.owner_type,
            .owner_id = label_text(token.owner_id),
            .expires_at = token.expires_at.moment(),
            .last_used_at = token.last_used_at.moment(),
            .created_at = token.created_at.moment()};
}

}  // namespace

InventoryBuilder::InventoryBuilder(const Rules& rules, Timestamp now, std::shared_ptr<const Census> previous)
    : rules_(rules),
      now_(now),
      previous_(std::move(previous)),
      scopes_(rules.privileged_scopes, rules.expiry.size(), rules.max_scopes, rules.census_key) {
    if (previous_) {
        // So many and a few new ones: growing would copy them all, beside the census before.
        entries_.reserve(previous_->entries().size() + previous_->entries().size() / 16);
    }
    inventory_.as_of = now;
    inventory_.expiry_buckets = rules.expiry.names();
    inventory_.last_used_buckets = rules.last_used.names();
    inventory_.age_buckets = rules.age.names();
    inventory_.by_expiry = zeros(rules.expiry.size());
    inventory_.unscoped = zeros(rules.expiry.size());
    inventory_.privileged = zeros(rules.expiry.size());
    inventory_.by_last_use = zeros(rules.last_used.size());
    inventory_.by_age = zeros(rules.age.size());
}

bool InventoryBuilder::add(const Token& token) {
    const std::size_t expiry = rules_.expiry.index(token.expires_at, now_);
    const auto scopes = scopes_.add(token.scopes, token.type, token.owner_type, expiry);
    if (scopes.too_many) {
        return false;
    }
    count_buckets(token, expiry, scopes.privileged);
    count_findings(token, scopes.privileged);
    note_dates(token);
    count_owner(token);
    note_for_churn(token, scopes.set_hash);
    recognise_own(token);
    add_detail(token);
    return true;
}

InventoryBuilder::Built InventoryBuilder::build(bool complete, Timestamp began) && {
    scopes_.write(inventory_, rules_.scope_limit);
    base::IdSet all_owners;
    for (const auto [type, owner] : type_pairs) {
        const base::IdSet& of_pair = owners_.at(type, owner);
        inventory_.owners.at(type, owner) = of_pair.size();
        all_owners.merge(of_pair);
    }
    inventory_.distinct_owners = all_owners.size();
    std::sort_heap(inventory_.details.begin(), inventory_.details.end(), sooner);

    auto census = complete ? take_census(began) : previous_;
    if (census) {
        inventory_.churn = census->churn();
    }
    return {std::move(inventory_), std::move(census)};
}

void InventoryBuilder::count_buckets(const Token& token, std::size_t expiry, bool privileged) {
    const auto count = [&token](ByBucket& counts, std::size_t bucket) {
        ++counts.at(token.type, token.owner_type)[bucket];
    };
    ++inventory_.tokens;
    count(inventory_.by_expiry, expiry);
    count(inventory_.by_last_use, rules_.last_used.index(token.last_used_at, now_));
    count(inventory_.by_age, rules_.age.index(token.created_at, now_));
    if (token.scopes.empty() && token.scopes_readable) {
        count(inventory_.unscoped, expiry);
    }
    if (privileged) {
        count(inventory_.privileged, expiry);
    }
}

void InventoryBuilder::count_findings(const Token& token, bool privileged) {
    const JudgedToken judged{token, privileged, rules_, now_};
    for (const Finding& finding : findings) {
        const auto risk = static_cast<std::size_t>(finding.risk);
        inventory_.at_risk[risk].at(token.type, token.owner_type) += Count{finding.applies(judged)};
    }
    inventory_.leaks_reported = inventory_.leaks_reported || token.leak != datadog::Leak::unknown;
}

void InventoryBuilder::note_dates(const Token& token) {
    if (const auto& expires = token.expires_at.moment(); expires && *expires > now_) {
        keep_earliest(inventory_.next_expiry.at(token.type, token.owner_type), *expires);
    }
    if (const auto& created = token.created_at.moment()) {
        keep_earliest(inventory_.oldest_creation.at(token.type, token.owner_type), *created);
    }
}

void InventoryBuilder::count_owner(const Token& token) {
    if (!token.owner_id.empty()) {
        owners_.at(token.type, token.owner_type).insert(token.owner_id);
    }
}

void InventoryBuilder::note_for_churn(const Token& token, std::uint32_t scopes_hash) {
    const std::uint64_t id_hash = base::text_hash(token.id, rules_.census_key);
    entries_.push_back({id_hash, scopes_hash, token.type});
    const auto& created = token.created_at.moment();
    if (previous_ && (!created || *created >= previous_->began())) {
        newcomers_.push_back(id_hash);
    }
}

void InventoryBuilder::recognise_own(const Token& token) {
    if (rules_.is_own_token && rules_.is_own_token(token.public_portion)) {
        inventory_.credential_expiry = token.expires_at.moment();
    }
}

/// The tokens that expire soonest, never more than the limit; ties by id.
void InventoryBuilder::add_detail(const Token& token) {
    const auto& expires_at = token.expires_at.moment();
    if (!rules_.detail || (!rules_.detail->without_expiry && !expires_at)) {
        return;
    }
    std::vector<TokenDetail>& heap = inventory_.details;
    const bool full = heap.size() >= rules_.detail->limit;
    inventory_.details_omitted += Count{full};
    if (full && (rules_.detail->limit == 0 ||
                 expiry_or_never(expires_at) > expiry_or_never(heap.front().expires_at))) {
        return;
    }
    heap.push_back(detail_of(token));
    std::push_heap(heap.begin(), heap.end(), sooner);
    if (full) {
        std::pop_heap(heap.begin(), heap.end(), sooner);
        heap.pop_back();
    }
}

std::shared_ptr<const Census> InventoryBuilder::take_census(Timestamp began) {
    if (!previous_) {
        return std::make_shared<const Census>(std::move(entries_), began, Churn{});
    }
    return std::make_shared<const Census>(std::move(entries_), began, *previous_, std::move(newcomers_));
}

}  // namespace exporter::inventory

#include "inventory/builder.h"

#include "datadog/text_hash.h"
#include "inventory/detail_list.h"
#include "inventory/label_text.h"
#include "inventory/scope_table.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

using base::Timestamp;
using datadog::Date;
using datadog::OwnerType;
using datadog::Token;
using datadog::TokenType;

ByBucket zeros(std::size_t buckets) {
    ByBucket counts;
    for (const TokenType type : {TokenType::personal, TokenType::service, TokenType::other}) {
        for (const OwnerType owner :
             {OwnerType::user, OwnerType::service_account, OwnerType::other, OwnerType::unknown}) {
            counts.at(type, owner).assign(buckets, 0);
        }
    }
    return counts;
}

void keep_earliest(std::optional<Timestamp>& earliest, Timestamp moment) {
    if (!earliest || moment < *earliest) {
        earliest = moment;
    }
}

/// Why a token deserves a look, in the order of `Risk`.
using Findings = std::array<bool, risk_count>;

bool is_unused(const Token& token, Timestamp now, std::chrono::milliseconds max_idle) {
    // Never used is only suspicious of a token that had the time to be used.
    const Date& since = token.last_used_at.is_none() ? token.created_at : token.last_used_at;
    return since.moment() && now - *since.moment() > max_idle;
}

Findings findings_of(const Token& token, bool privileged, const Rules& rules, Timestamp now) {
    const auto& expires = token.expires_at.moment();
    const auto& created = token.created_at.moment();
    const bool expired = expires && *expires <= now;
    const bool never_expires = token.expires_at.is_none();
    const bool unused = !expired && is_unused(token, now, rules.max_idle);
    const bool long_lived = !expired && expires && created && *expires - *created > rules.max_lifetime;
    return {never_expires, never_expires && privileged,        unused, unused && privileged, long_lived,
            expired,       token.leak == datadog::Leak::leaked};
}

}  // namespace

class InventoryBuilder::State {
  public:
    State(const Rules& rules, Timestamp now, std::shared_ptr<const Census> previous)
        : rules_(rules),
          now_(now),
          previous_(std::move(previous)),
          scopes_(rules.privileged_scopes, rules.expiry.size(), rules.max_scopes, rules.census_key),
          details_(rules.detail, rules.detail_limit) {
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

    bool add(const Token& token) {
        const std::size_t expiry = rules_.expiry.index(token.expires_at, now_);
        const auto scopes = scopes_.add(token.scopes, token.type, token.owner_type, expiry);
        if (scopes.too_many) {
            return false;
        }
        count_buckets(token, expiry, scopes.privileged);
        count_risks(token, scopes.privileged);
        note_dates(token);
        count_owner(token);
        note_for_churn(token, scopes.set_hash);
        recognise_own(token);
        details_.add(token);
        return true;
    }

    Built build(bool complete, Timestamp began) {
        scopes_.write(inventory_, rules_.scope_limit);
        datadog::IdSet all_owners;
        for (std::size_t pair = 0; pair < owners_.size(); ++pair) {
            const auto type = static_cast<TokenType>(pair / datadog::owner_type_count);
            const auto owner = static_cast<OwnerType>(pair % datadog::owner_type_count);
            inventory_.owners.at(type, owner) = owners_[pair].size();
            all_owners.merge(owners_[pair]);
        }
        inventory_.distinct_owners = all_owners.size();
        details_.write(inventory_);

        auto census = complete ? take_census(began) : previous_;
        if (census) {
            inventory_.churn = census->churn();
        }
        return {std::move(inventory_), std::move(census)};
    }

  private:
    void count_buckets(const Token& token, std::size_t expiry, bool privileged) {
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

    void count_risks(const Token& token, bool privileged) {
        const Findings findings = findings_of(token, privileged, rules_, now_);
        for (std::size_t risk = 0; risk < risk_count; ++risk) {
            inventory_.at_risk[risk].at(token.type, token.owner_type) += Count{findings[risk]};
        }
        inventory_.leaks_reported = inventory_.leaks_reported || token.leak != datadog::Leak::unknown;
    }

    void note_dates(const Token& token) {
        if (const auto& expires = token.expires_at.moment(); expires && *expires > now_) {
            keep_earliest(inventory_.next_expiry.at(token.type, token.owner_type), *expires);
        }
        if (const auto& created = token.created_at.moment()) {
            keep_earliest(inventory_.oldest_creation.at(token.type, token.owner_type), *created);
        }
    }

    void count_owner(const Token& token) {
        if (!token.owner_id.empty()) {
            owners_[ByBucket::index(token.type, token.owner_type)].insert(token.owner_id);
        }
    }

    void note_for_churn(const Token& token, std::uint32_t scopes_hash) {
        const std::uint64_t id_hash = datadog::text_hash(token.id, rules_.census_key);
        entries_.push_back({id_hash, scopes_hash, token.type});
        const auto& created = token.created_at.moment();
        if (previous_ && (!created || *created >= previous_->began())) {
            newcomers_.push_back(id_hash);
        }
    }

    void recognise_own(const Token& token) {
        if (rules_.is_own_token && rules_.is_own_token(token.public_portion)) {
            inventory_.credential_expiry = token.expires_at.moment();
        }
    }

    std::shared_ptr<const Census> take_census(Timestamp began) {
        if (!previous_ || !previous_->is_comparable()) {
            return std::make_shared<const Census>(std::move(entries_), began,
                                                  previous_ ? previous_->churn() : Churn{});
        }
        return std::make_shared<const Census>(std::move(entries_), began, *previous_, std::move(newcomers_));
    }

    const Rules& rules_;
    const Timestamp now_;
    const std::shared_ptr<const Census> previous_;

    Inventory inventory_;
    ScopeTable scopes_;
    DetailList details_;
    std::array<datadog::IdSet, ByBucket::size> owners_;

    std::vector<CensusEntry> entries_;
    std::vector<std::uint64_t> newcomers_;  ///< since `previous_` began, by id hash
};

InventoryBuilder::InventoryBuilder(const Rules& rules, Timestamp now, std::shared_ptr<const Census> previous)
    : state_(std::make_unique<State>(rules, now, std::move(previous))) {}

InventoryBuilder::~InventoryBuilder() = default;

bool InventoryBuilder::add(const Token& token) {
    return state_->add(token);
}

InventoryBuilder::Built InventoryBuilder::build(bool complete, Timestamp began) && {
    return state_->build(complete, began);
}

}  // namespace exporter::inventory

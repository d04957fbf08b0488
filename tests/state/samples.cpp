#include "state/samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <random>

namespace exporter::state {

namespace {

using inventory::Census;
using inventory::CensusEntry;
using inventory::Date;
using inventory::day;
using inventory::Inventory;
using inventory::now;
using inventory::OwnerType;
using inventory::TestToken;
using inventory::TokenType;

class RandomTokens {
  public:
    explicit RandomTokens(unsigned seed) : random_(seed) {}

    TestToken next(std::size_t number) {
        static constexpr std::array types = {TokenType::personal, TokenType::service, TokenType::other};
        static constexpr std::array owners = {OwnerType::user, OwnerType::service_account, OwnerType::other,
                                              OwnerType::unknown};
        TestToken token;
        token.id = fmt::format("token-{}{}", number, below(9) == 0 ? "\n" : "");
        token.type = types[below(types.size())];
        token.owner_type = owners[below(owners.size())];
        token.owner_id = token.owner_type == OwnerType::unknown ? "" : fmt::format("owner-{}", below(9));
        token.name = below(5) == 0 ? std::string(300, 'n') + "\xFF" : fmt::format("näme {}", below(99));
        token.public_portion = number == 3 ? "ddpat_own" : "ddpat_another";
        token.created_at = date(-500, 0);
        token.expires_at = date(-100, 500);
        token.last_used_at = date(-200, 0);
        token.leak = static_cast<inventory::Leak>(below(3));
        token.scopes = scopes();
        return token;
    }
    std::vector<std::string> scopes() {
        std::vector<std::string> scopes;
        for (std::size_t i = below(6); i > 0; --i) {
            scopes.push_back(below(9) == 0 ? "org_management" : fmt::format("scope_{}", below(30)));
        }
        return scopes;
    }
    std::size_t below(std::size_t limit) { return random_() % limit; }

  private:
    Date date(int from_day, int to_day) {
        switch (below(8)) {
            case 0:
                return Date::none();
            case 1:
                return Date::unreadable();
            default:
                return inventory::ahead(day * std::uniform_int_distribution(from_day, to_day)(random_));
        }
    }

    std::mt19937 random_;
};

/// `tokens` as they might look in the next listing.
std::vector<TestToken> changed(std::vector<TestToken> tokens, RandomTokens& random,
                               std::size_t first_number) {
    tokens.erase(std::remove_if(tokens.begin(), tokens.end(),
                                [&random](const TestToken&) { return random.below(10) == 0; }),
                 tokens.end());
    for (TestToken& token : tokens) {
        if (random.below(10) == 0) {
            token.scopes = random.scopes();
        }
    }
    for (std::size_t i = 0; i < 5; ++i) {
        tokens.push_back(random.next(first_number + i));
    }
    return tokens;
}

}  // namespace

std::vector<TestToken> random_tokens(unsigned seed, std::size_t count) {
    RandomTokens random(seed);
    std::vector<TestToken> tokens;
    for (std::size_t number = 0; number < count; ++number) {
        tokens.push_back(random.next(number));
    }
    return tokens;
}

OrganizationState published(const std::string& name, const std::vector<TestToken>& tokens,
                            std::shared_ptr<const Census> previous, bool complete) {
    inventory::Rules rules = inventory::test_rules();
    rules.scope_limit = 20;
    rules.detail = inventory::DetailRules{.limit = 50};
    rules.is_own_token = [](std::string_view listed) { return listed == "ddpat_own"; };
    auto built = inventory::build(rules, tokens, std::move(previous), complete);
    const scan::Listing listing{.complete = complete,
                                .tokens = tokens.size(),
                                .duplicates = 2,
                                .reported_tokens = tokens.size(),
                                .as_of = now,
                                .began = now};
    return {name, "endpoint and rules of " + name, listing,
            std::make_shared<const Inventory>(std::move(built.inventory)), std::move(built.census)};
}

OrganizationState random_state(unsigned seed, const std::string& name, std::size_t count) {
    RandomTokens random(seed + 1000);
    auto tokens = random_tokens(seed, count);
    auto state = published(name, tokens);
    for (std::size_t listing = 1; listing < 3; ++listing) {
        tokens = changed(std::move(tokens), random, count + 5 * listing);
        // One listing in three is inconsistent, so census and churn stay those of the previous one.
        state = published(name, tokens, state.census, random.below(3) != 0);
    }
    return state;
}

OrganizationState small_state() {
    // All values of a kind differ, so a mix-up between fields would be detected.
    auto inventory = inventory::count({{.id = "a"}, {.id = "b", .scopes = {"metrics_read"}}});
    inventory.unscoped.at(TokenType::personal, OwnerType::user)[0] = 11;
    inventory.privileged.at(TokenType::personal, OwnerType::user)[0] = 12;
    inventory.single_owner = true;
    inventory.details_omitted = 14;
    inventory.folded_scopes = 15;
    inventory.distinct_scopes = 16;
    inventory.credential_expiry = now + 3 * day;
    inventory.details = {{.findings = inventory::FindingSet(5),
                          .id = "a",
                          .name = "a token",
                          .type = TokenType::personal,
                          .owner_type = OwnerType::user,
                          .owner_id = "owner-1",
                          .expires_at = now + day,
                          .last_used_at = now - day,
                          .created_at = now - 2 * day}};
    inventory.churn = {.created = {1, 2, 3}, .removed = {4, 5, 6}, .scope_changes = {7, 8, 9}, .late = 10};
    const auto census = std::make_shared<const Census>(
        Census{{{7, 70, TokenType::personal}, {9, 90, TokenType::personal}}, now, inventory.churn});
    const scan::Listing listing{.complete = true,
                                .tokens = 2,
                                .duplicates = 3,
                                .reported_tokens = 4,
                                .as_of = now,
                                .began = now - std::chrono::seconds(1)};
    return {"production", "https://api.datadoghq.com", listing,
            std::make_shared<const Inventory>(std::move(inventory)), census};
}

States shared(std::vector<OrganizationState> states) {
    States all;
    for (OrganizationState& state : states) {
        all.push_back(std::make_shared<const OrganizationState>(std::move(state)));
    }
    return all;
}

namespace {

bool same_listing(const scan::Listing& left, const scan::Listing& right) {
    const auto parts = [](const scan::Listing& listing) {
        return std::tie(listing.complete, listing.tokens, listing.duplicates, listing.reported_tokens,
                        listing.as_of, listing.began);
    };
    return parts(left) == parts(right);
}

bool same_census(const Census& left, const Census& right) {
    const auto same_entry = [](const CensusEntry& one, const CensusEntry& other) {
        return one.id_hash == other.id_hash && one.scopes_hash == other.scopes_hash && one.type == other.type;
    };
    return left.began == right.began && left.churn == right.churn &&
           std::equal(left.entries.begin(), left.entries.end(), right.entries.begin(), right.entries.end(),
                      same_entry);
}

}  // namespace

bool same(const OrganizationState& left, const OrganizationState& right) {
    return left.name == right.name && left.fingerprint == right.fingerprint &&
           same_listing(left.listing, right.listing) && *left.inventory == *right.inventory &&
           (left.census && right.census ? same_census(*left.census, *right.census)
                                        : left.census == right.census);
}

}  // namespace exporter::state

#include "metrics/catalog.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::Inventory;
using inventory::Risk;
using samples::Labels;

std::vector<prometheus::MetricFamily> collect(Inventory inventory) {
    return samples::collect({samples::snapshot_of("o", std::move(inventory))});
}

struct BucketFamily {
    const char* name;
    const char* label;
    std::vector<std::string> buckets;
    inventory::ByBucket Inventory::* counts;
};

const std::vector<BucketFamily>& bucket_families() {
    static const std::vector<BucketFamily> families = {
        {"datadog_access_tokens", "expiry_bucket", {"expired", "under_7d", "never"}, &Inventory::by_expiry},
        {"datadog_access_tokens_unscoped",
         "expiry_bucket",
         {"expired", "under_7d", "never"},
         &Inventory::unscoped},
        {"datadog_access_tokens_privileged",
         "expiry_bucket",
         {"expired", "under_7d", "never"},
         &Inventory::privileged},
        {"datadog_access_tokens_by_last_use",
         "last_used_bucket",
         {"never", "over_90d"},
         &Inventory::by_last_use},
        {"datadog_access_tokens_by_age", "age_bucket", {"under_30d", "over_30d"}, &Inventory::by_age},
    };
    return families;
}

TEST(InventoryFamilies, AnEmptyListingIsZeroForEveryKnownPairAndBucket) {
    const auto families = collect(samples::empty_inventory());
    for (const BucketFamily& family : bucket_families()) {
        for (const char* token : {"personal", "service"}) {
            for (const char* owner : {"user", "service_account"}) {
                for (const std::string& bucket : family.buckets) {
                    const Labels labels = {
                        {"org", "o"}, {"token_type", token}, {"owner_type", owner}, {family.label, bucket}};
                    EXPECT_EQ(samples::value(families, family.name, labels), 0)
                        << family.name << " " << bucket;
                }
            }
        }
        EXPECT_EQ(samples::series_count(families, family.name), 4 * family.buckets.size()) << family.name;
    }
}

TEST(InventoryFamilies, OddTypesAppearOnlyInTheBucketsThatHoldSome) {
    for (const BucketFamily& family : bucket_families()) {
        Inventory inventory = samples::empty_inventory();
        (inventory.*family.counts).at(TokenType::other, OwnerType::user)[0] = 2;
        (inventory.*family.counts).at(TokenType::personal, OwnerType::unknown)[1] = 3;
        const auto families = collect(inventory);
        EXPECT_EQ(samples::series_count(families, family.name), 4 * family.buckets.size() + 2) << family.name;
        EXPECT_EQ(samples::value(families, family.name,
                                 {{"org", "o"},
                                  {"token_type", "other"},
                                  {"owner_type", "user"},
                                  {family.label, family.buckets[0]}}),
                  2);
        EXPECT_EQ(samples::value(families, family.name,
                                 {{"org", "o"},
                                  {"token_type", "personal"},
                                  {"owner_type", "unknown"},
                                  {family.label, family.buckets[1]}}),
                  3);
    }
}

TEST(InventoryFamilies, SumsOfDisjointFamiliesAreTheCountOfTokens) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Inventory inventory = samples::full_inventory(seed);
        const auto tokens = static_cast<double>(inventory.tokens);
        inventory.by_last_use = inventory.by_expiry;
        inventory.by_age = inventory.by_expiry;
        inventory.last_used_buckets = inventory.age_buckets = inventory.expiry_buckets;
        const auto families = collect(inventory);
        EXPECT_EQ(samples::sum(families, "datadog_access_tokens", {}), tokens) << "seed " << seed;
        EXPECT_EQ(samples::sum(families, "datadog_access_tokens_by_last_use", {}), tokens) << "seed " << seed;
        EXPECT_EQ(samples::sum(families, "datadog_access_tokens_by_age", {}), tokens) << "seed " << seed;
    }
}

TEST(InventoryFamilies, EveryCountOfEveryPairAndBucketIsPublished) {
    const Inventory inventory = samples::full_inventory(7);
    const auto families = collect(inventory);
    for (const BucketFamily& family : bucket_families()) {
        for (std::size_t token = 0; token < datadog::token_type_count; ++token) {
            for (std::size_t owner = 0; owner < datadog::owner_type_count; ++owner) {
                const auto token_type = static_cast<TokenType>(token);
                const auto owner_type = static_cast<OwnerType>(owner);
                for (std::size_t bucket = 0; bucket < family.buckets.size(); ++bucket) {
                    const Labels labels = {{"org", "o"},
                                           {"token_type", std::string(label(token_type))},
                                           {"owner_type", std::string(label(owner_type))},
                                           {family.label, family.buckets[bucket]}};
                    const auto count = (inventory.*family.counts).at(token_type, owner_type)[bucket];
                    EXPECT_EQ(samples::value(families, family.name, labels), static_cast<double>(count));
                }
            }
        }
    }
}

TEST(InventoryFamilies, ScopeGrantsArePublishedOnlyWhereThereAreAny) {
    Inventory inventory = samples::empty_inventory();
    inventory.scope_grants.resize(2);
    inventory.scope_grants[0].scope = "a";
    inventory.scope_grants[0].grants.at(TokenType::service, OwnerType::service_account) = {0, 5, 0};
    inventory.scope_grants[1].scope = "other";
    inventory.scope_grants[1].grants.at(TokenType::other, OwnerType::unknown) = {1, 0, 0};
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_scope_grants"), 2);
    EXPECT_EQ(samples::value(families, "datadog_access_token_scope_grants",
                             {{"org", "o"},
                              {"scope", "a"},
                              {"token_type", "service"},
                              {"owner_type", "service_account"},
                              {"expiry_bucket", "under_7d"}}),
              5);
    EXPECT_EQ(samples::value(families, "datadog_access_token_scope_grants",
                             {{"org", "o"},
                              {"scope", "other"},
                              {"token_type", "other"},
                              {"owner_type", "unknown"},
                              {"expiry_bucket", "expired"}}),
              1);
}

TEST(InventoryFamilies, LeaksThatNobodyReportedAreAbsentAndNotZero) {
    const auto families = collect(samples::empty_inventory());
    EXPECT_EQ(samples::find(families, "datadog_access_tokens_leaked"), nullptr);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_at_risk"),
              (inventory::risk_count - 1) * 4);
    EXPECT_EQ(samples::value(
                  families, "datadog_access_tokens_at_risk",
                  {{"org", "o"}, {"reason", "leaked"}, {"token_type", "personal"}, {"owner_type", "user"}}),
              std::nullopt);
}

TEST(InventoryFamilies, LeaksThatWereReportedAsNoneAreZero) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_leaked"), 4);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_at_risk"), inventory::risk_count * 4);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_leaked",
                             {{"org", "o"}, {"token_type", "service"}, {"owner_type", "user"}}),
              0);
}

TEST(InventoryFamilies, LeakedTokensAreAFindingAndAFamilyOfTheirOwn) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    inventory.at_risk[static_cast<std::size_t>(Risk::leaked)].at(TokenType::personal, OwnerType::other) = 4;
    const auto families = collect(inventory);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_leaked",
                             {{"org", "o"}, {"token_type", "personal"}, {"owner_type", "other"}}),
              4);
    EXPECT_EQ(samples::value(
                  families, "datadog_access_tokens_at_risk",
                  {{"org", "o"}, {"reason", "leaked"}, {"token_type", "personal"}, {"owner_type", "other"}}),
              4);
}

TEST(InventoryFamilies, EveryFindingIsPublishedUnderItsReason) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    for (std::size_t risk = 0; risk < inventory::risk_count; ++risk) {
        inventory.at_risk[risk].at(TokenType::service, OwnerType::user) = risk + 1;
    }
    const auto families = collect(inventory);
    for (std::size_t risk = 0; risk < inventory::risk_count; ++risk) {
        const std::string reason(label(static_cast<Risk>(risk)));
        EXPECT_EQ(samples::sum(families, "datadog_access_tokens_at_risk", {{"reason", reason}}),
                  static_cast<double>(risk + 1))
            << reason;
    }
}

TEST(InventoryFamilies, OwnersAreZeroFilledForKnownPairs) {
    Inventory inventory = samples::empty_inventory();
    inventory.owners.at(TokenType::service, OwnerType::other) = 1;
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_owners"), 5);
    EXPECT_EQ(samples::value(families, "datadog_access_token_owners",
                             {{"org", "o"}, {"token_type", "personal"}, {"owner_type", "service_account"}}),
              0);
}

TEST(InventoryFamilies, DatesThatDoNotExistAreAbsent) {
    const auto families = collect(samples::empty_inventory());
    EXPECT_EQ(samples::find(families, "datadog_access_token_next_expiry_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_oldest_creation_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_credential_expiry_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_expiry_timestamp_seconds"), nullptr);
}

TEST(InventoryFamilies, DatesAreUnixSecondsWithFractions) {
    Inventory inventory = samples::empty_inventory();
    inventory.next_expiry.at(TokenType::personal, OwnerType::user) =
        samples::noon + std::chrono::milliseconds(125);
    inventory.credential_expiry = samples::noon - std::chrono::milliseconds(500);
    const auto families = collect(inventory);
    EXPECT_EQ(samples::value(families, "datadog_access_token_next_expiry_timestamp_seconds",
                             {{"org", "o"}, {"token_type", "personal"}, {"owner_type", "user"}}),
              1749988800.125);
    EXPECT_EQ(
        samples::value(families, "datadog_access_token_credential_expiry_timestamp_seconds", {{"org", "o"}}),
        1749988799.5);
}

TEST(InventoryFamilies, ChurnIsZeroFilledForKnownTypes) {
    Inventory inventory = samples::empty_inventory();
    inventory.churn.removed = {0, 6, 7};
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_created_total"), 2);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_scope_changes_total"), 2);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_removed_total"), 3);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_removed_total",
                             {{"org", "o"}, {"token_type", "personal"}}),
              0);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_removed_total",
                             {{"org", "o"}, {"token_type", "service"}}),
              6);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_removed_total",
                             {{"org", "o"}, {"token_type", "other"}}),
              7);
}

TEST(InventoryFamilies, DetailHasOneSeriesForEachDateThatATokenHas) {
    Inventory inventory = samples::empty_inventory();
    inventory::TokenDetail& token = inventory.details.emplace_back();
    token.id = "1";
    token.name = "ci";
    token.type = TokenType::service;
    token.owner_type = OwnerType::service_account;
    token.owner_id = "2";
    token.created_at = samples::noon;
    const auto families = collect(inventory);
    EXPECT_EQ(samples::value(families, "datadog_access_token_created_timestamp_seconds",
                             {{"org", "o"},
                              {"token_id", "1"},
                              {"token_name", "ci"},
                              {"token_type", "service"},
                              {"owner_type", "service_account"},
                              {"owner_id", "2"}}),
              1749988800);
    EXPECT_EQ(samples::find(families, "datadog_access_token_expiry_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_last_used_timestamp_seconds"), nullptr);
}

TEST(InventoryFamilies, EachDetailFamilyHasItsOwnDate) {
    Inventory inventory = samples::empty_inventory();
    inventory::TokenDetail& token = inventory.details.emplace_back();
    token.expires_at = samples::noon + std::chrono::seconds(1);
    token.last_used_at = samples::noon + std::chrono::seconds(2);
    token.created_at = samples::noon + std::chrono::seconds(3);
    const auto families = collect(inventory);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_expiry_timestamp_seconds", {}), 1749988801);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_last_used_timestamp_seconds", {}), 1749988802);
    EXPECT_EQ(samples::sum(families, "datadog_access_token_created_timestamp_seconds", {}), 1749988803);
}

}  // namespace
}  // namespace exporter::metrics

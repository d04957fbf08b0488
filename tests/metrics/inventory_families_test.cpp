#include "metrics/catalog.h"
#include "metrics/samples.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace exporter::metrics {
namespace {

using datadog::OwnerType;
using datadog::TokenType;
using inventory::Finding;
using inventory::Inventory;
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

TEST(InventoryFamilies, AnEmptyListingPublishesOnlyShownCells) {
    const auto families = collect(samples::empty_inventory());
    for (const auto& [token, owner] : {std::pair("personal", "user"), {"service", "service_account"}}) {
        for (const char* bucket : {"expired", "under_7d", "never"}) {
            EXPECT_EQ(
                samples::value(
                    families, "datadog_access_tokens",
                    {{"org", "o"}, {"token_type", token}, {"owner_type", owner}, {"expiry_bucket", bucket}}),
                0)
                << token << " " << bucket;
        }
    }
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens"), 6);
    for (const char* sparse : {"datadog_access_tokens_unscoped", "datadog_access_tokens_privileged",
                               "datadog_access_tokens_by_last_use", "datadog_access_tokens_by_age"}) {
        EXPECT_EQ(samples::find(families, sparse), nullptr) << sparse;
    }
}

TEST(InventoryFamilies, ShownCellsArePublishedEvenIfZero) {
    Inventory inventory = samples::empty_inventory();
    inventory.shown = {};
    for (auto* const cells :
         {&inventory.shown.by_expiry, &inventory.shown.unscoped, &inventory.shown.privileged,
          &inventory.shown.by_last_use, &inventory.shown.by_age}) {
        cells->at(TokenType::other, OwnerType::user) = 0b11;
    }
    for (const BucketFamily& family : bucket_families()) {
        (inventory.*family.counts).at(TokenType::other, OwnerType::user)[0] = 2;
    }
    const auto families = collect(inventory);
    for (const BucketFamily& family : bucket_families()) {
        EXPECT_EQ(samples::series_count(families, family.name), 2) << family.name;
        const auto of_bucket = [&](const std::string& bucket) {
            return samples::value(
                families, family.name,
                {{"org", "o"}, {"token_type", "other"}, {"owner_type", "user"}, {family.label, bucket}});
        };
        EXPECT_EQ(of_bucket(family.buckets[0]), 2);
        EXPECT_EQ(of_bucket(family.buckets[1]), 0);
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
              (inventory::finding_count - 1) * 2);
    EXPECT_EQ(samples::value(
                  families, "datadog_access_tokens_at_risk",
                  {{"org", "o"}, {"reason", "leaked"}, {"token_type", "personal"}, {"owner_type", "user"}}),
              std::nullopt);
}

TEST(InventoryFamilies, LeaksThatWereReportedAsNoneAreZero) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_leaked"), 2);
    EXPECT_EQ(samples::series_count(families, "datadog_access_tokens_at_risk"), inventory::finding_count * 2);
    EXPECT_EQ(samples::value(families, "datadog_access_tokens_leaked",
                             {{"org", "o"}, {"token_type", "service"}, {"owner_type", "service_account"}}),
              0);
}

TEST(InventoryFamilies, LeakedTokensAreAFindingAndAFamilyOfTheirOwn) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    inventory.at_risk[static_cast<std::size_t>(Finding::leaked)].at(TokenType::personal, OwnerType::other) =
        4;
    samples::show_what_is_above_zero(inventory);
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
    for (std::size_t place = 0; place < inventory::finding_count; ++place) {
        inventory.at_risk[place].at(TokenType::service, OwnerType::user) = place + 1;
    }
    samples::show_what_is_above_zero(inventory);
    const auto families = collect(inventory);
    for (const inventory::FindingRow& row : inventory::findings()) {
        EXPECT_EQ(
            samples::sum(families, "datadog_access_tokens_at_risk", {{"reason", std::string(row.reason)}}),
            static_cast<double>(row.finding) + 1)
            << row.reason;
    }
}

TEST(InventoryFamilies, FindingsArePublishedTheWorstFirst) {
    Inventory inventory = samples::empty_inventory();
    inventory.leaks_reported = true;
    std::vector<std::string> reasons;
    const auto families = collect(inventory);
    for (const auto& series : samples::find(families, "datadog_access_tokens_at_risk")->metric) {
        if (reasons.empty() || reasons.back() != series.label.at(1).value) {
            reasons.push_back(series.label.at(1).value);
        }
    }
    EXPECT_EQ(reasons, (std::vector<std::string>{"leaked", "never_expires_privileged", "expiring_in_use",
                                                 "unused_privileged", "unscoped", "never_expires",
                                                 "lifetime_over_policy", "unused", "expired_still_listed"}));
}

TEST(InventoryFamilies, OwnersArePublishedForShownPairs) {
    Inventory inventory = samples::empty_inventory();
    inventory.owners.at(TokenType::service, OwnerType::other) = 1;
    inventory.by_expiry.at(TokenType::service, OwnerType::other)[0] = 1;
    samples::show_what_is_above_zero(inventory);
    const auto families = collect(inventory);
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_owners"), 3);
    EXPECT_EQ(samples::value(families, "datadog_access_token_owners",
                             {{"org", "o"}, {"token_type", "service"}, {"owner_type", "other"}}),
              1);
    EXPECT_EQ(samples::value(families, "datadog_access_token_owners",
                             {{"org", "o"}, {"token_type", "personal"}, {"owner_type", "user"}}),
              0);
}

TEST(InventoryFamilies, DatesThatDoNotExistAreAbsent) {
    const auto families = collect(samples::empty_inventory());
    EXPECT_EQ(samples::find(families, "datadog_access_token_next_expiry_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_next_expiry_in_use_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_oldest_creation_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_credential_expiry_timestamp_seconds"), nullptr);
    EXPECT_EQ(samples::find(families, "datadog_access_token_expiry_timestamp_seconds"), nullptr);
}

TEST(InventoryFamilies, DatesAreUnixSecondsWithFractions) {
    Inventory inventory = samples::empty_inventory();
    inventory.next_expiry.at(TokenType::personal, OwnerType::user) =
        samples::noon + std::chrono::milliseconds(125);
    inventory.next_expiry_in_use.at(TokenType::service, OwnerType::service_account) =
        samples::noon + std::chrono::milliseconds(250);
    inventory.credential_expiry = samples::noon - std::chrono::milliseconds(500);
    const auto families = collect(inventory);
    EXPECT_EQ(samples::value(families, "datadog_access_token_next_expiry_timestamp_seconds",
                             {{"org", "o"}, {"token_type", "personal"}, {"owner_type", "user"}}),
              1749988800.125);
    EXPECT_EQ(samples::value(families, "datadog_access_token_next_expiry_in_use_timestamp_seconds",
                             {{"org", "o"}, {"token_type", "service"}, {"owner_type", "service_account"}}),
              1749988800.25);
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

TEST(InventoryFamilies, EachFindingOfATokenInDetailIsASeries) {
    Inventory inventory = samples::empty_inventory();
    inventory::TokenDetail& token = inventory.details.emplace_back();
    token.findings = inventory::findings_named(std::vector<std::string>{"leaked", "unused"});
    token.id = "1";
    const auto families = collect(inventory);
    for (const char* reason : {"leaked", "unused"}) {
        EXPECT_EQ(samples::value(families, "datadog_access_token_finding",
                                 {{"org", "o"},
                                  {"reason", reason},
                                  {"token_id", "1"},
                                  {"token_name", ""},
                                  {"token_type", "personal"},
                                  {"owner_type", "user"},
                                  {"owner_id", ""}}),
                  1)
            << reason;
    }
    EXPECT_EQ(samples::series_count(families, "datadog_access_token_finding"), 2);
}

TEST(InventoryFamilies, OmittedDetailsAreAbsentWithoutDetail) {
    Inventory inventory = samples::empty_inventory();
    EXPECT_EQ(samples::find(collect(inventory), "datadog_access_tokens_detail_omitted"), nullptr);
    inventory.details_omitted = 0;
    EXPECT_EQ(samples::value(collect(inventory), "datadog_access_tokens_detail_omitted", {{"org", "o"}}), 0);
}

TEST(InventoryFamilies, ASingleOwnerIsUnknownWithAFilter) {
    constexpr const char* name = "datadog_access_token_listing_single_owner";
    Inventory inventory = samples::empty_inventory();
    EXPECT_EQ(samples::find(collect(inventory), name), nullptr);
    inventory.single_owner = false;
    EXPECT_EQ(samples::value(collect(inventory), name, {{"org", "o"}}), 0);
    inventory.single_owner = true;
    EXPECT_EQ(samples::value(collect(inventory), name, {{"org", "o"}}), 1);
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

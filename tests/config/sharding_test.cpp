#include "config/config.h"
#include "config/fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace exporter::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Names as people choose them: numbered ones, which differ in one character, and random ones.
std::vector<std::string> names(std::size_t number) {
    std::mt19937 engine(1);
    std::vector<std::string> result;
    result.reserve(number);
    for (std::size_t i = 0; i < number / 2; ++i) {
        result.push_back(fmt::format("customer-{}", i));
    }
    while (result.size() < number) {
        std::string name;
        for (std::size_t length = 1 + engine() % 63; length > 0; --length) {
            name += static_cast<char>('a' + engine() % 26);
        }
        result.push_back(name);
    }
    return result;
}

// During a rolling update, replicas of two versions run side by side. If these numbers change, organizations
// are polled twice or not at all meanwhile.
TEST(Sharding, KeepsKnownAssignments) {
    struct Known {
        std::string name;
        std::array<std::size_t, 4> shards;  ///< with 2, 3, 10 and 1000 shards
    };
    const std::array<std::size_t, 4> counts = {2, 3, 10, 1000};
    const std::vector<Known> known = {
        {"default", {0, 0, 9, 250}},    {"production", {1, 1, 9, 409}},
        {"sandbox", {0, 0, 5, 580}},    {"eu", {1, 1, 8, 8}},
        {"eu1", {1, 1, 7, 267}},        {"eu2", {1, 2, 2, 494}},
        {"customer-1", {0, 0, 0, 404}}, {"customer-2", {1, 1, 1, 582}},
        {"A", {1, 1, 4, 223}},          {std::string(64, 'x'), {0, 0, 0, 645}},
    };
    for (const Known& organization : known) {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            EXPECT_EQ(shard_of(organization.name, counts.at(i)), organization.shards.at(i))
                << organization.name << " of " << counts.at(i);
        }
    }
}

TEST(Sharding, OneShardHasEveryOrganization) {
    for (const std::string& name : names(1000)) {
        EXPECT_EQ(shard_of(name, 1), 0U);
    }
}

TEST(Sharding, EveryOrganizationBelongsToExactlyOneShard) {
    std::vector<Organization> all;
    for (const std::string& name : names(500)) {
        all.emplace_back().name = name;
    }
    for (const std::size_t count : {1U, 2U, 3U, 7U, 100U}) {
        std::multiset<std::string> polled;
        for (std::size_t index = 0; index < count; ++index) {
            for (const Organization& organization : organizations_of({index, count}, all)) {
                polled.insert(organization.name);
            }
        }
        std::multiset<std::string> wanted;
        for (const Organization& organization : all) {
            wanted.insert(organization.name);
        }
        EXPECT_EQ(polled, wanted) << count;
    }
}

TEST(Sharding, AddingAShardMovesOnlyItsOwnShare) {
    const std::vector<std::string> all = names(10'000);
    for (const std::size_t count : {1U, 2U, 3U, 9U, 20U}) {
        std::size_t moved = 0;
        for (const std::string& name : all) {
            const std::size_t before = shard_of(name, count);
            const std::size_t after = shard_of(name, count + 1);
            if (after != before) {
                ++moved;
                EXPECT_EQ(after, count) << name;
            }
        }
        // Binomial: within five standard deviations of the mean.
        const double share = 1.0 / static_cast<double>(count + 1);
        const double mean = 10'000 * share;
        EXPECT_NEAR(static_cast<double>(moved), mean, 5 * std::sqrt(mean * (1 - share))) << count;
    }
}

TEST(Sharding, SpreadsOrganizationsEvenly) {
    const std::vector<std::string> all = names(10'000);
    for (const std::size_t count : {2U, 3U, 10U, 50U}) {
        std::vector<double> sizes(count);
        for (const std::string& name : all) {
            ++sizes.at(shard_of(name, count));
        }
        const double mean = 10'000 / static_cast<double>(count);
        double chi_square = 0;
        for (const double size : sizes) {
            chi_square += (size - mean) * (size - mean) / mean;
        }
        // Chi-squared: the mean is the degrees of freedom, the variance twice that. Allows five standard
        // deviations.
        const auto freedom = static_cast<double>(count - 1);
        EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom)) << count;
    }
}

class ShardedFile : public testing::Test {
  protected:
    [[nodiscard]] std::string file(std::string_view more = "") const {
        std::string text = "organizations:\n";
        for (const auto* name : {"a", "b", "c", "d", "e", "f", "g"}) {
            text += fmt::format("  - {{name: {}, bearer_token_file: token}}\n", name);
        }
        return "--config.file=" + directory_.write("x.yaml", text + std::string(more));
    }
    [[nodiscard]] Config shard(std::size_t index, std::size_t count) const {
        return loaded(
            {file(), fmt::format("--shard.index={}", index), fmt::format("--shard.count={}", count)}, {});
    }

    const ScratchDirectory directory_;
    const std::string token_ = directory_.write("token", "ddpat_needle");
};

std::vector<std::string> names_in(const Config& config) {
    std::vector<std::string> result;
    result.reserve(config.organizations.size());
    for (const Organization& organization : config.organizations) {
        result.push_back(organization.name);
    }
    return result;
}

TEST_F(ShardedFile, IsPolledCompletelyByAllShards) {
    std::vector<std::string> polled;
    for (std::size_t index = 0; index < 3; ++index) {
        const Config config = shard(index, 3);
        EXPECT_EQ(config.organizations_configured, 7U);
        for (const std::string& name : names_in(config)) {
            EXPECT_EQ(shard_of(name, 3), index);
            polled.push_back(name);
        }
    }
    EXPECT_THAT(polled, testing::UnorderedElementsAre("a", "b", "c", "d", "e", "f", "g"));
}

TEST_F(ShardedFile, MayLeaveAShardWithoutOrganization) {
    std::size_t empty = 0;
    for (std::size_t index = 0; index < 20; ++index) {
        empty += shard(index, 20).organizations.empty() ? 1U : 0U;
    }
    EXPECT_GE(empty, 13U);
}

TEST_F(ShardedFile, IsValidatedByEveryShard) {
    const std::string wrong = file("  - {name: h, bearer_token_file: nowhere}\n");
    for (const auto* index : {"--shard.index=0", "--shard.index=1", "--shard.index=2"}) {
        EXPECT_THAT(mistakes_of({wrong, "--shard.count=3", index}, {}), ElementsAre(HasSubstr("nowhere")));
    }
}

TEST_F(ShardedFile, ShowsEveryOrganizationWithItsShard) {
    const Config config = shard(1, 3);
    for (const auto* name : {"a", "b", "c", "d", "e", "f", "g"}) {
        const std::size_t begin = config.in_effect.find(fmt::format("  - name: {}  #", name));
        ASSERT_NE(begin, std::string::npos) << name;
        const std::size_t line = config.in_effect.find('\n', begin) + 1;
        EXPECT_THAT(config.in_effect.substr(line),
                    StartsWith(fmt::format("    # polled by shard {}\n", shard_of(name, 3))));
    }
    const Config again =
        loaded({"--config.file=" + directory_.write("again.yaml", config.in_effect)}, Environment{});
    EXPECT_EQ(names_in(again), names_in(config));
}

TEST(OneOrganization, IsPolledByOneShard) {
    std::size_t polled = 0;
    for (const auto* index : {"--shard.index=0", "--shard.index=1", "--shard.index=2"}) {
        const Config config = loaded({"--shard.count=3", index});
        EXPECT_EQ(config.organizations_configured, 1U);
        polled += config.organizations.size();
    }
    EXPECT_EQ(polled, 1U);
}

TEST(Share, IsDescribedOnlyIfSharded) {
    Config config;
    config.organizations_configured = 7;
    config.organizations.resize(2);
    EXPECT_EQ(share_in_words(config), "");
    config.shard = {0, 3};
    EXPECT_EQ(share_in_words(config), "polls 2 of 7 organizations (shard 0 of 3)");
    config.organizations_configured = 1;
    config.organizations.clear();
    EXPECT_EQ(share_in_words(config), "polls 0 of 1 organization (shard 0 of 3)");
}

}  // namespace
}  // namespace exporter::config

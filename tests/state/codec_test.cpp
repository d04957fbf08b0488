// Encoded states decode to the same states, and nothing else decodes.
#include "state/samples.h"
#include "state/state_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace exporter::state {
namespace {

using testing::HasSubstr;

constexpr std::size_t version_place = 29;  // after the line that identifies the file

States read_back(const States& states) {
    auto decoded = decode(encode(states, test_key));
    EXPECT_TRUE(decoded) << decoded.error();
    return decoded ? decoded->states : States{};
}

std::string why_not(const std::string& bytes) {
    const auto decoded = decode(bytes);
    return decoded ? "it was read" : decoded.error();
}

TEST(State, SurvivesARoundTrip) {
    for (unsigned seed = 0; seed < 50; ++seed) {
        const States states = shared({random_state(seed, "a", seed), random_state(seed + 1, "b", 200),
                                      published("listed nothing", {}),
                                      published("never complete", random_tokens(seed, 9), nullptr, false)});

        const States read = read_back(states);

        ASSERT_EQ(read.size(), states.size());
        for (std::size_t i = 0; i < states.size(); ++i) {
            ASSERT_TRUE(same(*read[i], *states[i])) << "seed " << seed << ", " << states[i]->name;
        }
    }
}

TEST(State, MayHoldNoOrganizations) {
    EXPECT_TRUE(read_back({}).empty());
}

TEST(State, PreservesChurnAcrossARestart) {
    const auto before = random_state(1, "a", 300);
    const auto restored = read_back(shared({before}));
    const auto next = random_tokens(2, 250);

    const auto after_a_restart = published("a", next, restored.at(0)->census);
    const auto without_one = published("a", next, before.census);

    EXPECT_GT(without_one.inventory->churn.scope_changes[0], before.inventory->churn.scope_changes[0]);
    EXPECT_TRUE(same(after_a_restart, without_one));
}

TEST(State, OfAMillionTokensIsWrittenInSmallChunks) {
    std::size_t longest = 0;
    const auto output = [&longest](std::string_view bytes) { longest = std::max(longest, bytes.size()); };
    std::vector<inventory::CensusEntry> entries;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        entries.push_back({i, 0, inventory::TokenType::service});
    }
    OrganizationState state = published("large", {});
    state.census = std::make_shared<const inventory::Census>(
        inventory::Census{std::move(entries), inventory::now, inventory::Churn{}});

    write(shared({state}), test_key, output);

    EXPECT_LE(longest, 100'000U);
}

// These bytes are on users' disks. If their meaning changes, increase `format_version` and update this
// checksum.
TEST(Format, BytesAreStable) {
    const std::string bytes = encode(shared({small_state()}), test_key);

    EXPECT_EQ(bytes.substr(0, version_place), "datadog_token_exporter state\n");
    EXPECT_EQ(format_version, 6U);
    // Excludes the stored checksum: with it included, every file has the same CRC.
    EXPECT_EQ(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size() - state_checksum_size),
              1'298'576'079U);
}

// Censuses outlive a build, and a build that hashes differently must not read them. If these hashes change,
// increase `format_version`.
TEST(Format, HashesAreStable) {
    inventory::Rules rules = inventory::test_rules();
    rules.census_key = test_key;
    // Hash functions treat short and long texts differently.
    const std::vector<std::string> scopes = {"x", "dashboards_read", "security_monitoring_write"};
    const auto built =
        inventory::build(rules, {{.id = "7", .scopes = scopes},
                                 {.id = "00000000-0000-0000-2345-000000000000", .scopes = scopes},
                                 {.id = std::string(100, 'x'), .scopes = {}}});
    std::string hashes;
    for (const inventory::CensusEntry& entry : built.census->entries) {
        hashes += fmt::format("{:x} {:x} ", entry.id_hash, entry.scopes_hash);
    }

    EXPECT_EQ(format_version, 6U);
    EXPECT_EQ(hashes, "2d0ee217c88bf657 0 54a0c510fea52f92 3d7c5ecb e776cdf2531e6859 3d7c5ecb ");
}

std::string small_state_of_format(std::uint32_t version) {
    std::string bytes = encode(shared({small_state()}), test_key);
    bytes[version_place] = static_cast<char>(version);
    return bytes;
}

TEST(Format, OfANewerVersionIsRefusedAsSuch) {
    EXPECT_EQ(why_not(small_state_of_format(format_version + 1)),
              "it has format 7, written by a newer version of this program; this one reads format 6");
}

TEST(Format, OfAnOlderVersionIsRefusedAsSuch) {
    for (const std::uint32_t version : {0U, 1U, 2U, 3U, 4U, 5U}) {
        EXPECT_EQ(why_not(small_state_of_format(version)),
                  fmt::format("it has format {}, written by an older version of this program; this one reads "
                              "format 6",
                              version));
    }
}

TEST(Format, KeepsTheKeyOfItsHashes) {
    const auto decoded = decode(encode(shared({small_state()}), test_key));

    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->key, test_key);
}

TEST(TornState, IsRefusedAtAnyLength) {
    const std::string bytes = encode(shared({small_state()}), test_key);

    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_THAT(why_not(bytes.substr(0, size)), HasSubstr("it is truncated")) << size;
    }
}

TEST(DamagedState, IsRefusedForAnyFlippedBit) {
    const std::string bytes = encode(shared({small_state()}), test_key);

    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ (1U << (bit % 8)));
        ASSERT_NE(why_not(damaged), "it was read") << "accepted" << bit;
    }
}

TEST(DamagedState, IsRefusedWhenSomethingFollowsIt) {
    EXPECT_THAT(why_not(encode(shared({small_state()}), test_key) + "x"), HasSubstr("it is truncated"));
}

TEST(ForeignState, OfAnotherProgramIsRefused) {
    EXPECT_EQ(why_not("root:x:0:0:root:/root:/bin/bash\n"), "it is not a state file of this program");
}

TEST(LooksLikeState, AcceptsOnlyStates) {
    EXPECT_TRUE(looks_like_state(encode({}, test_key)));
    EXPECT_TRUE(looks_like_state("datadog_token"));
    EXPECT_TRUE(looks_like_state(""));
    EXPECT_FALSE(looks_like_state("{}"));
    EXPECT_FALSE(looks_like_state("datadog_token_exporter.yaml is not a state, although it begins alike"));
}

}  // namespace
}  // namespace exporter::state

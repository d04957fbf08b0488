// What is written is what is read, and nothing else is read.
#include "state/codec.h"

#include "state/samples.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace exporter::state {
namespace {

using testing::HasSubstr;

constexpr std::size_t version_place = 29;  // Behind the line that says what the file is.

States read_back(const States& states) {
    auto decoded = decode(encode(states, test_hashes), test_hashes);
    EXPECT_TRUE(decoded) << decoded.error();
    return decoded.value_or(States{});
}

std::string why_not(const std::string& bytes, std::uint64_t hashes = test_hashes) {
    const auto decoded = decode(bytes, hashes);
    return decoded ? "it was read" : decoded.error();
}

TEST(State, IsReadAsItWasWritten) {
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

TEST(State, OfNoOrganizationIsReadToo) {
    EXPECT_TRUE(read_back({}).empty());
}

TEST(State, MakesTheNextListingsChurnWhatItWouldHaveBeen) {
    const auto before = random_state(1, "a", 300);
    const auto restored = read_back(shared({before}));
    const auto next = random_tokens(2, 250);

    const auto after_a_restart = published("a", next, restored.at(0)->census);
    const auto without_one = published("a", next, before.census);

    EXPECT_GT(without_one.inventory->churn.scope_changes[0], before.inventory->churn.scope_changes[0]);
    EXPECT_TRUE(same(after_a_restart, without_one));
}

TEST(State, OfAMillionTokensIsHandedOverInSmallPieces) {
    struct Longest final : Output {
        void append(std::string_view bytes) override { longest = std::max(longest, bytes.size()); }
        void overwrite_start(std::string_view bytes) override { longest = std::max(longest, bytes.size()); }
        std::size_t longest = 0;
    } output;
    std::vector<inventory::CensusEntry> entries;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        entries.push_back({i, 0, inventory::TokenType::service});
    }
    OrganizationState state = published("large", {});
    state.census =
        std::make_shared<const inventory::Census>(std::move(entries), inventory::now, inventory::Churn{});

    write(shared({state}), test_hashes, output);

    EXPECT_LE(output.longest, 100'000U);
}

// These bytes are on disks: with a new reading of them `format_version` goes up, and this sum with it.
TEST(Format, OfThisVersionIsThis) {
    const std::string bytes = encode(shared({small_state()}), test_hashes);

    EXPECT_EQ(bytes.substr(0, version_place), "datadog_token_exporter state\n");
    EXPECT_EQ(format_version, 1U);
    EXPECT_EQ(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()), 3'944'615'452U);
}

TEST(Format, OfALaterVersionIsRefusedAndSaysSo) {
    std::string bytes = encode(shared({small_state()}), test_hashes);
    ++bytes[version_place];

    EXPECT_EQ(
        why_not(bytes),
        fmt::format("it has format {}, written by a newer version of this program; this one reads format {}",
                    format_version + 1, format_version));
}

TEST(Format, OfAnEarlierVersionIsRefusedAndSaysSo) {
    std::string bytes = encode(shared({small_state()}), test_hashes);
    --bytes[version_place];

    EXPECT_THAT(why_not(bytes), HasSubstr("written by an older version"));
}

TEST(TornState, IsRefusedWhereverItEnds) {
    const std::string bytes = encode(shared({small_state()}), test_hashes);

    for (std::size_t size = 0; size < bytes.size(); ++size) {
        ASSERT_THAT(why_not(bytes.substr(0, size)), HasSubstr("it is torn")) << size;
    }
}

TEST(DamagedState, IsRefusedWhicheverBitIsWrong) {
    const std::string bytes = encode(shared({small_state()}), test_hashes);

    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] =
            static_cast<char>(static_cast<unsigned char>(damaged[bit / 8]) ^ (1U << (bit % 8)));
        ASSERT_NE(why_not(damaged), "it was read") << "bit " << bit;
    }
}

TEST(DamagedState, IsRefusedWhenSomethingFollowsIt) {
    EXPECT_THAT(why_not(encode(shared({small_state()}), test_hashes) + "x"), HasSubstr("it is torn"));
}

TEST(ForeignState, OfAnotherProgramIsRefused) {
    EXPECT_EQ(why_not("root:x:0:0:root:/root:/bin/bash\n"), "it is no state file of this program");
}

TEST(ForeignState, OfABuildThatHashesOtherwiseIsRefused) {
    const std::string bytes = encode(shared({small_state()}), test_hashes);

    EXPECT_THAT(why_not(bytes, test_hashes + 1), HasSubstr("hashes otherwise"));
}

TEST(HashCheck, IsTheSameEachTime) {
    EXPECT_EQ(hash_check(), hash_check());
    EXPECT_NE(hash_check(), 0U);
}

TEST(LooksLikeState, OnlyWhatIsOrWasOne) {
    EXPECT_TRUE(looks_like_state(encode({}, test_hashes)));
    EXPECT_TRUE(looks_like_state("datadog_token"));
    EXPECT_TRUE(looks_like_state(""));
    EXPECT_FALSE(looks_like_state("{}"));
    EXPECT_FALSE(looks_like_state("datadog_token_exporter.yaml is not a state, although it begins alike"));
}

}  // namespace
}  // namespace exporter::state

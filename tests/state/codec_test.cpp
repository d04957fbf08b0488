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
    auto decoded = decode(encode(states, test_hashes), test_hashes.check);
    EXPECT_TRUE(decoded) << decoded.error();
    return decoded ? decoded->states : States{};
}

std::string why_not(const std::string& bytes, std::uint64_t check = test_hashes.check) {
    const auto decoded = decode(bytes, check);
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
    EXPECT_EQ(format_version, 2U);
    EXPECT_EQ(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()), 3'436'036'613U);
}

TEST(Format, OfALaterVersionIsRefusedAndSaysSo) {
    std::string bytes = encode(shared({small_state()}), test_hashes);
    ++bytes[version_place];

    EXPECT_EQ(
        why_not(bytes),
        fmt::format(
            "it has format {}, written by a newer version of this program; this one reads formats 1 to {}",
            format_version + 1, format_version));
}

TEST(Format, OfVersion0IsRefusedAndSaysSo) {
    std::string bytes = encode(shared({small_state()}), test_hashes);
    bytes[version_place] = 0;

    EXPECT_THAT(why_not(bytes), HasSubstr("written by an older version"));
}

std::uint32_t crc_of(std::string_view bytes) {
    return static_cast<std::uint32_t>(
        ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string little_endian(std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) {
        text += static_cast<char>(value >> (8 * i));
    }
    return text;
}

/// What version 1 wrote of `small_state`, whose censuses had no mark at their end.
std::string small_state_of_version_1() {
    const std::string now = encode(shared({small_state()}), test_hashes);
    std::string organizations = now.substr(encode({}, test_hashes).size());
    organizations.pop_back();
    const std::string head = now.substr(0, version_place) + little_endian(1, 4) +
                             little_endian(organizations.size(), 8) + little_endian(test_hashes.check, 8);
    return head + little_endian(crc_of(head + organizations), 4) + organizations;
}

TEST(Format, OfVersion1IsReadButForTheTokensOfItsCensus) {
    const std::string bytes = small_state_of_version_1();
    ASSERT_EQ(crc_of(bytes), 3'944'615'452U) << "the sum that version 1 kept";

    const auto decoded = decode(bytes, test_hashes.check + 1);

    ASSERT_TRUE(decoded) << decoded.error();
    EXPECT_EQ(decoded->key, std::nullopt);
    ASSERT_EQ(decoded->states.size(), 1U);
    const OrganizationState before = small_state();
    OrganizationState read = *decoded->states.front();
    EXPECT_FALSE(read.census->is_comparable());
    EXPECT_EQ(read.census->churn(), before.census->churn());
    read.census = before.census;
    EXPECT_TRUE(same(read, before));
}

TEST(Format, OfVersion1IsWrittenAgainAsItWasRead) {
    const auto old = decode(small_state_of_version_1(), test_hashes.check);
    ASSERT_TRUE(old) << old.error();

    const States read = read_back(old->states);

    ASSERT_EQ(read.size(), 1U);
    EXPECT_FALSE(read.front()->census->is_comparable());
    EXPECT_EQ(read.front()->census->churn(), small_state().census->churn());
}

TEST(Format, KeepsTheKeyOfItsHashes) {
    const auto decoded = decode(encode(shared({small_state()}), test_hashes), test_hashes.check);

    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->key, test_hashes.key);
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

    EXPECT_THAT(why_not(bytes, test_hashes.check + 1), HasSubstr("hashes otherwise"));
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

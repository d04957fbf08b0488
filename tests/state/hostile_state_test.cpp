// Files with a valid checksum but invalid content, which only a bug or an attacker would write.
#include "state/samples.h"
#include "state/state_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace exporter::state {
namespace {

using inventory::Inventory;
using testing::HasSubstr;

constexpr auto user = inventory::OwnerType::user;
constexpr auto personal = inventory::TokenType::personal;

std::string why_not(const std::string& bytes) {
    const auto decoded = decode(bytes);
    return decoded ? "it was read" : decoded.error();
}

/// The organizations section of a valid file.
std::string good() {
    return organizations_in(encode(shared({small_state()}), test_key));
}

TEST(HostileState, IsReadWhenValid) {
    EXPECT_EQ(why_not(framed(good(), test_key)), "it was read");
}

TEST(HostileState, IsRefusedAtAnyLength) {
    const std::string organizations = good();

    for (std::size_t size = 1; size < organizations.size(); ++size) {
        ASSERT_THAT(why_not(framed(organizations.substr(0, size), test_key)),
                    HasSubstr("it contradicts itself"))
            << size;
    }
}

struct BytesCase {
    std::string name;
    std::string organizations;
    std::string why;
};

class HostileBytes : public testing::TestWithParam<BytesCase> {};

TEST_P(HostileBytes, AreRefused) {
    EXPECT_THAT(why_not(framed(GetParam().organizations, test_key)), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    State, HostileBytes,
    testing::Values(BytesCase{"ALengthBeyondTheEnd",
                              "\x05"
                              "abcd",
                              "a length is more than what is left"},
                    BytesCase{"TheLongestLength", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
                              "a length is more than what is left"},
                    BytesCase{"ANumberOfMoreThan64Bits", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02",
                              "a number is not written as this program writes it"},
                    BytesCase{"ANumberWithoutEnd", std::string(20, '\xFF'),
                              "a number is not written as this program writes it"},
                    BytesCase{"ANumberThatCouldBeShorter", std::string("\x81\x00", 2),
                              "a number is not written as this program writes it"},
                    BytesCase{"ATruthThatIsNeither", std::string("\1a\1f\2", 5), "a value is out of range"},
                    BytesCase{"ADateBeyondAll", "\1a\1f\1" + std::string(2, '\0') + std::string(9, '\x7F'),
                              "a value is out of range"},
                    BytesCase{"ADateBeyondTheCalendar",
                              "\1a\1f\1" + std::string(3, '\0') + std::string(8, '\xFF') + '\x7F',
                              "a value is out of range"}),
    [](const auto& test) { return test.param.name; });

struct Change {
    std::string name;
    std::function<void(OrganizationState&, Inventory&)> apply;
    std::string why;
};

class BrokenPromise : public testing::TestWithParam<Change> {};

TEST_P(BrokenPromise, IsRefused) {
    OrganizationState state = small_state();
    auto inventory = std::make_shared<Inventory>(*state.inventory);
    GetParam().apply(state, *inventory);
    state.inventory = inventory;

    EXPECT_EQ(why_not(encode(shared({state}), test_key)), "it contradicts itself: " + GetParam().why);
}

const std::string disordered = "the organizations' names are not sorted";
const std::string other_buckets = "counts don't match the named buckets";
const std::string wrong_sum = "counts don't add up to the tokens";
const std::string bad_scopes = "scopes are not distinct labels in order, or lack buckets";
const std::string bad_details = "tokens in detail are not distinct labels";
const std::string bad_names = "the bucket names are not distinct labels";
const std::string other_listings = "census and counts are from different listings";

INSTANTIATE_TEST_SUITE_P(
    State, BrokenPromise,
    testing::Values(
        Change{"NoName", [](auto& state, auto&) { state.name.clear(); }, disordered},
        Change{"ABucketMore", [](auto&, auto& inventory) { inventory.expiry_buckets.emplace_back("more"); },
               other_buckets},
        Change{"ABucketTwice",
               [](auto&, auto& inventory) { inventory.age_buckets[0] = inventory.age_buckets[1]; },
               bad_names},
        Change{"ABucketThatIsNoLabel", [](auto&, auto& inventory) { inventory.last_used_buckets[0] = "\n"; },
               bad_names},
        Change{"AShortCell", [](auto&, auto& inventory) { inventory.unscoped.at(personal, user).pop_back(); },
               other_buckets},
        Change{"AShortCellOfLastUse",
               [](auto&, auto& inventory) { inventory.by_last_use.at(personal, user).pop_back(); },
               other_buckets},
        Change{"ATokenTooMany", [](auto&, auto& inventory) { ++inventory.tokens; }, wrong_sum},
        Change{"AnotherListing", [](auto& state, auto&) { ++state.listing.tokens; }, wrong_sum},
        Change{"AnAgeTooMany", [](auto&, auto& inventory) { ++inventory.by_age.at(personal, user)[0]; },
               wrong_sum},
        Change{
            "AScopeTwice",
            [](auto&, auto& inventory) { inventory.scope_grants.push_back(inventory.scope_grants.back()); },
            bad_scopes},
        Change{"AScopeThatIsNoLabel",
               [](auto&, auto& inventory) { inventory.scope_grants.back().scope = "\xFF"; }, bad_scopes},
        Change{"GrantsInOtherBuckets",
               [](auto&, auto& inventory) { inventory.scope_grants[0].grants.at(personal, user).pop_back(); },
               bad_scopes},
        Change{"ATokenTwice",
               [](auto&, auto& inventory) { inventory.details.push_back(inventory.details.front()); },
               bad_details},
        Change{"ANameThatIsNoLabel", [](auto&, auto& inventory) { inventory.details[0].name = "a\nb"; },
               bad_details},
        Change{"AnOwnerThatIsNoLabel",
               [](auto&, auto& inventory) { inventory.details[0].owner_id = std::string(201, 'x'); },
               bad_details},
        Change{"CompleteWithoutACensus", [](auto& state, auto&) { state.census = nullptr; }, other_listings},
        Change{"ACensusOfOthers",
               [](auto& state, auto& inventory) {
                   state.census = std::make_shared<const inventory::Census>(
                       inventory::Census{{{1, 1, personal}}, inventory.as_of, inventory.churn});
               },
               other_listings},
        Change{"ATokenTwiceInTheCensus",
               [](auto& state, auto& inventory) {
                   state.census = std::make_shared<const inventory::Census>(inventory::Census{
                       {{1, 1, personal}, {1, 2, personal}}, inventory.as_of, inventory.churn});
               },
               "a census is not sorted"}),
    [](const auto& test) { return test.param.name; });

TEST(BrokenPromise, OfADuplicateOrganizationIsRefused) {
    EXPECT_EQ(why_not(encode(shared({small_state(), small_state()}), test_key)),
              "it contradicts itself: " + disordered);
}

}  // namespace
}  // namespace exporter::state

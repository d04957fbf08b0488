#include "http/authenticator.h"

#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>

namespace exporter::http {
namespace {

using namespace std::string_literals;

const std::string of_secret = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string of_nothing_given = "$2b$04$abcdefghijklmnopqrstuubyCG3zY1GIXMyxfivm.ClDiInHzxjiq";
const std::string of_72_bytes = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
const std::string of_utf8 = "$2b$04$abcdefghijklmnopqrstuuFmsCp7hwIkrgU2sATFRbstjjLtNr9O.";

struct MatchCase {
    const char* name;
    std::string hash;
    std::string password;
    bool matches;
};

std::ostream& operator<<(std::ostream& out, const MatchCase& c) {
    return out << c.name;
}

class BcryptMatches : public ::testing::TestWithParam<MatchCase> {};

TEST_P(BcryptMatches, OnlyTheRightPassword) {
    const auto hash = BcryptHash::parse(GetParam().hash);
    ASSERT_TRUE(hash.has_value());
    EXPECT_EQ(hash->matches(base::Secret(GetParam().password)), GetParam().matches);
}

std::string as_version(char version, std::string hash) {
    hash[2] = version;
    return hash;
}

INSTANTIATE_TEST_SUITE_P(
    Passwords, BcryptMatches,
    ::testing::Values(
        MatchCase{"Right", of_secret, "secret", true}, MatchCase{"Wrong", of_secret, "Secret", false},
        MatchCase{"Beginning", of_secret, "secre", false}, MatchCase{"Longer", of_secret, "secret ", false},
        MatchCase{"NulBehindTheRightOne", of_secret, "secret\0"s, false},
        MatchCase{"NulWithinALongerOne", of_secret, "secret\0more"s, false},
        MatchCase{"Empty", of_nothing_given, "", true},
        MatchCase{"NulForTheEmptyOne", of_nothing_given, "\0"s, false},
        MatchCase{"AsLongAsCanBe", of_72_bytes, std::string(72, 'a'), true},
        MatchCase{"LongerThanBcryptSees", of_72_bytes, std::string(73, 'a'), false},
        MatchCase{"Utf8", of_utf8, "pässwörd:☃", true},
        MatchCase{"VersionOfHtpasswd", as_version('y', of_secret), "secret", true},
        MatchCase{"VersionOfOld", as_version('a', of_secret), "secret", true},
        // libxcrypt computes a different hash for this password under $2a$.
        MatchCase{"VersionOfOldAsGoTakesIt", "$2a$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e",
                  "\xff\xff\xa3", true},
        // From exporter-toolkit's tests.
        MatchCase{"MadeElsewhere", "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi",
                  "fakepassword", true}),
    [](const auto& test) { return test.param.name; });

struct ShapeCase {
    const char* name;
    std::string text;
    std::optional<unsigned> cost;  ///< nullopt: not a bcrypt hash
};

std::ostream& operator<<(std::ostream& out, const ShapeCase& c) {
    return out << c.text;
}

class BcryptShape : public ::testing::TestWithParam<ShapeCase> {};

TEST_P(BcryptShape, TellsItsCost) {
    const auto hash = BcryptHash::parse(GetParam().text);
    EXPECT_EQ(hash ? std::optional(hash->cost()) : std::nullopt, GetParam().cost);
}

const std::string rest(53, 'x');

INSTANTIATE_TEST_SUITE_P(
    Texts, BcryptShape,
    ::testing::Values(ShapeCase{"Usual", "$2y$10$" + rest, 10}, ShapeCase{"Cheapest", "$2b$04$" + rest, 4},
                      ShapeCase{"Dearest", "$2a$16$" + rest, 16},
                      ShapeCase{"TooSlow", "$2a$17$" + rest, std::nullopt},
                      ShapeCase{"Empty", "", std::nullopt},
                      ShapeCase{"PlainPassword", "secret", std::nullopt},
                      ShapeCase{"OtherAlgorithm", "$6$10$x" + rest, std::nullopt},
                      ShapeCase{"BrokenVersion", "$2x$10$" + rest, std::nullopt},
                      ShapeCase{"NoVersion", "$2$010$" + rest, std::nullopt},
                      ShapeCase{"TooCheap", "$2y$03$" + rest, std::nullopt},
                      ShapeCase{"TooDear", "$2y$32$" + rest, std::nullopt},
                      ShapeCase{"CostThatIsNoNumber", "$2y$1x$" + rest, std::nullopt},
                      ShapeCase{"TooShort", "$2y$10$" + rest.substr(1), std::nullopt},
                      ShapeCase{"TooLong", "$2y$10$x" + rest, std::nullopt},
                      ShapeCase{"WrongLetter", "$2y$10$+" + rest.substr(1), std::nullopt},
                      ShapeCase{"LineEnd", "$2y$10$" + rest.substr(1) + "\n", std::nullopt}),
    [](const auto& test) { return test.param.name; });

TEST(Bcrypt, DummyHashMatchesNothing) {
    const auto hash = BcryptHash::of_nothing(4);
    EXPECT_EQ(hash.cost(), 4U);
    EXPECT_FALSE(hash.matches(base::Secret("")));
    EXPECT_FALSE(hash.matches(base::Secret("secret")));
}

}  // namespace
}  // namespace exporter::http

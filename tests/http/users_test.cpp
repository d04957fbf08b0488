#include "users_of.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

namespace exporter::http {
namespace {

const std::string of_secret = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string of_other = "$2b$05$abcdefghijklmnopqrstuuVQd15VhR/oN1H3pzUR5lME0fZO6.qRW";

Credentials credentials(const std::string& user, const std::string& password) {
    return {user, base::Secret(password)};
}

Users two_users() {
    return testing::users_of({{"alice", of_secret}, {"bob", of_other}});
}

TEST(Users, NeedTheirOwnPasswords) {
    const auto users = two_users();
    EXPECT_TRUE(users.admit(credentials("alice", "secret")));
    EXPECT_TRUE(users.admit(credentials("bob", "other")));
    EXPECT_FALSE(users.admit(credentials("alice", "other")));
    EXPECT_FALSE(users.admit(credentials("bob", "secret")));
    EXPECT_FALSE(users.admit(credentials("alice", "")));
    EXPECT_FALSE(users.admit(credentials("Alice", "secret")));
    EXPECT_FALSE(users.admit(credentials("carol", "secret")));
}

TEST(Users, WithoutEntriesAdmitNobody) {
    const auto users = testing::users_of({});
    EXPECT_FALSE(users.admit(credentials("", "")));
    EXPECT_FALSE(users.admit(credentials("alice", "secret")));
}

TEST(Users, IfUnknownCostAsMuchAsKnownOnes) {
    const auto users = two_users();
    std::set<unsigned> costs;
    for (int i = 0; i < 100; ++i) {
        costs.insert(users.hash_for("unknown " + std::to_string(i)).cost());
    }
    EXPECT_EQ(costs, (std::set<unsigned>{4, 5}));
}

TEST(Users, IfUnknownCostTheSameEvenAfterARestart) {
    const auto before = two_users();
    const auto after = two_users();
    for (int i = 0; i < 100; ++i) {
        const auto user = "unknown " + std::to_string(i);
        EXPECT_EQ(before.hash_for(user).cost(), before.hash_for(user).cost());
        EXPECT_EQ(before.hash_for(user).cost(), after.hash_for(user).cost());
    }
}

TEST(Users, IfUnknownHaveAnUnpredictableCost) {
    auto hashes = std::map<std::string, std::string>{{"alice", of_secret}, {"bob", of_other}};
    const auto users = testing::users_of(hashes);
    hashes["alice"].back() = 'X';
    const auto others = testing::users_of(hashes);
    int different = 0;
    for (int i = 0; i < 100; ++i) {
        const auto user = "unknown " + std::to_string(i);
        different += users.hash_for(user).cost() != others.hash_for(user).cost() ? 1 : 0;
    }
    EXPECT_GT(different, 10);
}

}  // namespace
}  // namespace exporter::http

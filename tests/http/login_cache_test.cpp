#include "http/users.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace exporter::http {
namespace {

Credentials credentials(const std::string& user, const std::string& password) {
    return {user, base::Secret(password)};
}

TEST(LoginCache, KnowsWhatItWasTold) {
    LoginCache cache(4);
    const auto login = cache.fingerprint(credentials("alice", "secret"));
    EXPECT_FALSE(cache.contains(login));
    cache.insert(login, "alice");
    EXPECT_TRUE(cache.contains(login));
}

TEST(LoginCache, TellsLoginsApart) {
    LoginCache cache(4);
    cache.insert(cache.fingerprint(credentials("ab", "cd")), "ab");
    EXPECT_TRUE(cache.contains(cache.fingerprint(credentials("ab", "cd"))));
    for (const auto& [user, password] : {std::pair{"a", "bcd"}, std::pair{"abc", "d"}, std::pair{"", "abcd"},
                                         std::pair{"abcd", ""}, std::pair{"cd", "ab"}}) {
        EXPECT_FALSE(cache.contains(cache.fingerprint(credentials(user, password)))) << user;
    }
}

TEST(LoginCache, ForgetsTheOldest) {
    LoginCache cache(3);
    const auto login = [&](int number) {
        return cache.fingerprint(credentials("u", std::to_string(number)));
    };
    for (int i = 0; i < 8; ++i) {
        cache.insert(login(i), "u");
        cache.insert(login(i), "u");
    }
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(cache.contains(login(i)), i >= 5) << i;
    }
}

TEST(LoginCache, ForgetsTheLoginsOfAUser) {
    LoginCache cache(4);
    const auto login = [&](int number) {
        return cache.fingerprint(credentials("u", std::to_string(number)));
    };
    for (int i = 0; i < 6; ++i) {  // 4 and 5 have taken the places of 0 and 1.
        cache.insert(login(i), i == 2 || i == 5 ? "alice" : "bob");
    }
    cache.forget_if([](const std::string& user) { return user == "alice"; });
    for (int i = 0; i < 6; ++i) {
        EXPECT_EQ(cache.contains(login(i)), i == 3 || i == 4) << i;
    }
    for (int i = 6; i < 9; ++i) {
        cache.insert(login(i), "carol");
    }
    for (int i = 0; i < 9; ++i) {
        EXPECT_EQ(cache.contains(login(i)), i == 4 || i > 5) << i << ": 3 is the oldest of five";
    }
}

TEST(LoginCache, HasFingerprintsOfItsOwn) {
    const LoginCache one(4);
    const LoginCache another(4);
    EXPECT_NE(one.fingerprint(credentials("alice", "secret")),
              another.fingerprint(credentials("alice", "secret")));
}

}  // namespace
}  // namespace exporter::http

#include "http/authenticator.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace exporter::http {
namespace {

Credentials credentials(const std::string& user, const std::string& password) {
    return {user, base::Secret(password)};
}

const BcryptHash of_secret =
    BcryptHash::parse("$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW").value();

Digest fingerprint(const LoginCache& cache, const std::string& user, const std::string& password,
                   const BcryptHash& hash = of_secret) {
    return cache.fingerprint(credentials(user, password), hash);
}

TEST(LoginCache, RemembersALogin) {
    LoginCache cache(4);
    const auto login = fingerprint(cache, "alice", "secret");
    EXPECT_FALSE(cache.contains(login));
    cache.insert(login);
    EXPECT_TRUE(cache.contains(login));
}

TEST(LoginCache, TellsLoginsApart) {
    LoginCache cache(4);
    cache.insert(fingerprint(cache, "ab", "cd"));
    EXPECT_TRUE(cache.contains(fingerprint(cache, "ab", "cd")));
    for (const auto& [user, password] : {std::pair{"a", "bcd"}, std::pair{"abc", "d"}, std::pair{"", "abcd"},
                                         std::pair{"abcd", ""}, std::pair{"cd", "ab"}}) {
        EXPECT_FALSE(cache.contains(fingerprint(cache, user, password))) << user;
    }
}

TEST(LoginCache, ForgetsTheOldest) {
    LoginCache cache(3);
    const auto login = [&](int number) { return fingerprint(cache, "u", std::to_string(number)); };
    for (int i = 0; i < 8; ++i) {
        cache.insert(login(i));
        cache.insert(login(i));
    }
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(cache.contains(login(i)), i >= 5) << i;
    }
}

TEST(LoginCache, ForgetsAUsersLoginsWhenTheHashChanges) {
    LoginCache cache(4);
    cache.insert(fingerprint(cache, "alice", "secret"));
    cache.insert(fingerprint(cache, "bob", "secret"));
    const auto another = BcryptHash::of_nothing(4);
    EXPECT_FALSE(cache.contains(fingerprint(cache, "alice", "secret", another)));
    EXPECT_TRUE(cache.contains(fingerprint(cache, "bob", "secret")));
}

TEST(LoginCache, UsesItsOwnFingerprints) {
    const LoginCache one(4);
    const LoginCache another(4);
    EXPECT_NE(fingerprint(one, "alice", "secret"), fingerprint(another, "alice", "secret"));
}

}  // namespace
}  // namespace exporter::http

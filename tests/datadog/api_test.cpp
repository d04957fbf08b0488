#include "datadog/api.h"

#include <gtest/gtest.h>

namespace exporter::datadog {
namespace {

TEST(RequestTarget, AsksForAPageWithEncodedBrackets) {
    EXPECT_EQ(request_target({.number = 3, .size = 100}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=100&page%5Bnumber%5D=3");
}

TEST(RequestTarget, RepeatsTheKeyForSeveralOwners) {
    EXPECT_EQ(request_target({.number = 0, .size = 1, .owned_by = {"a", "b"}}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=1&page%5Bnumber%5D=0"
              "&filter%5Bowned_by%5D=a&filter%5Bowned_by%5D=b");
}

TEST(RequestTarget, EncodesWhateverAFilterHolds) {
    EXPECT_EQ(request_target({.number = 0, .size = 1, .sort = "-created_at", .filter = "a b&c=d/\xC3\xA4%"}),
              "/api/v2/personal_access_tokens?page%5Bsize%5D=1&page%5Bnumber%5D=0&sort=-created_at"
              "&filter=a%20b%26c%3Dd%2F%C3%A4%25");
}

config::Credentials bearer(const char* token) {
    config::Credentials credentials;
    credentials.bearer_token = base::Secret(token);
    return credentials;
}

TEST(OwnToken, PublicPortionIsPrefixAndAlias) {
    EXPECT_EQ(public_portion(bearer("ddpat_abc123_s3cr3t")), "ddpat_abc123");
    EXPECT_EQ(public_portion(bearer("ddsat_xyz_s3cr3t_with_underscore")), "ddsat_xyz");
}

TEST(OwnToken, MayBeGivenAsTheApplicationKey) {
    config::Credentials credentials;
    credentials.app_key = base::Secret("ddpat_abc123_s3cr3t");
    EXPECT_EQ(public_portion(credentials), "ddpat_abc123");
}

TEST(OwnToken, IsUnknownIfItMayBeAllSecret) {
    EXPECT_EQ(public_portion(bearer("0123456789abcdef0123456789abcdef01234567")), std::nullopt);
    EXPECT_EQ(public_portion(bearer("ddpat_s3cr3twithoutalias")), std::nullopt);
    EXPECT_EQ(public_portion({}), std::nullopt);
}

TEST(OwnToken, IsRecognisedInFullAndByItsBareAlias) {
    EXPECT_TRUE(is_own_token("ddpat_abc123", "ddpat_abc123"));
    EXPECT_TRUE(is_own_token("ddpat_abc123", "abc123"));
    EXPECT_FALSE(is_own_token("ddpat_abc123", "ddpat_abc124"));
    EXPECT_FALSE(is_own_token("ddpat_abc123", ""));
    EXPECT_FALSE(is_own_token("", ""));
}

}  // namespace
}  // namespace exporter::datadog

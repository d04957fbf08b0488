#include "datadog/api.h"

#include <gtest/gtest.h>

namespace exporter::datadog {
namespace {

config::Credentials bearer(const char* token) {
    config::Credentials credentials;
    credentials.bearer_token = base::Secret(token);
    return credentials;
}

TEST(OwnToken, PublicPortionIsPrefixAndAlias) {
    EXPECT_EQ(public_portion(bearer("ddpat_abc123_s3cr3t")), "ddpat_abc123");
    EXPECT_EQ(public_portion(bearer("ddsat_xyz_s3cr3t_with_underscore")), "ddsat_xyz");
}

TEST(OwnToken, IsAlsoTakenFromTheApplicationKeyHeader) {
    config::Credentials credentials;
    credentials.app_key = base::Secret("ddpat_abc123_s3cr3t");
    EXPECT_EQ(public_portion(credentials), "ddpat_abc123");
}

TEST(OwnToken, NothingIsTakenFromWhatMayBeAllSecret) {
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

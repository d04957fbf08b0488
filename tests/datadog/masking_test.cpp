#include "datadog/masking.h"

#include "datadog/base64.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::datadog {
namespace {

constexpr const char* api_key = "0123456789abcdef0123456789abcdef";

struct MaskingCase {
    const char* name;
    std::string text;
    std::string masked;
};

class MaskedText : public ::testing::TestWithParam<MaskingCase> {};

TEST_P(MaskedText, HoldsNoRunOfTheSecret) {
    config::Credentials credentials;
    credentials.api_key = config::Secret(api_key);
    credentials.bearer_token = config::Secret("ddpat_alias_S3cr3tPart");
    std::string text = GetParam().text;

    mask_secrets(text, credentials);

    EXPECT_EQ(text, GetParam().masked);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, MaskedText,
    ::testing::Values(MaskingCase{"Empty", "", ""},
                      MaskingCase{"Nothing", "403 from host: no", "403 from host: no"},
                      MaskingCase{"Whole", std::string("bad key ") + api_key + "!", "bad key <secret>!"},
                      MaskingCase{"ABeginningCutOff", "bad key 01234567", "bad key <secret>"},
                      MaskingCase{"AMiddle", "x56789abcd x", "x<secret> x"},
                      MaskingCase{"TooShortToHelp", "x6789abc x", "x6789abc x"},
                      MaskingCase{"Several", std::string(api_key) + " and Bearer ddpat_alias_S3cr3tPart",
                                  "<secret> and Bearer <secret>"},
                      MaskingCase{"TheLongestOfSeveralRuns", "89abcdef0123456789abcdef.", "<secret>."}),
    [](const auto& test) { return test.param.name; });

TEST(MaskSecrets, Base64OfASecretIsMaskedWhereverItBegins) {
    for (const auto* before : {"", "a", "ab", "Bearer ", "user:"}) {
        const std::string encoded = base64(std::string(before) + api_key + "\n");
        std::string text = "Authorization: " + encoded;

        mask_secret(text, api_key);

        EXPECT_THAT(text, testing::HasSubstr("<secret>")) << before;
        EXPECT_THAT(text, testing::Not(testing::HasSubstr(encoded.substr(encoded.size() / 2, 8)))) << before;
    }
}

TEST(MaskProxy, HidesWhatTheProxyWasToldHoweverShortThePassword) {
    const config::Proxy proxy{
        .host = "proxy", .port = 3128, .user = "proxyuser", .password = config::Secret("hunter2")};
    std::string text = "407 Basic " + base64("proxyuser:hunter2") + " is wrong, and so is hunter2";

    mask_proxy(text, proxy);

    EXPECT_EQ(text, "407 Basic <secret> is wrong, and so is <secret>");
}

TEST(MaskProxy, HidesATokenThatStandsInTheUsersPlace) {
    const config::Proxy proxy{.host = "proxy", .port = 3128, .user = "egress-token-1234", .password = {}};
    std::string text = "no egress-token-1234";

    mask_proxy(text, proxy);

    EXPECT_EQ(text, "no <secret>");
}

TEST(MaskSecrets, AShortSecretIsMaskedOnlyAsAWhole) {
    config::Credentials credentials;
    credentials.app_key = config::Secret("k3y!");
    std::string text = "k3y is not k3y!";

    mask_secrets(text, credentials);

    EXPECT_EQ(text, "k3y is not <secret>");
}

}  // namespace
}  // namespace exporter::datadog

#include "datadog/masking.h"

#include "base/text.h"

#include <fmt/format.h>
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
    credentials.api_key = base::Secret(api_key);
    credentials.bearer_token = base::Secret("ddpat_alias_S3cr3tPart");
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

/// A secret as servers, gateways and libraries may echo it. It contains characters that the encodings
/// themselves use.
struct EchoCase {
    const char* name;
    std::string echo;
};

class EchoedSecret : public ::testing::TestWithParam<EchoCase> {
  protected:
    static constexpr std::string_view secret = "ddpat_S3cr3t/Part+\"%41\\x";
};

TEST_P(EchoedSecret, IsMaskedHoweverItIsSpelled) {
    std::string text = "403: key '" + GetParam().echo + "' is unknown";

    mask_secret(text, secret);

    EXPECT_EQ(text, "403: key '<secret>' is unknown");
}

INSTANTIATE_TEST_SUITE_P(
    Spellings, EchoedSecret,
    ::testing::Values(EchoCase{"Raw", R"(ddpat_S3cr3t/Part+"%41\x)"},
                      EchoCase{"UpperCase", R"(DDPAT_S3CR3T/PART+"%41\X)"},
                      EchoCase{"LowerCase", R"(ddpat_s3cr3t/part+"%41\x)"},
                      EchoCase{"Reversed", R"(x\14%"+traP/t3rc3S_tapdd)"},
                      EchoCase{"ReversedInUpperCase", R"(X\14%"+TRAP/T3RC3S_TAPDD)"},
                      EchoCase{"PercentEncoded", "ddpat_S3cr3t%2FPart%2B%22%2541%5Cx"},
                      EchoCase{"PercentEncodedWithSmallDigits", "ddpat_S3cr3t%2fPart%2b%22%2541%5cx"},
                      EchoCase{"PercentEncodedPartly", R"(ddpat%5FS3cr3t/Part+%22%2541\x)"},
                      EchoCase{"PercentEncodedThroughout",
                               "%64%64%70%61%74%5f%53%33%63%72%33%74%2f%50%61%72%74%2b%22%25%34%31%5c%78"},
                      EchoCase{"PercentEncodedTwice", "ddpat%255FS3cr3t%252FPart%252B%2522%252541%255Cx"},
                      EchoCase{"PercentEncodedThreeTimes",
                               "ddpat%25255FS3cr3t%25252FPart%25252B%252522%25252541%25255Cx"},
                      EchoCase{"PercentEncodedAndInUpperCase", "DDPAT_S3CR3T%2FPART%2B%22%2541%5CX"},
                      EchoCase{"Hexadecimal",
                               "64647061745f533363723374"
                               "2f506172742b222534315c78"},
                      EchoCase{"HexadecimalInUpperCase",
                               "64647061745F533363723374"
                               "2F506172742B222534315C78"},
                      EchoCase{"JsonEscaped", R"(ddpat_S3cr3t\/Part+\"%41\\x)"},
                      EchoCase{"JsonEscapedByNumber", R"(ddpat\u005fS3cr3t\u002FPart\u002B\u0022%41\u005cx)"},
                      EchoCase{"EscapedAsInC", R"(ddpat\x5fS3cr3t\x2FPart\x2b\"%41\\x)"},
                      EchoCase{"PercentEncodedInJson", R"(ddpat_S3cr3t\u00252FPart\u00252B%22%2541%5Cx)"},
                      EchoCase{"JsonInJson", R"(ddpat_S3cr3t\\\/Part+\\\"%41\\\\x)"}),
    [](const auto& test) { return test.param.name; });

TEST(MaskSecrets, MasksRunsOfAtLeastEightCharacters) {
    const std::string encoded = base::encode_base64(api_key);
    for (const auto& [spelled, digits] : {std::pair(std::string(api_key), 1U), std::pair(encoded, 1U),
                                          std::pair(std::string("30313233343536373839"), 2U),
                                          std::pair(std::string("%30%31%32%33%34%35%36%37%38%39"), 3U)}) {
        std::string eight = "<" + spelled.substr(0, std::size_t{8} * digits) + ">";
        const std::string seven = "<" + spelled.substr(0, std::size_t{7} * digits) + ">";
        std::string text = seven;

        mask_secret(eight, api_key);
        mask_secret(text, api_key);

        EXPECT_EQ(eight, "<<secret>>") << spelled;
        EXPECT_EQ(text, seven) << spelled;
    }
}

TEST(MaskSecrets, LeavesInvalidEscapesAlone) {
    const std::string before = R"(50% of "a\/b" at %zz, \u12 and 0123456 %2)";
    std::string text = before;

    mask_secret(text, api_key);

    EXPECT_EQ(text, before);
}

TEST(MaskSecrets, ASecretOfEscapesIsMaskedLiterally) {
    std::string text = "about %41%42";

    mask_secret(text, "%41%42");

    EXPECT_EQ(text, "about <secret>");
}

TEST(MaskSecrets, MasksAnEchoCutInsideAnEscape) {
    std::string text = "no %30%31%32%33%34%35%36%37%38%3";

    mask_secret(text, api_key);

    EXPECT_EQ(text, "no <secret>%3");
}

TEST(MaskSecrets, MasksBase64AtAnyOffset) {
    for (const auto* before : {"", "a", "ab", "Bearer ", "user:"}) {
        std::string encoded = base::encode_base64(std::string(before) + api_key + "\n");
        if (before == std::string_view("ab")) {
            encoded.replace(encoded.size() / 2, 1, fmt::format("%{:02X}", encoded[encoded.size() / 2]));
        }
        std::string text = "Authorization: " + encoded;

        mask_secret(text, api_key);

        EXPECT_THAT(text, testing::HasSubstr("<secret>")) << before;
        EXPECT_THAT(text, testing::Not(testing::HasSubstr(encoded.substr(encoded.size() / 2, 8)))) << before;
    }
}

TEST(MaskProxy, HidesEvenAShortPassword) {
    const config::Proxy proxy{
        .host = "proxy", .port = 3128, .user = "proxyuser", .password = base::Secret("hunter2")};
    std::string text =
        "407 Basic " + base::encode_base64("proxyuser:hunter2") + " is wrong, and so is hunter2";

    mask_proxy(text, proxy);

    EXPECT_EQ(text, "407 Basic <secret> is wrong, and so is <secret>");
}

TEST(MaskProxy, HidesATokenUsedAsUserName) {
    const config::Proxy proxy{.host = "proxy", .port = 3128, .user = "egress-token-1234", .password = {}};
    std::string text = "no egress-token-1234";

    mask_proxy(text, proxy);

    EXPECT_EQ(text, "no <secret>");
}

TEST(MaskSecrets, AShortSecretIsMaskedOnlyAsAWhole) {
    config::Credentials credentials;
    credentials.app_key = base::Secret("k3y!");
    std::string text = "k3y is not k3y!";

    mask_secrets(text, credentials);

    EXPECT_EQ(text, "k3y is not <secret>");
}

}  // namespace
}  // namespace exporter::datadog

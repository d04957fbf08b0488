// Detecting what people put in a key's place by mistake, without rejecting a valid key.
#include "base/text.h"
#include "config/credentials.h"
#include "config/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace exporter::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const std::string api_key = "0123456789abcdef0123456789abcdef";
const std::string app_key = "0123456789abcdef0123456789abcdef01234567";
const std::string access_token = "ddpat_abc_def";

struct Kind {
    std::string variable;
    std::string flag;
    std::string yaml_key;
};

const Kind api = {"DD_API_KEY", "--datadog.api-key-file", "api_key_file"};
const Kind app = {"DD_APP_KEY", "--datadog.app-key-file", "app_key_file"};
const Kind bearer = {"DD_BEARER_TOKEN", "--datadog.bearer-token-file", "bearer_token_file"};
const std::vector<Kind> all_kinds = {api, app, bearer};

/// An organization's credentials, given in each possible way.
class GivenKeys {
  public:
    struct Way {
        std::string place;  ///< start of the message about the key
        std::vector<std::string> arguments;
        Environment environment;
    };

    /// The key of `kind` is `text`; the other credentials are valid.
    [[nodiscard]] std::vector<Way> ways(const Kind& kind, const std::string& text) const {
        const bool is_bearer = kind.variable == bearer.variable;
        const Kind& other = kind.variable == api.variable ? app : api;
        const std::string other_text = kind.variable == api.variable ? app_key : api_key;
        Environment variables = {{kind.variable, text}};
        const std::string file = directory_.write("key", text);
        std::vector<std::string> flags = {kind.flag + "=" + file};
        std::string organization = "organizations:\n- name: a\n  " + kind.yaml_key + ": key\n";
        if (!is_bearer) {
            variables.emplace(other.variable, other_text);
            flags.push_back(other.flag + "=" + directory_.write("other", other_text));
            organization += "  " + other.yaml_key + ": other\n";
        }
        const std::string config = directory_.write("x.yaml", organization);
        return {{kind.variable + ": ", {}, variables},
                {kind.flag + ": " + file + ": ", flags, {}},
                {config + ":3: organizations[0]." + kind.yaml_key + ": " + file + ": ",
                 {"--config.file=" + config},
                 {}}};
    }

  private:
    const ScratchDirectory directory_;
};

struct Slip {
    std::string text;
    std::string reason;
};

TEST(Key, IsRefusedAndNotShownIfMispasted) {
    const std::string byte_order_mark = "begins with a byte order mark";
    const std::string quotes = "begins or ends with a quotation mark";
    const std::string name = "has a name before the value";
    const std::string placeholder = "is a placeholder, a masked copy or a reference";
    const std::string& reference = placeholder;
    const std::string& masked = placeholder;
    const std::string path = "is a path or a URL, not a key";
    const std::vector<Slip> slips = {
        {"\xef\xbb\xbfneedle", byte_order_mark},
        {"\xff\xfen\x01", byte_order_mark},
        {"\xfe\xff\x01n", byte_order_mark},
        {"\"needle\"", quotes},
        {"'needle'", quotes},
        {"`needle`", quotes},
        {"\"needle", quotes},
        {"needle'\n", quotes},
        {"\u201cneedle\u201d", quotes},
        {"\u2018needle\u2019", quotes},
        {"\u201eneedle\u201c", quotes},
        {"\u00abneedle\u00bb", quotes},
        {"Bearer needle", "begins with the word Bearer"},
        {"bearer needle", "begins with the word Bearer"},
        {"Bearer\tneedle", "begins with the word Bearer"},
        {"Bearer:needle", "begins with the word Bearer"},
        {"Bearer: needle", "begins with the word Bearer"},
        {"Bearer", "begins with the word Bearer; leave that word out"},
        {"DD_API_KEY=needle", name},
        {"DD_API_KEY = needle", name},
        {"DD_API_KEY=\"needle\"", name},
        {"export DD_APP_KEY=needle", name},
        {"DD_API_KEY=needle\nDD_APP_KEY=needle\n", name},
        {"api_key: needle", name},
        {"DD-API-KEY: needle", name},
        {"DD-API-KEY:needle", name},
        {"Authorization: Bearer needle", name},
        {"${NEEDLE_needle}", placeholder},
        {"${needle:-}", placeholder},
        {"$needle", placeholder},
        {"$(needle)", placeholder},
        {"{{ needle }}", placeholder},
        {"{{needle}}", placeholder},
        {"<needle>", placeholder},
        {"<your needle>", placeholder},
        {"[needle]", placeholder},
        {"%needle%", placeholder},
        {"changeme", placeholder},
        {"CHANGE_ME", placeholder},
        {"replace-me", placeholder},
        {"YOUR_API_KEY", placeholder},
        {"your-access-token", placeholder},
        {"DD_API_KEY", placeholder},
        {"dd_app_key", placeholder},
        {"DD-APP-KEY", placeholder},
        {"DD_BEARER_TOKEN", placeholder},
        {"__DD_API_KEY__", placeholder},
        {"@DD_APP_KEY@", placeholder},
        {"#{DD_APP_KEY}#", placeholder},
        {"@@datadog_api_key@@", placeholder},
        {"{DD_API_KEY}", placeholder},
        {"<needle", placeholder},
        {"=needle", placeholder},
        {"xxxxxxxx", placeholder},
        {"XXXX", placeholder},
        {"0000", placeholder},
        {std::string(32, '0'), placeholder},
        {"null", placeholder},
        {"None", placeholder},
        {"TODO", placeholder},
        {"undefined", placeholder},
        {"ENC[needle]", reference},
        {"@Microsoft.KeyVault(SecretUri=https://needle)", reference},
        {"arn:aws:secretsmanager:eu-west-1:1:secret:needle", reference},
        {"op://needle/key", reference},
        {"vault:secret/data/needle#key", reference},
        {"********************************", masked},
        {"needle****", masked},
        {"...", masked},
        {"\u2022\u2022\u2022\u2022", masked},
        {"needle\u2026", masked},
        {"/run/secrets/needle", path},
        {"./needle", path},
        {"~/needle", path},
        {"file:///run/secrets/needle", path},
        {"https://app.datadoghq.com/needle", path},
    };
    const GivenKeys given;
    for (const Slip& slip : slips) {
        for (const Kind& kind : all_kinds) {
            for (const GivenKeys::Way& way : given.ways(kind, slip.text)) {
                EXPECT_THAT(mistakes_of(way.arguments, way.environment),
                            ElementsAre(AllOf(StartsWith(way.place), HasSubstr(slip.reason),
                                              Not(HasSubstr("needle")), Not(HasSubstr("\n")))))
                    << slip.text << " as " << way.place;
            }
        }
    }
}

TEST(AccessToken, IsRefusedAsAnApiKeyWithAHint) {
    const GivenKeys given;
    for (const std::string token : {"ddpat_needle_x", "ddsat_needle_x"}) {
        for (const GivenKeys::Way& way : given.ways(api, token)) {
            EXPECT_THAT(mistakes_of(way.arguments, way.environment),
                        ElementsAre(AllOf(StartsWith(way.place), HasSubstr("is an access token"),
                                          HasSubstr("DD_BEARER_TOKEN"), Not(HasSubstr("needle")))));
        }
    }
    EXPECT_THAT(mistakes_of({}, {{"DD_API_KEY", "ddpat_needle_x"}}),
                ElementsAre(StartsWith("DD_API_KEY: is an access token")));
}

TEST(Key, MayHaveAnyLengthAndAlphabet) {
    const std::vector<std::string> keys = {
        "a",
        "an-api-key",
        "key",
        api_key + "0",
        "DDKEY_0123",
        "ddapi_Kw7hQz3vRb_gT9x",
        "eyJhbGciOi.eyJpc3MiOi.SflKxwRJSM",
        "YWJjZA==",
        "ab/c+d==",
        "$2y$10$x",
        "a=",
        "100%",
        "a<b>",
        "your",
        "xxx",
        "xxxxxxxy",
        "nullable",
        "todo1",
        "Bearer1",
        "bearer_of_news",
        "DD_API_KEY_1",
        "my_DD_API_KEY",
        "_a_",
        "_",
        std::string(4095, 'x') + "y",
    };
    const GivenKeys given;
    for (const std::string& key : keys) {
        for (const Kind& kind : all_kinds) {
            for (const GivenKeys::Way& way : given.ways(kind, key)) {
                EXPECT_THAT(loaded(way.arguments, way.environment).warnings, IsEmpty()) << key;
            }
        }
    }
    for (const std::string token : {"ddpat_Kw7hQz3vRb_gT9x/mUe4+Yp2LsNc8=DfJ6aWkZ1oVi5HtB", "ddsat_a=b_c"}) {
        for (const Kind& kind : {app, bearer}) {
            for (const GivenKeys::Way& way : given.ways(kind, token)) {
                EXPECT_THAT(loaded(way.arguments, way.environment).warnings, IsEmpty()) << token;
            }
        }
    }
}

struct Doubt {
    std::string name;
    Environment environment;
    std::vector<std::string> warnings;  ///< starts of the messages
};

TEST(Warning, IsGivenForSwappedKeys) {
    const std::string other_app_key = "f" + app_key.substr(1);
    const std::string upper_app_key = "0123456789ABCDEF0123456789ABCDEF01234567";
    const std::vector<Doubt> doubts = {
        {"swapped",
         {{"DD_API_KEY", app_key}, {"DD_APP_KEY", api_key}},
         {"DD_API_KEY: has 40 hexadecimal digits, like an application key; it may be in another key's place",
          "DD_APP_KEY: has 32 hexadecimal digits, like an API key; it may be in another key's place"}},
        {"an application key as API key",
         {{"DD_API_KEY", other_app_key}, {"DD_APP_KEY", app_key}},
         {"DD_API_KEY: has 40 hexadecimal digits, like an application key; it may be in another key's "
          "place"}},
        {"in capitals",
         {{"DD_API_KEY", upper_app_key}, {"DD_APP_KEY", app_key}},
         {"DD_API_KEY: has 40 hexadecimal digits"}},
        {"an API key as application key",
         {{"DD_API_KEY", api_key}, {"DD_APP_KEY", "f" + api_key.substr(1)}},
         {"DD_APP_KEY: has 32 hexadecimal digits, like an API key; it may be in another key's place"}},
        {"one key as both",
         {{"DD_API_KEY", api_key}, {"DD_APP_KEY", api_key}},
         {"DD_APP_KEY: has 32 hexadecimal digits, like an API key; it may be"}},
        {"an API key as bearer token",
         {{"DD_BEARER_TOKEN", api_key}},
         {"DD_BEARER_TOKEN: has 32 hexadecimal digits, like an API key; it may be in another key's place"}},
        {"an application key as bearer token",
         {{"DD_BEARER_TOKEN", app_key}},
         {"DD_BEARER_TOKEN: has 40 hexadecimal digits, like an application key; it may be in another"}},
    };
    for (const Doubt& doubt : doubts) {
        const std::vector<std::string> warnings = loaded({}, doubt.environment).warnings;
        ASSERT_EQ(warnings.size(), doubt.warnings.size()) << doubt.name;
        for (std::size_t i = 0; i < warnings.size(); ++i) {
            EXPECT_THAT(warnings[i], StartsWith(doubt.warnings[i])) << doubt.name;
        }
    }
}

TEST(Warning, IsGivenForSwappedKeyFiles) {
    const ScratchDirectory directory;
    const std::string config = directory.write("x.yaml",
                                               "organizations:\n"
                                               "- name: a\n"
                                               "  api_key_file: api\n"
                                               "  app_key_file: app\n"
                                               "- name: b\n"
                                               "  bearer_token_file: app\n");
    directory.write("api", app_key + "\n");
    directory.write("app", api_key + "\n");
    const std::string place = config + ":";
    EXPECT_THAT(loaded({"--config.file=" + config}, {}).warnings,
                ElementsAre(StartsWith(place + "3: organizations[0].api_key_file: has 40 hexadecimal"),
                            StartsWith(place + "4: organizations[0].app_key_file: has 32 hexadecimal"),
                            StartsWith(place + "6: organizations[1].bearer_token_file: has 32 hexadecimal")));
}

TEST(Warning, IsNotGivenForCorrectKeys) {
    EXPECT_THAT(loaded({}, {{"DD_API_KEY", api_key}, {"DD_APP_KEY", app_key}}).warnings, IsEmpty());
    EXPECT_THAT(loaded({}, {{"DD_API_KEY", api_key}, {"DD_APP_KEY", access_token}}).warnings, IsEmpty());
    EXPECT_THAT(loaded({}, {{"DD_BEARER_TOKEN", access_token}}).warnings, IsEmpty());
}

TEST(Key, IsNotShownInOtherOptionsEither) {
    for (const std::string text :
         {"abcdef0123456789abcdef012345678", "abcdef0123456789abcd", "DDSAT_aB3_secret", "x_ddsat_aB3_secret",
          "ddapp_shortkey1234567", "x/DdPat_a", "ddapp_x", "0123456789abcdef0123456789abcdef",
          "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_0"}) {
        EXPECT_TRUE(base::may_hold_a_key(text)) << text;
        EXPECT_THAT(mistakes_of({}, keys_and({{"DD_SITE", text}})),
                    ElementsAre(StartsWith("DD_SITE: (not shown: it looks like a key)")));
    }
}

TEST(Text, IsShownUnlessItLooksLikeAKey) {
    for (const std::string text :
         {"us5.datadoghq.com", "00000000-0000-0000-2345-000000000000", "DD_APP_KEY", "18446744073709551616",
          "/etc/datadog/bearer_token_file_2.txt", "abcdefabcdefabcdefabcdefabcdefabcdef",
          "datadog-token-exporter-0.datadog-token-exporter", "https://api.us2.ddog-gov.com:8443"}) {
        EXPECT_FALSE(base::may_hold_a_key(text)) << text;
    }
}

class OneFileForBothKeys : public testing::Test {
  protected:
    const ScratchDirectory directory_;
    const std::string key_ = directory_.write("key", "needle\n");
};

TEST_F(OneFileForBothKeys, IsRefusedUnderAnyPath) {
    directory_.write("deep/other", "");
    std::filesystem::create_symlink("key", directory_.at("link"));
    std::filesystem::create_hard_link(key_, directory_.at("twin"));
    for (const std::string& path : {key_, directory_.at("deep/../key"), directory_.at("./key"),
                                    directory_.at("link"), directory_.at("twin")}) {
        EXPECT_THAT(mistakes_of({"--datadog.api-key-file=" + key_, "--datadog.app-key-file=" + path}, {}),
                    ElementsAre(AllOf(StartsWith("--datadog.app-key-file: " + path +
                                                 ": is also the API key's file; each key needs its own file"),
                                      Not(HasSubstr("needle")))));
    }
}

TEST_F(OneFileForBothKeys, IsRefusedUnderOrganizations) {
    const std::string config =
        directory_.write("x.yaml", "organizations:\n- name: a\n  api_key_file: key\n  app_key_file: ./key\n");
    EXPECT_THAT(mistakes_of({"--config.file=" + config}, {}),
                ElementsAre(StartsWith(config + ":4: organizations[0].app_key_file: ")));
}

TEST_F(OneFileForBothKeys, MayServeTwoOrganizations) {
    const std::string config = directory_.write("x.yaml",
                                                "organizations:\n"
                                                "- {name: a, bearer_token_file: key, filter: x}\n"
                                                "- {name: b, bearer_token_file: key, filter: y}\n");
    EXPECT_THAT(loaded({"--config.file=" + config}, {}).warnings, IsEmpty());
}

TEST(RotatedKey, IsCheckedAsAtStartup) {
    const ScratchDirectory directory;
    const std::string api_path = directory.write("api", api_key);
    const std::string app_path = directory.write("app", app_key);
    CredentialSources sources;
    sources.api_key = std::filesystem::path(api_path);
    sources.app_key = std::filesystem::path(app_path);
    ASSERT_TRUE(read_credentials(sources));

    directory.write("api", "ddpat_needle_x");
    EXPECT_EQ(read_credentials(sources).error().find(api_path + ": is an access token"), 0U);
    directory.write("api", "\"needle\"");
    EXPECT_EQ(read_credentials(sources).error().find(api_path + ": begins or ends with a quotation mark"),
              0U);
    std::filesystem::remove(api_path);
    std::filesystem::create_symlink("app", api_path);
    EXPECT_EQ(read_credentials(sources).error().find(app_path + ": is also the API key's file"), 0U);
}

}  // namespace
}  // namespace exporter::config

#include "config/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace exporter::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class YamlFileTest : public testing::Test {
  protected:
    std::string config(const std::string& text) const {
        return "--config.file=" + directory_.write("x.yaml", text);
    }

    const ScratchDirectory directory_;
    const std::string path_ = directory_.at("x.yaml");
};

TEST_F(YamlFileTest, NestsSectionsAndTakesUnderscores) {
    const Config config =
        loaded({this->config("poll:\n"
                             "  interval: 10m\n"
                             "  page_size: 50\n"
                             "buckets: {expiry: [1d, 7d], last_used: \"1d,30d\"}\n"
                             "scopes: {limit: 7, privileged: []}\n"
                             "web:\n"
                             "  listen_address: [':1', 'localhost:2']\n"
                             "log: {level: debug, format: json}\n"
                             "once: true\n")});
    EXPECT_EQ(config.poll.interval, std::chrono::minutes(10));
    EXPECT_EQ(config.poll.page_size, 50);
    EXPECT_THAT(config.buckets.expiry, ElementsAre(std::chrono::hours(24), std::chrono::hours(168)));
    EXPECT_THAT(config.buckets.last_used, ElementsAre(std::chrono::hours(24), std::chrono::hours(720)));
    EXPECT_EQ(config.scopes.limit, 7U);
    EXPECT_TRUE(config.scopes.privileged.empty());
    EXPECT_THAT(config.web.listen_addresses,
                ElementsAre(ListenAddress{"", 1, ""}, ListenAddress{"localhost", 2, ""}));
    EXPECT_EQ(config.log.level, LogLevel::debug);
    EXPECT_EQ(config.log.format, LogFormat::json);
    EXPECT_EQ(config.mode, Mode::once);
}

TEST_F(YamlFileTest, AToggleAndASectionMayShareAName) {
    EXPECT_TRUE(loaded({config("demo: true\n")}, {}).demo.enabled);
    const Config config = loaded({this->config("demo: {tokens: 7}\n"), "--demo"}, {});
    EXPECT_EQ(config.demo.tokens, 7U);
}

TEST_F(YamlFileTest, MayBeEmpty) {
    for (const std::string text : {"", "# nothing yet\n", "---\n", "poll:\n", "poll: {}\n"}) {
        EXPECT_EQ(loaded({config(text)}).poll.interval, std::chrono::minutes(5)) << text;
    }
}

TEST_F(YamlFileTest, KnowsAnchors) {
    EXPECT_EQ(loaded({config("poll: {interval: &long 40m, timeout: *long}\n")}).poll.timeout,
              std::chrono::minutes(40));
}

struct Case {
    std::string text;
    std::string line;  ///< expected message after the path
};

TEST_F(YamlFileTest, IsRefusedWithPlaceAndReason) {
    const std::vector<Case> cases = {
        {"poll:\n  intervall: 10m\n", ":2: poll.intervall: unknown key; did you mean poll.interval?"},
        {"pol:\n  interval: 10m\n", ":1: pol: unknown key"},
        {"poll:\n  page-size: 10\n", ":2: poll.page-size: unknown key; did you mean poll.page_size?"},
        {"interval: 10m\n", ":1: interval: unknown key; did you mean poll.interval?"},
        {"datadog:\n  api_key: needle\n",
         ":2: datadog.api_key: unknown key; did you mean datadog.api_key_file?"},
        {"\napi_key: needle\n", ":2: api_key: unknown key; did you mean datadog.api_key_file?"},
        {"config: {file: x}\n", ":1: config: unknown key"},
        {"help: true\n", ":1: help: unknown key"},
        {"organisations: []\n", ":1: organisations: unknown key; did you mean organizations?"},
        {"poll: {interval: 1m}\npoll: {timeout: 1m}\n", ":2: poll: appears twice; keep one"},
        {"poll:\n  interval: 1m\n  interval: 2m\n", ":3: poll.interval: appears twice; keep one"},
        {"poll: 5m\n", ":1: poll: is a section; write its keys below it, indented"},
        {"poll: [5m]\n", ":1: poll: is a section"},
        {"poll:\n  interval: [5m]\n", ":2: poll.interval: takes a single value"},
        {"poll:\n  interval: {a: b}\n", ":2: poll.interval: takes a single value"},
        {"poll:\n  interval:\n", ":2: poll.interval: \"\" is not a duration"},
        {"poll:\n  interval: x\n", ":2: poll.interval: \"x\" is not a duration"},
        {"buckets:\n  expiry: [[1d]]\n", ":2: buckets.expiry: takes a list of plain values"},
        {"buckets:\n  expiry: []\n", ":2: buckets.expiry: \"\": takes 1 to 20 bounds"},
        {"once: maybe\n", ":1: once: \"maybe\" is neither true nor false"},
        {"[a]: b\n", ":1: the file: a key is not a plain name"},
        {"- poll\n", ":1: the file: is not a mapping"},
        {"needle\n", ":1: the file: is not a mapping"},
        {"poll: {interval: 1m}\n---\npoll: {interval: 2m}\n",
         ":2: the file: holds more than one YAML document"},
        {"poll: {interval: 10m\n", ":2:1: not valid YAML: "},
        {"poll:\n  interval: 10m\n log: x\n", ":3:2: not valid YAML: end of map not found"},
        {"a: *needle\n", ":1:4: not valid YAML: the referenced anchor is not defined"},
        {"a: \"\\q\"\n", ":1:7: not valid YAML: unknown escape character"},
        {"poll: &p {poll: *p}\n", ":1: poll.poll: unknown key"},
        {std::string(2000, '[') + "\n", ": the file: is nested too deeply"},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(
            mistakes_of({config(c.text)}),
            ElementsAre(AllOf(StartsWith(path_ + c.line), Not(HasSubstr("needle")), Not(HasSubstr("\n")))))
            << c.text.substr(0, 100);
    }
}

TEST_F(YamlFileTest, MayHoldNoControlCharacters) {
    for (const char control : {'\0', '\x04', '\x1b', '\x7f'}) {
        EXPECT_THAT(
            mistakes_of({"--config.file=" + directory_.write("c.yaml", std::string("a: b") + control)}),
            testing::ElementsAre(testing::HasSubstr("is not text: it has a control character at byte 5")));
    }
}

TEST_F(YamlFileTest, HasALimit) {
    EXPECT_THAT(mistakes_of({config("# " + std::string(1024 * 1024, 'x') + "\n")}),
                ElementsAre(path_ + ": the configuration file is longer than 1 MiB"));
}

}  // namespace
}  // namespace exporter::config

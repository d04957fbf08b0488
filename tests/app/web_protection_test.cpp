#include "app/web_protection.h"

#include "web/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <sstream>
#include <string>

namespace exporter::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* path = "/etc/web.yml";

/// A disk with the web configuration, and a log that can be read.
class WebProtectionOfAFile : public ::testing::Test {
  protected:
    WebProtectionOfAFile() {
        web_.config_file = path;
        write("http_server_config: {headers: {X-Frame-Options: deny}}\n");
    }

    void write(const std::string& text) { text_ = text; }

    [[nodiscard]] auto load() {
        return WebProtection::load(web_, log_,
                                   [this](const std::string&) -> tl::expected<config::FileText, std::string> {
                                       return config::FileText{config::Secret(text_)};
                                   });
    }

    /// As two looks in a row find it.
    static bool settled(WebProtection& protection) {
        EXPECT_FALSE(protection.refresh()) << "the file may be half-written";
        return protection.refresh();
    }

    [[nodiscard]] std::string logged() const { return output_.str(); }

    config::Web web_;
    std::string text_;
    std::ostringstream output_;
    Log log_{
        {},
        std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(output_))};
};

TEST_F(WebProtectionOfAFile, IsWhatTheFileSays) {
    const auto protection = load();
    ASSERT_TRUE(protection);
    EXPECT_EQ(protection->security()->headers, (web::Headers{{"X-Frame-Options", "deny"}}));
    EXPECT_EQ(protection->security()->tls, nullptr);
    EXPECT_EQ(protection->security()->authenticator, nullptr);
}

TEST_F(WebProtectionOfAFile, StaysWhileTheFileDoes) {
    auto protection = load().value();
    const auto before = protection.security();
    EXPECT_FALSE(protection.refresh());
    EXPECT_EQ(protection.security(), before);
    EXPECT_EQ(logged(), "");
}

TEST_F(WebProtectionOfAFile, ChangesWithTheFile) {
    auto protection = load().value();
    write("rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_TRUE(settled(protection));
    EXPECT_NE(protection.security()->rate_limiter, nullptr);
    EXPECT_THAT(logged(), HasSubstr("the web configuration was taken up"));
}

TEST_F(WebProtectionOfAFile, SurvivesABrokenFileAndTellsItOnce) {
    auto protection = load().value();
    const auto before = protection.security();
    write("basic_auth_users: {alice: s3cr3t}\n");
    EXPECT_FALSE(settled(protection));
    const std::string told = logged();
    EXPECT_THAT(told, HasSubstr("the one before stays in use"));
    EXPECT_THAT(told, Not(HasSubstr("s3cr3t")));
    EXPECT_FALSE(protection.refresh());
    EXPECT_EQ(logged(), told);
    EXPECT_EQ(protection.security(), before);
}

TEST_F(WebProtectionOfAFile, WaitsUntilAFileIsWrittenToItsEnd) {
    auto protection = load().value();
    write("rate_limit: {interval: 1s,");
    EXPECT_FALSE(protection.refresh());
    write("rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_TRUE(settled(protection));
    EXPECT_THAT(logged(), Not(HasSubstr("can't be used")));
}

TEST_F(WebProtectionOfAFile, IsNeverSwitchedOffByAFileThatLostItsUsers) {
    write("basic_auth_users: {alice: $2b$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e}\n");
    auto protection = load().value();
    for (const auto* text :
         {"", "basic_auth_users:\n", "http_server_config: {headers: {X-Frame-Options: deny}}\n"}) {
        write(text);
        EXPECT_FALSE(settled(protection)) << text;
        EXPECT_NE(protection.security()->authenticator, nullptr) << text;
    }
    EXPECT_THAT(logged(), HasSubstr("passwords are switched off by a restart alone"));
}

TEST_F(WebProtectionOfAFile, ThatIsBrokenFromTheStartIsRefused) {
    write("nonsense: 1\n");
    const auto protection = load();
    ASSERT_FALSE(protection);
    EXPECT_THAT(protection.error().front(), HasSubstr("/etc/web.yml:1: nonsense: unknown key"));
}

TEST_F(WebProtectionOfAFile, IsNoneWithoutAFile) {
    web_.config_file.clear();
    auto protection = load().value();
    EXPECT_EQ(protection.security(), nullptr);
    EXPECT_FALSE(protection.refresh());
}

/// Time passes at once, a number of times.
class HastyClock final : public scan::Clock {
  public:
    explicit HastyClock(int waits) : waits_(waits) {}
    datadog::Timestamp now() override { return {}; }
    scan::SteadyTime steady_now() override { return {}; }
    bool wait_until(scan::SteadyTime /*moment*/, std::stop_token /*stop*/) override { return waits_-- > 0; }

  private:
    int waits_;
};

TEST_F(WebProtectionOfAFile, IsHandedOverOnceForEachChange) {
    auto protection = load().value();
    write("rate_limit: {interval: 1s, burst: 5}\n");
    HastyClock clock(3);
    int taken_up = 0;
    protection.watch({}, [&](const auto&) { ++taken_up; }, clock);
    EXPECT_EQ(taken_up, 1);
}

}  // namespace
}  // namespace exporter::app

#include "app/web_server.h"

#include "support/web_file_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

namespace exporter::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* path = support::WebFileDisk::path;
const std::string header = "http_server_config: {headers: {X-Frame-Options: deny}}\n";

/// Every wait returns immediately, a limited number of times.
class HastyClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return now_; }
    scan::SteadyTime steady_now() override { return {}; }
    bool wait_until(scan::SteadyTime /*moment*/, std::stop_token /*stop*/) override { return waits_-- > 0; }

    base::Timestamp now_{std::chrono::seconds(1000)};
    int waits_ = 0;
};

/// A fake disk with the web configuration, and a log that tests can read.
class WatchedWebFile : public ::testing::Test {
  protected:
    WatchedWebFile() {
        web_.config_file = path;
        write(header);
    }

    void write(const std::string& text) { disk_.write(text); }

    [[nodiscard]] auto load() { return load_web_protection(web_, reloads_, disk_.reader(), clock_); }

    /// The reload metrics as scraped, by name.
    [[nodiscard]] std::map<std::string, double> reloads() const {
        std::map<std::string, double> values;
        const std::string prefix = "datadog_access_token_exporter_config_last_reload_";
        const metrics::ExporterStatus exporter{{}, {}, {}, 0, reloads_.by_file(), {}};
        for (const auto& family : metrics::families_of(exporter)) {
            if (!family.name.starts_with(prefix)) {
                continue;
            }
            EXPECT_EQ(family.metric.size(), 1U) << family.name;
            EXPECT_EQ(family.metric[0].label.at(0).name, "file");
            EXPECT_EQ(family.metric[0].label.at(0).value, "web");
            values[family.name.substr(prefix.size())] = family.metric[0].gauge.value;
        }
        return values;
    }

    /// Checks the file `looks` times. Returns how often a change took effect.
    int watch(http::Protection& protection, int looks) {
        int taken_up = 0;
        clock_.waits_ = looks;
        watch_web_protection(protection, log_, reloads_, {}, [&](const auto&) { ++taken_up; }, clock_);
        return taken_up;
    }

    [[nodiscard]] std::string logged() const { return output_.str(); }

    config::Web web_;
    support::WebFileDisk disk_;
    HastyClock clock_;
    metrics::Reloads reloads_;
    std::ostringstream output_;
    Log log_{{}, [this](const std::string& line) { output_ << line; }};
};

TEST_F(WatchedWebFile, ChangesWithTheFile) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_EQ(watch(protection, 2), 1);
    EXPECT_NE(protection.security()->rate_limiter, nullptr);
    EXPECT_THAT(logged(), HasSubstr("web configuration reloaded"));
}

TEST_F(WatchedWebFile, IsLoggedOnceIfBroken) {
    auto protection = load().value();
    const auto before = protection.security();
    write("basic_auth_users: {alice: s3cr3t}\n");
    EXPECT_EQ(watch(protection, 2), 0);
    const std::string told = logged();
    EXPECT_THAT(told, HasSubstr("keeping the previous one"));
    EXPECT_THAT(told, Not(HasSubstr("s3cr3t")));
    EXPECT_EQ(watch(protection, 1), 0);
    EXPECT_EQ(logged(), told);
    EXPECT_EQ(protection.security(), before);
}

TEST_F(WatchedWebFile, ReportsItsLastReloadInMetrics) {
    auto protection = load().value();
    EXPECT_EQ(reloads(),
              (std::map<std::string, double>{{"successful", 1}, {"success_timestamp_seconds", 1000}}));

    clock_.now_ += std::chrono::seconds(60);
    write("");
    EXPECT_EQ(watch(protection, 2), 0) << "weaker protection";
    EXPECT_EQ(reloads(),
              (std::map<std::string, double>{{"successful", 0}, {"success_timestamp_seconds", 1000}}));

    write(header);
    EXPECT_EQ(watch(protection, 2), 1);
    EXPECT_EQ(reloads(),
              (std::map<std::string, double>{{"successful", 1}, {"success_timestamp_seconds", 1060}}));

    write("nonsense: 1\n");
    EXPECT_EQ(watch(protection, 2), 0) << "invalid file";
    EXPECT_EQ(reloads(),
              (std::map<std::string, double>{{"successful", 0}, {"success_timestamp_seconds", 1060}}));
}

TEST_F(WatchedWebFile, IsNoneWithoutAFile) {
    web_.config_file.clear();
    auto protection = load().value();
    EXPECT_EQ(protection.security(), nullptr);
    EXPECT_EQ(watch(protection, 1), 0);
    EXPECT_TRUE(reloads().empty());
}

TEST_F(WatchedWebFile, IsHandedOverOnceForEachChange) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_EQ(watch(protection, 3), 1);
}

TEST_F(WatchedWebFile, CountsAnExceptionAsAFailedReadingAndLooksAgain) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    EXPECT_EQ(watch(protection, 1), 0);
    ASSERT_EQ(reloads().at("successful"), 1);
    disk_.before_reading = [] { throw std::bad_alloc(); };
    EXPECT_EQ(watch(protection, 1), 0);
    EXPECT_EQ(reloads().at("successful"), 0);
    EXPECT_THAT(logged(), HasSubstr("can't be used"));
    disk_.before_reading = nullptr;
    EXPECT_EQ(watch(protection, 2), 1);
    EXPECT_EQ(reloads().at("successful"), 1);
}

TEST_F(WatchedWebFile, IsHandedOverAgainAfterAnException) {
    auto protection = load().value();
    write(header + "rate_limit: {interval: 1s, burst: 5}\n");
    clock_.waits_ = 3;
    int attempts = 0;
    std::shared_ptr<const http::Security> handed_over;
    const auto take_up = [&](const auto& security) {
        if (++attempts == 1) {
            throw std::bad_alloc();
        }
        EXPECT_EQ(reloads().at("successful"), 0) << "it isn't in use yet";
        handed_over = security;
    };
    watch_web_protection(protection, log_, reloads_, {}, take_up, clock_);
    EXPECT_EQ(attempts, 2);
    EXPECT_EQ(handed_over, protection.security());
    EXPECT_EQ(reloads().at("successful"), 1);
}

}  // namespace
}  // namespace exporter::app

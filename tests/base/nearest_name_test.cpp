#include "base/text.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace exporter::base {
namespace {

/// The suggested name; empty: none.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
    const std::string suggestion = did_you_mean(name, candidates);
    constexpr std::string_view before = "; did you mean ";
    return suggestion.empty() ? "" : suggestion.substr(before.size(), suggestion.size() - before.size() - 1);
}

const std::vector<std::string> candidates = {
    "poll.interval", "poll.timeout", "web.listen-address", "api_key_file", "app_key_file", "demo", "once"};

struct Case {
    std::string name;
    std::string nearest;  ///< empty: no suggestion
};

TEST(NearestName, CorrectsTypicalMistakes) {
    const std::vector<Case> cases = {
        {"pol.interval", "poll.interval"},
        {"poll.intervall", "poll.interval"},
        {"poll.itnerval", "poll.interval"},
        {"poll_interval", "poll.interval"},
        {"Poll.Interval", "poll.interval"},
        {"interval", "poll.interval"},
        {"api_key", "api_key_file"},
        {"app_key", "app_key_file"},
        {"web.listen_adress", "web.listen-address"},
        {"dmeo", "demo"},
        {"onc", "once"},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(nearest_name(c.name, candidates), c.nearest) << c.name;
    }
}

TEST(NearestName, PrefersACompletion) {
    EXPECT_EQ(
        nearest_name("datadog_api_key", {"datadog_site", "datadog_app_key_file", "datadog_api_key_file"}),
        "datadog_api_key_file");
    EXPECT_EQ(nearest_name("api_key", {"datadog.api_key_file"}), "datadog.api_key_file");
}

TEST(NearestName, IsNothingWhenNothingIsClose) {
    for (const std::string name : {"", "-", "x", "verbose", "kubernetes.namespace", "poll"}) {
        EXPECT_EQ(nearest_name(name, {"web.listen-address", "demo", "once"}), "") << name;
    }
    EXPECT_EQ(nearest_name("demo", {}), "");
}

TEST(NearestSpelling, IsAtMostTwoTypingErrorsAway) {
    const std::vector<std::string_view> known = {"org_management", "audit_logs_write", "apps_run",
                                                 "security_monitoring_rules_write"};
    const std::vector<Case> cases = {
        {"org_managment", "org_management"},
        {"org_mangaemnet", "org_management"},
        {"Org-Management", "org_management"},
        {"audit_log_write", "audit_logs_write"},
        {"app_run", "apps_run"},
        {"org_mngmnt", ""},
        {"audit_logs_read", ""},
        {"security_monitoring_rules_read", ""},
        {"audit_logs", ""},
        {"management", ""},
        {"apps_rxx", ""},
        {"", ""},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(nearest_spelling(c.name, known).value_or(""), c.nearest) << c.name;
    }
}

TEST(NearestName, CopesWithLongNames) {
    EXPECT_EQ(nearest_name(std::string(100'000, 'x'), candidates), "");
    const std::vector<std::string_view> known = {"org_management"};
    EXPECT_FALSE(nearest_spelling(std::string(100'000, 'x'), known));
}

}  // namespace
}  // namespace exporter::base

#include "support/simulated_harness.h"
#include "support/simulated_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

namespace exporter::support {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST(Faults, AnInterceptAnswersInsteadOfThePage) {
    Harness harness;
    Faults faults;
    faults.intercept = [](std::size_t request,
                          const datadog::PageRequest& query) -> std::optional<CannedAnswer> {
        if (request == 1) {
            return CannedAnswer{
                503, "text/html", "<p>" + std::to_string(query.number), {{"Retry-After", "7"}}};
        }
        return std::nullopt;
    };
    harness.server.set_faults(std::move(faults));

    EXPECT_EQ(harness.get(listing).status, 200);
    const auto reply = harness.get(listing + "?page[number]=4");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.body, "<p>4");
    EXPECT_EQ(reply.header("Content-Type"), "text/html");
    EXPECT_EQ(reply.header("Retry-After"), "7");
    EXPECT_EQ(harness.get(listing).status, 200);
}

TEST(Faults, AnInterceptKeepsItsState) {
    Harness harness;
    Faults faults;
    faults.intercept = [left = 2](
                           std::size_t /*request*/,
                           const datadog::PageRequest& /*query*/) mutable -> std::optional<CannedAnswer> {
        if (left-- > 0) {
            return CannedAnswer{500, "", "", {}};
        }
        return std::nullopt;
    };
    harness.server.set_faults(std::move(faults));
    std::vector<int> statuses;
    statuses.reserve(3);
    for (int request = 0; request < 3; ++request) {
        statuses.push_back(harness.get(listing).status);
    }
    EXPECT_THAT(statuses, ElementsAre(500, 500, 200));
}

TEST(Faults, AnExceptionIsAnOpaqueInternalError) {
    Harness harness;
    Faults faults;
    faults.intercept = [](std::size_t /*request*/,
                          const datadog::PageRequest& /*query*/) -> std::optional<CannedAnswer> {
        throw std::runtime_error("private-detail");
    };
    harness.server.set_faults(std::move(faults));
    const auto reply = harness.get(listing);
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.body, R"({"errors":["Internal error"]})");
    for (const auto& [name, value] : reply.headers) {
        EXPECT_THAT(value, Not(HasSubstr("private-detail"))) << name;
    }
}

TEST(Faults, BeforePageCanChangeTheOrganization) {
    Harness harness;
    Faults faults;
    faults.before_page = [](demo::SimulatedOrganization& organization, const datadog::PageRequest& query) {
        if (query.number == 1) {
            revoke(organization, organization.tokens().front().id);
        }
    };
    harness.server.set_faults(std::move(faults));

    EXPECT_THAT(harness.ids("sort=created_at&page[size]=100"), SizeIs(100));
    EXPECT_THAT(harness.ids("sort=created_at&page[size]=100&page[number]=1"), SizeIs(36));
    EXPECT_THAT(harness.tokens(), SizeIs(136));
}

TEST(Faults, PageSizeAndNumberCanBeIgnored) {
    Harness harness;
    Faults faults;
    faults.ignore_page_size = true;
    harness.server.set_faults(faults);
    EXPECT_THAT(harness.ids("page[size]=100"), SizeIs(10));

    faults.ignore_page_number = true;
    harness.server.set_faults(faults);
    EXPECT_EQ(harness.ids("page[number]=3"), harness.ids("page[number]=0"));
}

TEST(Faults, TheTotalCanBeLeftOutOrReplaced) {
    Harness harness;
    EXPECT_THAT(harness.get(listing).body, HasSubstr(R"("meta":{"page":{"total_filtered_count":137}})"));
    Faults faults;
    faults.omit_total = true;
    harness.server.set_faults(faults);
    EXPECT_THAT(harness.get(listing).body, HasSubstr(R"("meta":{"page":{}})"));

    faults.total_json = [](std::size_t real) { return std::to_string(real) + ".5"; };
    harness.server.set_faults(faults);
    EXPECT_THAT(harness.get(listing).body, HasSubstr(R"("total_filtered_count":137.5)"));
}

TEST(Faults, LatencyHoldsTheAnswerBack) {
    Harness harness;
    Faults faults;
    faults.latency = std::chrono::milliseconds(30);
    harness.server.set_faults(faults);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(harness.get(listing).status, 200);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(30));
}

TEST(Faults, ALivingOrganizationFollowsTheClock) {
    auto options = still_options();
    options.alive = true;
    std::atomic<std::int64_t> hours_later = 0;
    options.clock = [&] { return test_now + std::chrono::hours(hours_later.load()); };
    Harness harness(std::move(options));

    const auto first = harness.get(listing).body;
    EXPECT_EQ(harness.get(listing).body, first);
    hours_later = 5;
    EXPECT_NE(harness.get(listing).body, first);
}

}  // namespace
}  // namespace exporter::support

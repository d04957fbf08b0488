#include "support/simulated_harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::support {
namespace {

const std::string users = "/api/v2/users/";

std::string an_owner(Harness& harness) {
    return harness.tokens().begin()->second.owner_id;
}

TEST(SimulatedUsers, MatchTheApisFormat) {
    Harness harness;
    std::size_t nameless = 0;
    std::size_t disabled = 0;
    for (const auto& [id, token] : harness.tokens()) {
        const auto reply = harness.get(users + token.owner_id);
        ASSERT_EQ(reply.status, 200);
        EXPECT_EQ(reply.header("Content-Type"), "application/vnd.api+json");
        const auto document = reply.json();
        EXPECT_EQ(document["data"]["type"].text(), "users");
        EXPECT_EQ(document["data"]["id"].text(), token.owner_id);
        const auto attributes = document["data"]["attributes"];
        nameless += attributes["name"].is_null() ? 1U : 0U;
        disabled += attributes["status"].text() == "Disabled" ? 1U : 0U;
    }
    EXPECT_GT(nameless, 0U);
    EXPECT_GT(disabled, 0U);
}

TEST(SimulatedUsers, AreNotFoundIfUnknown) {
    Harness harness;
    EXPECT_EQ(harness.get(users + "nobody").status, 404);
    EXPECT_EQ(harness.get(users).status, 404);
    EXPECT_EQ(harness.get("/api/v2/users").status, 404);
    EXPECT_EQ(harness.get(users + an_owner(harness) + "/roles").status, 404);
}

TEST(SimulatedUsers, AreFoundByAnEncodedId) {
    Harness harness;
    std::string encoded;
    for (const char c : an_owner(harness)) {
        encoded += c == '-' ? std::string("%2D") : std::string(1, c);
    }
    EXPECT_EQ(harness.get(users + encoded + "?include=roles").status, 200);
}

TEST(SimulatedUsers, RequireCredentialsAndPermission) {
    Harness harness;
    EXPECT_EQ(harness.get(users + an_owner(harness), {}).status, 401);

    auto options = still_options();
    options.user_access_read = false;
    Harness without(options);
    EXPECT_EQ(without.get(users + an_owner(without)).status, 403);
    EXPECT_EQ(without.get(listing).status, 200);
}

TEST(SimulatedUsers, ShareTheRateLimitOfTheListing) {
    auto options = still_options();
    options.rate_limit = demo::SimulatedRateLimit{.limit = 2, .period = std::chrono::seconds(60)};
    Harness harness(options);
    const std::string id = an_owner(harness);

    EXPECT_EQ(harness.get(listing).header("X-RateLimit-Remaining"), "1");
    EXPECT_EQ(harness.get(users + id).header("X-RateLimit-Remaining"), "0");
    EXPECT_EQ(harness.get(users + id).status, 429);
    EXPECT_EQ(harness.get(listing).status, 429);
}

TEST(SimulatedUsers, CanBeScriptedByATest) {
    Harness harness;
    std::vector<std::string> asked;
    Faults faults;
    faults.intercept_user = [&asked](std::size_t, const std::string& id) {
        asked.push_back(id);
        return CannedAnswer{.status = 503, .body = "scripted", .headers = {}};
    };
    harness.server.set_faults(std::move(faults));

    EXPECT_EQ(harness.get(users + "a%2Fb").status, 503);
    EXPECT_EQ(harness.get(listing).status, 200);

    harness.server.set_faults({});
    EXPECT_THAT(asked, ::testing::ElementsAre("a/b"));
    EXPECT_EQ(harness.get(users + "a%2Fb").status, 404);
}

}  // namespace
}  // namespace exporter::support

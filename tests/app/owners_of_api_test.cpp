// Looks up owners over HTTP, with the requests counted by the server.
#include "app/owners.h"
#include "support/scratch_directory.h"
#include "support/simulated_datadog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace exporter::app {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

/// A server, and the lookups that `--list` makes.
class OwnersOfApi : public testing::Test {
  protected:
    /// Lists tokens, then looks up their owners.
    Owners look_up(const support::SimulatedDatadogOptions& simulated = support::still_options(200),
                   const support::Faults& faults = {}) {
        start(simulated);
        server_->set_faults(faults);
        EXPECT_TRUE(source_->prepare());
        const auto listed = source_->page(0, scan::system_clock().steady_now() + 20s);
        EXPECT_TRUE(listed.page);
        requests_before_ = server_->requests();
        options_.last_known = listed.exchange.rate_limit;
        const std::vector<std::string_view> ids(owners_.begin(), owners_.end());
        return look_up_owners(*source_, ids, options_, scan::system_clock());
    }

    /// Requests for lookups only.
    [[nodiscard]] std::size_t requests() const { return server_->requests() - requests_before_; }
    [[nodiscard]] std::vector<std::string> paths() const {
        std::vector<std::string> paths;
        for (const auto& request : server_->recorded()) {
            paths.push_back(request.target);
        }
        paths.erase(paths.begin(), paths.begin() + static_cast<std::ptrdiff_t>(requests_before_));
        return paths;
    }

    OwnerOptions options_{.time_budget = 20s, .reserve_percent = 10, .last_known = {}};
    std::vector<std::string> owners_;  ///< look up these; empty: all owners on the server
    std::unique_ptr<support::SimulatedDatadog> server_;

  private:
    void start(const support::SimulatedDatadogOptions& simulated) {
        server_ = std::make_unique<support::SimulatedDatadog>(simulated);
        directory_.write("token", simulated.access_token);
        std::filesystem::permissions(token_file(), std::filesystem::perms::owner_all);
        config::Organization organization;
        organization.endpoint = {.tls = false, .host = "127.0.0.1", .port = server_->port()};
        organization.credentials.bearer_token = token_file();
        source_ = make_source(organization, {}, std::make_shared<datadog::Commons>(""));
        if (owners_.empty()) {
            server_->with_organization([this](demo::SimulatedOrganization& simulated_organization) {
                std::set<std::string> ids;
                for (const auto& token : simulated_organization.tokens()) {
                    ids.insert(token.owner_id);
                }
                owners_.assign(ids.begin(), ids.end());
            });
        }
    }

    [[nodiscard]] std::filesystem::path token_file() const { return directory_.path("token"); }

    support::ScratchDirectory directory_;
    std::unique_ptr<Source> source_;
    std::size_t requests_before_ = 0;
};

TEST_F(OwnersOfApi, AreAllFoundWithOneRequestEach) {
    const Owners owners = look_up();

    ASSERT_GT(owners_.size(), 20U);
    EXPECT_EQ(requests(), owners_.size());
    EXPECT_THAT(owners.users, SizeIs(owners_.size()));
    EXPECT_EQ(owners.remark, "");
    EXPECT_TRUE(std::ranges::any_of(owners.users, [](const auto& user) { return user.second.disabled; }));
    EXPECT_THAT(paths(), Each(StartsWith("/api/v2/users/")));
}

TEST_F(OwnersOfApi, AreFoundDespiteMissingOnes) {
    owners_ = {"gone", "7e44a0f6-0c1d-4b6b-9d6e-52f1a3c0b8e7", "../personal_access_tokens", "."};

    const Owners owners = look_up();

    EXPECT_EQ(owners.users.at("7e44a0f6-0c1d-4b6b-9d6e-52f1a3c0b8e7").name, "platform-terraform");
    EXPECT_THAT(owners.users, SizeIs(1));
    EXPECT_THAT(owners.gone, ElementsAre(".", "../personal_access_tokens", "gone"));
    EXPECT_THAT(paths(),
                ElementsAre("/api/v2/users/gone", "/api/v2/users/7e44a0f6-0c1d-4b6b-9d6e-52f1a3c0b8e7",
                            "/api/v2/users/..%2Fpersonal_access_tokens"));
    EXPECT_EQ(owners.remark, "names are missing for 3 of 4 owners: 3 not found (404)");
}

TEST_F(OwnersOfApi, AreRequestedOnlyOnceWithoutPermission) {
    auto simulated = support::still_options(200);
    simulated.user_access_read = false;

    const Owners owners = look_up(simulated);

    EXPECT_EQ(requests(), 1U);
    EXPECT_THAT(owners.users, IsEmpty());
    EXPECT_THAT(owners.remark,
                AllOf(HasSubstr("403 from 127.0.0.1: Forbidden"), HasSubstr("user_access_read")));
}

TEST_F(OwnersOfApi, LeaveTheReserveOfTheRateLimit) {
    auto simulated = support::still_options(200);
    simulated.rate_limit = demo::SimulatedRateLimit{.limit = 20, .period = 60s};
    options_.reserve_percent = 50;

    const Owners owners = look_up(simulated);

    EXPECT_EQ(requests(), 9U);  // One of the ten requests was for the listing.
    EXPECT_THAT(owners.users, SizeIs(9));
    EXPECT_THAT(owners.remark, HasSubstr("reserve"));
}

TEST_F(OwnersOfApi, StopAtA429) {
    support::Faults faults;
    faults.intercept_user = [](std::size_t number,
                               const std::string&) -> std::optional<support::CannedAnswer> {
        return number == 3 ? std::optional(support::CannedAnswer{.status = 429, .headers = {}})
                           : std::nullopt;
    };

    const Owners owners = look_up(support::still_options(200), faults);

    EXPECT_EQ(requests(), 3U);
    EXPECT_THAT(owners.users, SizeIs(2));
    EXPECT_THAT(owners.remark, HasSubstr("429"));
}

TEST_F(OwnersOfApi, AreSkippedOnFailureUntilThreeInARow) {
    support::Faults faults;
    faults.intercept_user = [](std::size_t number,
                               const std::string&) -> std::optional<support::CannedAnswer> {
        const bool fails = number == 2 || number > 4;
        return fails ? std::optional(support::CannedAnswer{.status = 500, .headers = {}}) : std::nullopt;
    };

    const Owners owners = look_up(support::still_options(200), faults);

    EXPECT_EQ(requests(), 7U);
    EXPECT_THAT(owners.users, SizeIs(3));
    EXPECT_THAT(owners.remark, HasSubstr("4 failed: 500 from 127.0.0.1"));
}

TEST_F(OwnersOfApi, StayWithinTheTimeBudgetWhenSlow) {
    options_.time_budget = 700ms;
    support::Faults faults;
    faults.latency = 200ms;
    const auto began = std::chrono::steady_clock::now();

    const Owners owners = look_up(support::still_options(200), faults);

    EXPECT_LT(std::chrono::steady_clock::now() - began, 4s);
    EXPECT_LE(requests(), 4U);
    EXPECT_LE(owners.users.size(), 3U);
    EXPECT_THAT(owners.remark, HasSubstr("looking them up took too long"));
}

}  // namespace
}  // namespace exporter::app

#include "app/owners.h"

#include "scan/fakes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace exporter::app {
namespace {

using namespace std::chrono_literals;
using datadog::Error;
using datadog::ErrorKind;
using datadog::UserAnswer;
using scan::FakeClock;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

UserAnswer found(const std::string& name, datadog::RateLimit limit = {}) {
    return {{.status = 200, .rate_limit = limit}, datadog::User{.name = name}};
}

UserAnswer failed(ErrorKind kind, const std::string& message, datadog::RateLimit limit = {}) {
    return {{.rate_limit = limit}, tl::unexpected(Error{kind, message})};
}

/// Serves users only, and records the IDs requested.
class Users final : public Source {
  public:
    datadog::Result<void> prepare() override { return {}; }
    datadog::Answer page(std::size_t /*number*/, scan::SteadyTime /*deadline*/) override {
        return {{}, tl::unexpected(Error{ErrorKind::internal, "no page was asked for"})};
    }
    UserAnswer user(std::string_view id, scan::SteadyTime deadline) override {
        asked.emplace_back(id);
        deadlines.push_back(deadline);
        return answer(asked.back());
    }
    [[nodiscard]] bool is_own_token(std::string_view /*listed*/) const override { return false; }

    std::function<UserAnswer(const std::string& id)> answer = [](const std::string& id) {
        return found("name of " + id);
    };
    std::vector<std::string> asked;
    std::vector<scan::SteadyTime> deadlines;
};

std::vector<std::string> numbered(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t number = 0; number < count; ++number) {
        ids.push_back(fmt::format("u-{}", number));
    }
    return ids;
}

class OwnersTest : public testing::Test {
  protected:
    Owners look_up(const std::vector<std::string>& ids) {
        const std::vector<std::string_view> views(ids.begin(), ids.end());
        return look_up_owners(source, views, options, clock);
    }

    Users source;
    FakeClock clock;
    OwnerOptions options{.time_budget = 20s, .reserve_percent = 0, .last_known = {}};
};

using LookUpOwners = OwnersTest;

TEST_F(LookUpOwners, RequestsEachNonemptyIdOnceInOrder) {
    const Owners owners = look_up({"b", "a", "", "b", "c", "a"});

    EXPECT_THAT(source.asked, ElementsAre("b", "a", "c"));
    EXPECT_THAT(owners.users, SizeIs(3));
    EXPECT_EQ(owners.users.at("a").name, "name of a");
    EXPECT_EQ(owners.remark, "");
}

TEST_F(LookUpOwners, OfNoTokensAreNone) {
    const Owners owners = look_up({});

    EXPECT_THAT(source.asked, IsEmpty());
    EXPECT_THAT(owners.users, IsEmpty());
    EXPECT_EQ(owners.remark, "");
}

TEST_F(LookUpOwners, RequestsAtMostAHundred) {
    EXPECT_THAT(look_up(numbered(100)).remark, "");
    EXPECT_THAT(source.asked, SizeIs(100));
    source.asked.clear();

    const Owners owners = look_up(numbered(137));

    EXPECT_EQ(source.asked, numbered(100));
    EXPECT_THAT(owners.users, SizeIs(100));
    EXPECT_EQ(owners.remark,
              "names are missing for 37 of 137 owners: 37 not looked up: at most 100 are looked up");
}

TEST_F(LookUpOwners, EndsAtTheFirstRefusalAndNamesWhatIsMissing) {
    for (const auto kind : {ErrorKind::forbidden, ErrorKind::unauthorized}) {
        source.asked.clear();
        source.answer = [kind](const std::string&) {
            UserAnswer answer = failed(kind, "403 from api: Forbidden");
            answer.user.error().advice = datadog::user_advice(kind);
            return answer;
        };

        const Owners owners = look_up(numbered(40));

        EXPECT_THAT(source.asked, ElementsAre("u-0"));
        EXPECT_THAT(owners.users, IsEmpty());
        EXPECT_EQ(owners.remark,
                  "names are missing for 40 of 40 owners: 40 not looked up: 403 from api: Forbidden (grant "
                  "the credentials the permission user_access_read)");
    }
}

TEST_F(LookUpOwners, ContinuesAfterA404) {
    source.answer = [](const std::string& id) {
        return id == "u-2" ? found("Ada") : failed(ErrorKind::not_found, "404 from api");
    };

    const Owners owners = look_up(numbered(6));

    EXPECT_THAT(source.asked, SizeIs(6));
    EXPECT_EQ(owners.users.at("u-2").name, "Ada");
    EXPECT_THAT(owners.gone, ElementsAre("u-0", "u-1", "u-3", "u-4", "u-5"));
    EXPECT_EQ(owners.remark, "names are missing for 5 of 6 owners: 5 not found (404)");
}

TEST_F(LookUpOwners, StopsAtA429) {
    source.answer = [](const std::string& id) {
        return id == "u-2" ? failed(ErrorKind::rate_limited, "429 from api") : found("Ada");
    };

    const Owners owners = look_up(numbered(10));

    EXPECT_THAT(source.asked, SizeIs(3));
    EXPECT_THAT(owners.users, SizeIs(2));
    EXPECT_THAT(owners.remark, HasSubstr("8 of 10 owners: 8 not looked up: 429 from api"));
}

TEST_F(LookUpOwners, StopsWhenCancelled) {
    source.answer = [](const std::string&) { return failed(ErrorKind::cancelled, "the request was ended"); };

    (void)look_up(numbered(10));

    EXPECT_THAT(source.asked, SizeIs(1));
}

TEST_F(LookUpOwners, LeavesTheReserveOfTheRateLimitToOthers) {
    std::int64_t left = 29;
    source.answer = [&left](const std::string&) {
        return found("Ada", {.limit = 100, .remaining = --left, .period = 60s, .reset = 30s});
    };
    options.reserve_percent = 20;
    options.last_known = {.limit = 100, .remaining = left, .period = 60s, .reset = 30s};

    const Owners owners = look_up(numbered(50));

    EXPECT_EQ(left, 20);
    EXPECT_THAT(owners.users, SizeIs(9));
    EXPECT_THAT(owners.remark, AllOf(HasSubstr("41 of 50"), HasSubstr("--poll.rate-limit-reserve")));
    EXPECT_THAT(clock.waits, IsEmpty());
}

TEST_F(LookUpOwners, AsksForNobodyWhereTheListingUsedUpTheRateLimit) {
    options.reserve_percent = 20;
    options.last_known = {.limit = 100, .remaining = 20, .period = 60s, .reset = 30s};

    const Owners owners = look_up(numbered(5));

    EXPECT_THAT(source.asked, IsEmpty());
    EXPECT_THAT(owners.remark,
                HasSubstr("5 of 5 owners: 5 not looked up: only the API's rate-limit reserve"));
}

TEST_F(LookUpOwners, EndsAfterThreeFailuresInARow) {
    source.answer = [](const std::string&) { return failed(ErrorKind::network, "the connection broke"); };

    const Owners owners = look_up(numbered(10));

    EXPECT_THAT(source.asked, SizeIs(3));
    EXPECT_THAT(owners.remark, AllOf(HasSubstr("10 of 10 owners: 3 failed: the connection broke ("),
                                     EndsWith("; 7 not looked up: 3 look-ups in a row failed")));
}

TEST_F(LookUpOwners, ContinuesIfFailuresAreNotInARow) {
    source.answer = [this](const std::string& id) {
        const bool answers = source.asked.size() % 3 == 0;
        const bool is_gone = source.asked.size() % 6 == 0;
        return !answers  ? failed(ErrorKind::server_error, "500 from api")
               : is_gone ? failed(ErrorKind::not_found, "404 from api")
                         : found(id);
    };

    const Owners owners = look_up(numbered(12));

    EXPECT_THAT(source.asked, SizeIs(12));
    EXPECT_THAT(owners.users, SizeIs(2));
    EXPECT_THAT(owners.gone, SizeIs(2));
    EXPECT_THAT(owners.remark, AllOf(HasSubstr("10 of 12 owners: 2 not found (404); 8 failed: 500 from api"),
                                     Not(HasSubstr("not looked up"))));
}

TEST_F(LookUpOwners, StaysWithinItsTimeBudget) {
    const auto began = clock.steady_now();
    source.answer = [this](const std::string& id) {
        clock.advance(3s);
        return found(id);
    };

    const Owners owners = look_up(numbered(50));

    EXPECT_THAT(source.asked, SizeIs(7));
    EXPECT_THAT(source.deadlines, testing::Each(began + 20s));
    EXPECT_THAT(owners.remark, HasSubstr("43 of 50 owners: 43 not looked up: looking them up took too long"));
}

TEST_F(LookUpOwners, NamesDemoOwners) {
    config::Config config;
    config.demo.enabled = true;
    const auto demo = make_source(demo_organization(), config, std::make_shared<datadog::Commons>(""));
    const auto answer = demo->page(0, clock.steady_now());
    ASSERT_TRUE(answer.page);
    std::vector<std::string_view> ids = {"nobody"};
    for (const datadog::Token& token : answer.page->tokens) {
        ids.push_back(token.owner_id);
    }
    options.last_known = answer.exchange.rate_limit;

    const Owners owners = look_up_owners(*demo, ids, options, clock);

    EXPECT_THAT(owners.users, SizeIs(testing::Gt(20U)));
    EXPECT_THAT(owners.gone, ElementsAre("nobody"));
    EXPECT_THAT(owners.remark, EndsWith(": 1 not found (404)"));
}

}  // namespace
}  // namespace exporter::app

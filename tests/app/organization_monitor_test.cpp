// Monitors one organization over real HTTP, with the simulated API.
#include "app/organization_monitor.h"

#include "datadog/client.h"
#include "state/state_keeper.h"
#include "support/drive.h"
#include "support/simulated_datadog.h"
#include "support/simulated_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>

namespace exporter::app {
namespace {

using datadog::ErrorKind;
using testing::HasSubstr;
using testing::Not;

class MonitoredOrganization : public testing::Test {
  protected:
    MonitoredOrganization()
        : log_({.level = config::LogLevel::debug, .format = config::LogFormat::logfmt},
               [this](const std::string& line) { lines_ << line; }) {
        std::string pattern = (std::filesystem::temp_directory_path() / "exporter-monitor-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
        directory_ = pattern;
        write_token(options().access_token);

        organization_.name = "production";
        organization_.endpoint = {.tls = false, .host = "127.0.0.1", .port = server_.port()};
        organization_.credentials.bearer_token = token_file();
        config_.poll.page_size = 10;
        config_.poll.timeout = std::chrono::seconds(20);
        config_.buckets.expiry = {std::chrono::hours(24)};
        config_.buckets.last_used = {std::chrono::hours(24)};
        config_.buckets.age = {std::chrono::hours(24)};
        monitor_ = std::make_unique<OrganizationMonitor>(organization_, config_, surroundings(),
                                                         [this] { ++changes_; });
    }
    ~MonitoredOrganization() override { std::filesystem::remove_all(directory_); }

    [[nodiscard]] Surroundings surroundings() { return {log_, commons_}; }
    static bool poll(OrganizationMonitor& monitor) {
        return support::poll(monitor.poller(), monitor, scan::system_clock());
    }

    static support::SimulatedDatadogOptions options() {
        support::SimulatedDatadogOptions options;
        options.organization.tokens = 45;
        options.alive = false;
        options.clock = [] { return scan::system_clock().now(); };
        return options;
    }

    [[nodiscard]] std::filesystem::path token_file() const { return directory_ / "token"; }
    void write_token(const std::string& token) {
        std::ofstream(token_file()) << token << "\n";
        std::filesystem::permissions(token_file(), std::filesystem::perms::owner_all);
    }

    void answer_with(int status) {
        support::Faults faults;
        faults.intercept = [status](std::size_t, const datadog::PageRequest&) {
            return support::CannedAnswer{
                .status = status, .body = R"({"errors":["scripted"]})", .headers = {}};
        };
        server_.set_faults(faults);
    }
    void answer_well() { server_.set_faults({}); }
    void answer_with_one_owner() {
        support::Faults faults;
        faults.intercept = [](std::size_t, const datadog::PageRequest&) {
            constexpr auto* token =
                R"({"id":"%","relationships":{"owned_by":{"data":{"id":"o","type":"users"}}}})";
            std::string first(token);
            std::string second(token);
            first.replace(first.find('%'), 1, "a");
            second.replace(second.find('%'), 1, "b");
            return support::CannedAnswer{.status = 200,
                                         .body = R"({"data":[)" + first + "," + second +
                                                 R"(],"meta":{"page":{"total_filtered_count":2}}})",
                                         .headers = {}};
        };
        server_.set_faults(faults);
    }

    [[nodiscard]] std::uint64_t failures(ErrorKind kind) const {
        return monitor_->snapshot().statistics.failures[static_cast<std::size_t>(kind)];
    }

    std::ostringstream lines_;
    Log log_;
    std::shared_ptr<datadog::Commons> commons_ = std::make_shared<datadog::Commons>("");
    std::filesystem::path directory_;
    support::SimulatedDatadog server_{options()};
    config::Organization organization_;
    config::Config config_;
    int changes_ = 0;
    std::unique_ptr<OrganizationMonitor> monitor_;
};

TEST_F(MonitoredOrganization, CountsEveryTokenOverRealHttp) {
    ASSERT_TRUE(poll(*monitor_));

    const auto snapshot = monitor_->snapshot();
    ASSERT_TRUE(snapshot.inventory);
    EXPECT_EQ(snapshot.inventory->tokens, 45U);
    EXPECT_TRUE(snapshot.statistics.listing->complete);
    EXPECT_EQ(monitor_->status().inventory->tokens, 45U);
    EXPECT_FALSE(monitor_->status().statistics.last_error);
    EXPECT_EQ(changes_, 1);
}

TEST_F(MonitoredOrganization, ShowsTheSameNumbersAsItsMetrics) {
    ASSERT_TRUE(poll(*monitor_));

    const auto status = monitor_->status();
    const auto snapshot = monitor_->snapshot();
    EXPECT_EQ(status.inventory, snapshot.inventory);
    EXPECT_EQ(status.statistics.polls, snapshot.statistics.polls);
    EXPECT_EQ(status.inventory->expiry_buckets.front(), "expired");
    EXPECT_EQ(status.inventory->expiry_buckets.rbegin()[1], "never");
    EXPECT_EQ(status.inventory->expiry_buckets.back(), "unknown");
    EXPECT_FALSE(status.filtered);
}

TEST_F(MonitoredOrganization, ShowsNothingBeforeTheFirstListing) {
    answer_with(403);

    EXPECT_FALSE(poll(*monitor_));

    EXPECT_FALSE(monitor_->snapshot().inventory);
    EXPECT_FALSE(monitor_->status().inventory);
    EXPECT_THAT(monitor_->status().statistics.last_error->message, HasSubstr("403 from 127.0.0.1: scripted"));
    EXPECT_EQ(monitor_->poller().statistics().polls, 1U);
}

TEST_F(MonitoredOrganization, KeepsTheLastGoodInventoryWhenAPollFails) {
    ASSERT_TRUE(poll(*monitor_));
    const auto good = monitor_->snapshot().inventory;
    answer_with(403);

    EXPECT_FALSE(poll(*monitor_));

    EXPECT_EQ(monitor_->snapshot().inventory, good);
    EXPECT_EQ(failures(ErrorKind::forbidden), 1U);
    EXPECT_EQ(monitor_->status().inventory->tokens, 45U);
    EXPECT_EQ(monitor_->status().statistics.last_error->kind, ErrorKind::forbidden);
    EXPECT_EQ(monitor_->status().statistics.failures_in_a_row, 1U);
}

TEST_F(MonitoredOrganization, TakesUpARotatedSecretAtTheNextPoll) {
    write_token("ddpat_revoked_0000");
    EXPECT_FALSE(poll(*monitor_));
    EXPECT_EQ(failures(ErrorKind::forbidden), 1U);

    write_token(options().access_token);

    EXPECT_TRUE(poll(*monitor_));
}

TEST_F(MonitoredOrganization, AMissingSecretFileIsAFailureOfItsOwn) {
    std::filesystem::remove(token_file());

    EXPECT_FALSE(poll(*monitor_));

    EXPECT_EQ(failures(ErrorKind::credentials), 1U);
    EXPECT_EQ(server_.requests(), 0U);
}

TEST_F(MonitoredOrganization, KeepsThePreviousSecretWhileItsFileIsUnreadable) {
    ASSERT_TRUE(poll(*monitor_));
    std::filesystem::remove(token_file());

    EXPECT_TRUE(poll(*monitor_));
    EXPECT_TRUE(poll(*monitor_));
    write_token(options().access_token);
    EXPECT_TRUE(poll(*monitor_));

    const std::string log = lines_.str();
    const std::string warning = "the credentials can't be read; keeping the previous credentials";
    ASSERT_THAT(log, HasSubstr(warning));
    EXPECT_EQ(log.find(warning), log.rfind(warning));
    EXPECT_THAT(log, HasSubstr("the credentials can be read again"));
}

TEST_F(MonitoredOrganization, KeepsThePreviousSecretWhileItsFileIsWorldReadable) {
    ASSERT_TRUE(poll(*monitor_));
    write_token("ddpat_rotated_0000");
    std::filesystem::permissions(token_file(), std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);

    EXPECT_TRUE(poll(*monitor_));

    EXPECT_THAT(lines_.str(), HasSubstr("every user of this machine can read or write it"));
}

TEST_F(MonitoredOrganization, WarnsOnceOfAPollLongerThanTheInterval) {
    config_.poll.interval = std::chrono::milliseconds(1);
    server_.set_faults({.latency = std::chrono::milliseconds(2)});
    OrganizationMonitor monitor(organization_, config_, surroundings(), [] {});

    EXPECT_TRUE(poll(monitor));
    EXPECT_TRUE(poll(monitor));

    const std::string log = lines_.str();
    const std::string warning = "a poll takes longer than the interval";
    ASSERT_THAT(log, HasSubstr(warning));
    EXPECT_EQ(log.find(warning), log.rfind(warning));
    EXPECT_THAT(log, HasSubstr("raise poll.interval"));
}

TEST_F(MonitoredOrganization, LogsAnErrorAgainWhenItsReasonChanges) {
    answer_with(403);
    EXPECT_FALSE(poll(*monitor_));
    answer_with(404);
    EXPECT_FALSE(poll(*monitor_));

    EXPECT_THAT(lines_.str(), HasSubstr("reason=forbidden"));
    EXPECT_THAT(lines_.str(), HasSubstr("reason=not_found"));
}

TEST_F(MonitoredOrganization, GivesUpOnCredentialsThatStayUnreadable) {
    ASSERT_TRUE(poll(*monitor_));
    std::filesystem::remove(token_file());
    for (int number = 0; number < polls_with_old_credentials; ++number) {
        ASSERT_TRUE(poll(*monitor_)) << number;
    }

    EXPECT_FALSE(poll(*monitor_));

    EXPECT_EQ(failures(ErrorKind::credentials), 1U);
    write_token(options().access_token);
    EXPECT_TRUE(poll(*monitor_));
}

TEST_F(MonitoredOrganization, ExplainsWhyRefusedCredentialsAreOld) {
    ASSERT_TRUE(poll(*monitor_));
    std::filesystem::remove(token_file());
    answer_with(401);

    EXPECT_FALSE(poll(*monitor_));

    EXPECT_THAT(lines_.str(), HasSubstr("(old credentials: " + token_file().string() + ": can't be read"));
}

TEST_F(MonitoredOrganization, LogsEachReasonOncePerRunOfFailures) {
    for (const int status : {403, 404, 403, 404}) {
        answer_with(status);
        EXPECT_FALSE(poll(*monitor_));
    }

    const std::string log = lines_.str();
    const std::string told = "msg=\"poll failed; there are no numbers to show\"";
    const std::size_t first = log.find(told);
    const std::size_t second = log.find(told, first + 1);
    ASSERT_NE(second, std::string::npos) << log;
    EXPECT_EQ(log.find(told, second + 1), std::string::npos) << log;
}

TEST_F(MonitoredOrganization, DoesNotWarnOfASingleOwnerWhenFilteringForOne) {
    organization_.owned_by = {"somebody"};
    answer_with_one_owner();
    OrganizationMonitor filtered(organization_, config_, surroundings(), [] {});

    ASSERT_TRUE(poll(filtered));

    EXPECT_EQ(filtered.snapshot().inventory->single_owner, std::nullopt);
    EXPECT_THAT(lines_.str(), Not(HasSubstr("all tokens have one owner")));
}

TEST_F(MonitoredOrganization, KnowsItsIntervalBeforeTheFirstPoll) {
    EXPECT_EQ(monitor_->snapshot().statistics.interval, std::chrono::minutes(5));
}

TEST_F(MonitoredOrganization, WarnsOnceThatTheLimitCutsTokensInDetail) {
    config_.tokens = {.detail = config::Detail::all, .detail_limit = 44};
    OrganizationMonitor monitor(organization_, config_, surroundings(), [] {});

    ASSERT_TRUE(poll(monitor));
    ASSERT_TRUE(poll(monitor));

    const std::string log = lines_.str();
    const std::string told = "level=warning msg=\"more tokens than tokens.detail-limit";
    const std::size_t first = log.find(told);
    ASSERT_NE(first, std::string::npos) << log;
    EXPECT_THAT(log.substr(first), HasSubstr("omitted=1"));
    EXPECT_EQ(log.find(told, first + 1), std::string::npos) << log;
}

TEST_F(MonitoredOrganization, KeepsShowingCellsOnceAboveZero) {
    const auto privileged = [this] {
        std::size_t cells = 0;
        for (const inventory::Cells& of_pair : monitor_->snapshot().inventory->shown.privileged) {
            cells += of_pair.count();
        }
        return cells;
    };
    ASSERT_TRUE(poll(*monitor_));
    const std::size_t before = privileged();
    ASSERT_GT(before, 0U);
    server_.with_organization(
        [](demo::SimulatedOrganization& organization) { organization.tokens().clear(); });

    ASSERT_TRUE(poll(*monitor_));

    EXPECT_EQ(monitor_->snapshot().inventory->tokens, 0U);
    EXPECT_EQ(privileged(), before);
}

TEST_F(MonitoredOrganization, FindsTheExpiryOfItsOwnToken) {
    ASSERT_TRUE(poll(*monitor_));

    EXPECT_TRUE(monitor_->snapshot().inventory->credential_expiry);
}

TEST_F(MonitoredOrganization, CountsWhatWasCreatedAndRevokedBetweenPolls) {
    ASSERT_TRUE(poll(*monitor_));
    server_.with_organization([](demo::SimulatedOrganization& organization) {
        support::create(organization, organization.make_token(scan::system_clock().now()));
        const std::string first = organization.tokens().front().id;
        support::revoke(organization, first);
    });

    ASSERT_TRUE(poll(*monitor_));

    const auto& churn = monitor_->snapshot().inventory->churn;
    EXPECT_EQ(churn.created[0] + churn.created[1] + churn.late, 1U);
    EXPECT_EQ(churn.removed[0] + churn.removed[1] + churn.removed[2], 1U);
}

TEST_F(MonitoredOrganization, LogsAFailureOnceAndItsEndWithACount) {
    answer_with(403);
    for (int i = 0; i < 3; ++i) {
        EXPECT_FALSE(poll(*monitor_));
    }
    answer_well();
    EXPECT_TRUE(poll(*monitor_));

    std::map<std::string, int> levels;
    std::istringstream lines(lines_.str());
    for (std::string line; std::getline(lines, line);) {
        levels[line.substr(line.find("level="), line.find(" msg") - line.find("level="))]++;
    }
    EXPECT_EQ(levels["level=error"], 1);
    EXPECT_EQ(levels["level=debug"], 2);
    EXPECT_THAT(lines_.str(), HasSubstr("reason=forbidden"));
    EXPECT_THAT(lines_.str(), HasSubstr(R"(msg="polls succeed again" org=production failures=3)"));
}

TEST_F(MonitoredOrganization, NeverLogsACredential) {
    answer_with(403);
    EXPECT_FALSE(poll(*monitor_));
    answer_well();
    EXPECT_TRUE(poll(*monitor_));

    EXPECT_THAT(lines_.str(), Not(HasSubstr(options().access_token)));
}

TEST_F(MonitoredOrganization, CountsByOtherRulesFromTheNextPollOn) {
    ASSERT_TRUE(poll(*monitor_));
    const auto before = monitor_->snapshot().inventory;
    config_.buckets.expiry = {std::chrono::hours(48)};

    monitor_->reconfigure(organization_, config_, {}, false);

    EXPECT_EQ(monitor_->snapshot().inventory, before) << "counts stay until the next poll";
    ASSERT_TRUE(poll(*monitor_));
    EXPECT_THAT(monitor_->snapshot().inventory->expiry_buckets, testing::Contains("under_2d"));
}

TEST_F(MonitoredOrganization, ResetsChurnWhenRulesChange) {
    const auto removed = [this] {
        const auto& churn = monitor_->snapshot().inventory->churn;
        return churn.removed[0] + churn.removed[1] + churn.removed[2];
    };
    const auto revoke_one = [this] {
        server_.with_organization([](demo::SimulatedOrganization& organization) {
            const std::string first = organization.tokens().front().id;
            support::revoke(organization, first);
        });
    };
    ASSERT_TRUE(poll(*monitor_));
    config_.poll.interval = std::chrono::minutes(7);
    monitor_->reconfigure(organization_, config_, {}, false);
    revoke_one();
    ASSERT_TRUE(poll(*monitor_));
    ASSERT_EQ(removed(), 1U) << "a different interval doesn't change the counting rules";

    config_.scopes.limit = 3;
    monitor_->reconfigure(organization_, config_, {}, false);
    revoke_one();
    ASSERT_TRUE(poll(*monitor_));

    EXPECT_EQ(removed(), 0U);
}

TEST_F(MonitoredOrganization, UsesOtherCredentialsFromTheNextPollOn) {
    ASSERT_TRUE(poll(*monitor_));
    organization_.credentials.bearer_token = base::Secret(std::string("ddpat_revoked_0000"));

    monitor_->reconfigure(organization_, config_, {}, true);

    EXPECT_FALSE(poll(*monitor_));
    EXPECT_EQ(failures(ErrorKind::forbidden), 1U);
    EXPECT_TRUE(monitor_->snapshot().inventory);
}

TEST_F(MonitoredOrganization, MakesNoRequestIfCancelledAfterReconfiguring) {
    config_.poll.page_size = 20;
    monitor_->reconfigure(organization_, config_, {}, true);

    monitor_->cancel();
    const scan::Next next = monitor_->poller().next();
    ASSERT_TRUE(std::holds_alternative<scan::Fetch>(next));
    const auto answer = scan::fetch(*monitor_, std::get<scan::Fetch>(next));

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(answer.page.error().kind, ErrorKind::cancelled);
    EXPECT_EQ(server_.requests(), 0U);
}

/// A wall clock set by the test.
class SetClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return now_; }
    scan::SteadyTime steady_now() override { return scan::system_clock().steady_now(); }
    bool wait_until(scan::SteadyTime moment, std::stop_token stop) override {
        return scan::system_clock().wait_until(moment, std::move(stop));
    }

    base::Timestamp now_ = scan::system_clock().now();
};

/// The saved listing's age at the restart, and whether the exporter shows its counts.
struct RestartCase {
    const char* name;
    std::chrono::seconds age;
    bool shown;
};

class RestartedMonitor : public MonitoredOrganization, public testing::WithParamInterface<RestartCase> {};

TEST_P(RestartedMonitor, ShowsRestoredNumbersOnlyWhereTheirAgeIsPlausible) {
    config_.poll.stale_after = std::chrono::hours(1);
    SetClock clock;
    state::StateKeeper states((directory_ / "state").string(), {}, clock,
                              [](std::string_view, const std::string&) {});
    const Surroundings with_states{.log = log_, .commons = commons_, .states = &states, .clock = clock};
    OrganizationMonitor before(organization_, config_, with_states, [] {});
    ASSERT_TRUE(poll(before));
    clock.now_ += GetParam().age;

    const OrganizationMonitor after(organization_, config_, with_states, [] {});

    EXPECT_EQ(after.snapshot().inventory != nullptr, GetParam().shown);
    EXPECT_EQ(after.status().inventory != nullptr, GetParam().shown);
    EXPECT_EQ(after.status().statistics.last_success.has_value(), GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(Ages, RestartedMonitor,
                         testing::Values(RestartCase{"FromTheFuture", std::chrono::seconds(-1), false},
                                         RestartCase{"OfThisSecond", std::chrono::seconds(0), true},
                                         RestartCase{"AlmostStale", std::chrono::seconds(3599), true},
                                         RestartCase{"Stale", std::chrono::seconds(3600), false}),
                         [](const auto& test) { return test.param.name; });

TEST_F(MonitoredOrganization, IgnoresAStateMadeByOtherRules) {
    SetClock clock;
    state::StateKeeper states((directory_ / "state").string(), {}, clock,
                              [](std::string_view, const std::string&) {});
    const Surroundings with_states{.log = log_, .commons = commons_, .states = &states, .clock = clock};
    OrganizationMonitor before(organization_, config_, with_states, [] {});
    ASSERT_TRUE(poll(before));
    config_.scopes.limit = 3;

    const OrganizationMonitor after(organization_, config_, with_states, [] {});

    EXPECT_FALSE(after.snapshot().inventory);
}

TEST(ListsTheSame, IgnoresCountingAndPollingSettings) {
    config::Organization organization;
    organization.endpoint = {.tls = true, .host = "api.datadoghq.eu", .port = 443};
    organization.owned_by = {"a", "b"};
    const config::Config config;
    config::Organization same = organization;
    same.name = "another";
    same.owned_by = {"b", "a"};
    config::Config other_rules;
    other_rules.scopes.limit = 3;
    other_rules.poll.interval = std::chrono::minutes(7);
    EXPECT_TRUE(lists_the_same(organization, config, same, other_rules));

    config::Organization other = organization;
    other.endpoint.port = 8443;
    EXPECT_FALSE(lists_the_same(organization, config, other, config));
    other = organization;
    other.filter = "x";
    EXPECT_FALSE(lists_the_same(organization, config, other, config));
    other = organization;
    other.owned_by = {"a"};
    EXPECT_FALSE(lists_the_same(organization, config, other, config));
    config::Config demo;
    demo.demo.enabled = true;
    EXPECT_FALSE(lists_the_same(organization, config, organization, demo));
}

/// The IDs of all tokens at this moment, which is what a complete listing may publish.
std::set<std::string> ids_of(const demo::SimulatedOrganization& organization) {
    std::set<std::string> ids;
    for (const auto& token : organization.tokens()) {
        ids.insert(token.id);
    }
    return ids;
}

TEST_F(MonitoredOrganization, UnderChurnPublishesOnlySnapshotsAsComplete) {
    config_.tokens.detail = config::Detail::all;
    OrganizationMonitor monitor(organization_, config_, surroundings(), [] {});
    std::mt19937 random(3);
    std::set<std::set<std::string>> moments;
    unsigned percent = 0;
    support::Faults faults;
    faults.before_page = [&](demo::SimulatedOrganization& organization, const datadog::PageRequest&) {
        if (random() % 100 < percent) {
            support::create(organization, organization.make_token(scan::system_clock().now()));
            moments.insert(ids_of(organization));
            support::revoke(organization, organization.tokens()[random() % organization.tokens().size()].id);
        }
        moments.insert(ids_of(organization));
    };
    server_.set_faults(faults);

    int complete = 0;
    int incomplete = 0;
    for (int number = 0; number < 12; ++number) {
        percent = number % 3 == 0 ? 0 : 15;
        ASSERT_TRUE(poll(monitor));
        const auto snapshot = monitor.snapshot();
        std::set<std::string> published;
        for (const auto& detail : snapshot.inventory->details) {
            published.insert(detail.id);
        }
        const bool claims_complete = snapshot.statistics.listing->complete;
        EXPECT_TRUE(!claims_complete || moments.contains(published)) << "poll " << number;
        ++(claims_complete ? complete : incomplete);
    }
    EXPECT_GT(complete, 0);
}

}  // namespace
}  // namespace exporter::app

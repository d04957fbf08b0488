#include "web/status_page.h"

#include "status_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <chrono>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

namespace exporter::web {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const std::vector<OrganizationStatus>& organizations) {
    return status_page(sample_settings(), organizations, now());
}

std::string between(const std::string& text, std::string_view before, std::string_view after) {
    const auto start = text.find(before) + before.size();
    return text.substr(start, text.find(after, start) - start);
}

std::size_t occurrences(const std::string& text, std::string_view of) {
    std::size_t count = 0;
    for (auto at = text.find(of); at != std::string::npos; at = text.find(of, at + of.size())) {
        ++count;
    }
    return count;
}

std::vector<OrganizationStatus> many(std::size_t healthy_ones, std::size_t failing_ones) {
    std::vector<OrganizationStatus> organizations;
    for (std::size_t i = 0; i < healthy_ones; ++i) {
        organizations.push_back(healthy("good-" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < failing_ones; ++i) {
        organizations.push_back(forbidden("bad-" + std::to_string(i)));
    }
    return organizations;
}

std::string base64_of_sha256(const std::string& text) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::array<unsigned char, 45> encoded{};
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {encoded.begin(), encoded.begin() + length};
}

TEST(StatusPage, SaysWhatIsPolledAndHowItWent) {
    const auto html = page_of({healthy("production")});
    EXPECT_THAT(html, HasSubstr("<bdi>production</bdi>"));
    EXPECT_THAT(html, HasSubstr("https://api.datadoghq.eu"));
    EXPECT_THAT(html, HasSubstr("13 tokens"));
    EXPECT_THAT(html, HasSubstr("Succeeded <time datetime=\"2026-11-24T19:08:16Z\">2 minutes ago "
                                "<span class=\"utc\">(2026-11-24 19:08:16 UTC)</span></time>, took 1.2 "
                                "seconds, 5 pages"));
    EXPECT_THAT(html,
                HasSubstr("Every 5 minutes, next <time datetime=\"2026-11-24T19:13:16Z\">in 2 minutes"));
    EXPECT_THAT(html, HasSubstr("Complete: as many tokens as Datadog reports (13)"));
    EXPECT_THAT(html, HasSubstr("295 of 300 requests left as of the last answer"));
}

TEST(StatusPage, SaysInWordsWhyAPollFailed) {
    const auto html = page_of({forbidden("production")});
    EXPECT_THAT(html, HasSubstr("403 from api.datadoghq.eu: Forbidden</bdi> <code>forbidden</code>"));
    EXPECT_THAT(html, HasSubstr("Wrong site, or the key lacks org_app_keys_read. "));
    EXPECT_THAT(html, HasSubstr("3 polls in a row have failed."));
    EXPECT_THAT(html, HasSubstr("Polling needs attention"));
    EXPECT_THAT(html, Not(HasSubstr("Polling healthy")));
}

/// The one-letter names in the order of the page.
std::string order_of(const std::vector<OrganizationStatus>& organizations) {
    const auto html = page_of(organizations);
    std::string order;
    const std::regex names("<bdi>([a-e])</bdi>");
    for (std::sregex_iterator name(html.begin(), html.end(), names), end; name != end; ++name) {
        order += (*name)[1];
    }
    return order;
}

/// `healthy`, but without any findings.
OrganizationStatus flawless(std::string name) {
    return healthy(std::move(name), [](auto& inventory) { inventory.at_risk = {}; });
}

std::string title_of(const std::vector<OrganizationStatus>& organizations) {
    return between(page_of(organizations), "<title>", " · Datadog token exporter</title>");
}

TEST(StatusPage, SummaryCountsOrganizationsByCondition) {
    EXPECT_THAT(page_of(many(498, 2)), HasSubstr(">Polling: 498 healthy, 2 need attention"));
    EXPECT_THAT(page_of(many(2, 1)), HasSubstr(">Polling: 2 healthy, 1 needs attention"));
    EXPECT_THAT(page_of({healthy("a"), waiting("b"), waiting("c")}),
                HasSubstr(">Polling: 1 healthy, 2 waiting for their first poll"));
}

TEST(StatusPage, SummarySaysWhatIsWorstInAllOrganizations) {
    EXPECT_THAT(
        page_of({healthy("a", leak_one), flawless("b"), healthy("c", leak_one)}),
        HasSubstr(
            "<h2 id=\"summary\">Polling: 3 healthy · <span class=\"critical\">2 leaked tokens</span></h2>"));
    EXPECT_THAT(page_of({flawless("a"), flawless("b")}),
                HasSubstr("<h2 id=\"summary\">Polling: 2 healthy</h2>"));
}

TEST(StatusPage, SummaryAddsUpTheOrganizationsThatHaveNumbers) {
    const auto html = page_of({healthy("a"), healthy("b"), waiting("c")});
    EXPECT_THAT(html, HasSubstr("<strong>26 tokens</strong> in 2 organizations"));
}

TEST(StatusPage, TitleSaysHowPollingGoes) {
    EXPECT_EQ(title_of({flawless("a"), flawless("b"), forbidden("c")}),
              "Polling: 2 healthy, 1 needs attention");
    EXPECT_EQ(title_of({forbidden("a")}), "Polling needs attention");
    EXPECT_EQ(title_of({flawless("a")}), "Polling healthy");
}

TEST(StatusPage, TitleBeginsWithTheWorst) {
    const auto leaky = healthy("a", leak_one);
    EXPECT_EQ(title_of({leaky}), "1 leaked token · Polling healthy");
    EXPECT_EQ(title_of({leaky, forbidden("b")}), "1 leaked token · Polling: 1 healthy, 1 needs attention");
    EXPECT_EQ(title_of({healthy("a")}), "4 privileged tokens without expiry · Polling healthy");
    EXPECT_EQ(title_of({healthy("a"), forbidden("b")}),
              "Polling: 1 healthy, 1 needs attention · 4 privileged tokens without expiry");
}

TEST(StatusPage, OrganizationsWithALeakedTokenComeFirst) {
    auto failing_and_leaky = healthy("e", leak_one);
    failing_and_leaky.moving = false;
    EXPECT_EQ(
        order_of({healthy("a"), healthy("b", leak_one), forbidden("c"), waiting("d"), failing_and_leaky}),
        "ebcda");
}

TEST(StatusPage, OrganizationsNeedingAttentionComeFirstInConfiguredOrder) {
    EXPECT_EQ(order_of({healthy("a"), waiting("b"), forbidden("c"), healthy("d"), forbidden("e")}), "cebad");
}

TEST(StatusPage, OfSeveralOrganizationsTheHealthyOnesAreFolded) {
    const auto html = page_of({flawless("a"), forbidden("b")});
    EXPECT_THAT(html, HasSubstr("<details class=\"card attention\" open>"));
    EXPECT_THAT(html, HasSubstr("<details class=\"card healthy\">"));
    EXPECT_THAT(page_of({flawless("a")}), HasSubstr("<details class=\"card healthy\" open>"));
}

TEST(StatusPage, OfManyOrganizationsOnlySomeAreShown) {
    const auto html = page_of(many(495, 5));
    EXPECT_EQ(occurrences(html, "<h4>Polling</h4>"), cards_at_most);
    EXPECT_EQ(occurrences(html, "<details "), cards_at_most + brief_cards_at_most);
    EXPECT_THAT(html, HasSubstr("<h3>480 more organizations</h3>"));
    EXPECT_THAT(html, HasSubstr("280 organizations are not listed here."));
}

TEST(StatusPage, ABriefCardShowsRestoredNumbersUntilTheFirstPoll) {
    auto organizations = many(cards_at_most, 0);
    auto restored = healthy("restored");
    restored.statistics.polls = 0;
    restored.statistics.last_attempt.reset();
    organizations.insert(organizations.end(), cards_at_most, restored);
    const auto card = between(page_of(organizations), "more organizations</h3>", "</details>");
    EXPECT_THAT(card, HasSubstr("<span class=\"size\">13 tokens</span>"));
    EXPECT_THAT(card, HasSubstr("As of <time"));
}

TEST(StatusPage, SizeIsBoundedHoweverManyOrganizationsFail) {
    EXPECT_LT(page_of(many(0, 5000)).size(), 200'000U);
    EXPECT_LT(page_of(many(5000, 0)).size(), 200'000U);
}

TEST(StatusPage, SizeIsBoundedEvenWithTokenDetail) {
    // The longest text that label_text.h allows. Every byte grows when escaped.
    const std::string longest(200, '"');
    auto token = detail_of(longest, {inventory::Finding::leaked, inventory::Finding::never_expires});
    token.id = token.owner_id = longest;
    const auto big = healthy("x", [&](auto& inventory) { inventory.details.assign(1000, token); });
    EXPECT_LT(page_of(std::vector(5000, big)).size(), 1'200'000U);
}

TEST(StatusPage, LinksEverythingElseThatIsServed) {
    PageSettings settings = sample_settings();
    settings.telemetry_path = "/tokens";
    const auto html = status_page(settings, {}, now());
    for (const auto* path : {"/tokens", "/healthz", "/readyz", "/config"}) {
        EXPECT_THAT(html, HasSubstr("href=\"" + std::string(path) + '"'));
    }
}

TEST(StatusPage, EscapesEveryText) {
    const std::string hostile = R"("><script>alert('x')</script>&)";
    auto good = healthy(
        hostile, [&hostile](inventory::Inventory& inventory) { inventory.expiry_buckets[1] = hostile; });
    good.endpoint = hostile;
    auto token = detail_of(hostile, {inventory::Finding::leaked});
    token.id = token.owner_id = hostile;
    auto listed = *good.inventory;
    listed.details = {token};
    good.inventory = std::make_shared<const inventory::Inventory>(std::move(listed));
    auto bad = forbidden(hostile);
    bad.endpoint = hostile;
    bad.statistics.last_error = {
        .kind = datadog::ErrorKind::forbidden, .message = hostile, .retry_after = {}, .advice = hostile};
    std::vector<OrganizationStatus> organizations{good};
    organizations.resize(cards_at_most + 5, bad);
    PageSettings settings = sample_settings();
    settings.version = settings.telemetry_path = settings.share = hostile;

    const auto html = status_page(settings, organizations, now());

    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("\"\">")));
    EXPECT_THAT(html, Not(HasSubstr("alert('")));
    EXPECT_THAT(html, HasSubstr("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"));
}

TEST(StatusPage, SaysThatThereIsNoOrganization) {
    EXPECT_THAT(page_of({}), HasSubstr("No organization is polled here"));
}

TEST(StatusPage, SaysWhichPartOfTheOrganizationsItShows) {
    PageSettings settings = sample_settings();
    settings.share = "polls 0 of 2 <organizations>";
    EXPECT_THAT(status_page(settings, {}, now()),
                HasSubstr("<p class=\"dim\">polls 0 of 2 &lt;organizations&gt;</p>"));
}

TEST(StatusPage, LoadsNothingFromElsewhere) {
    auto status = healthy("production");
    status.endpoint.clear();
    const auto html = page_of({status});
    EXPECT_THAT(html, Not(HasSubstr("http://")));
    EXPECT_THAT(html, Not(HasSubstr("https://")));
    EXPECT_THAT(html, Not(HasSubstr("src=")));
    EXPECT_THAT(html, Not(HasSubstr("url(")));
    EXPECT_THAT(html, Not(HasSubstr("@import")));
}

TEST(StatusPage, HasNoStyleThatThePolicyWouldRefuse) {
    const auto html = page_of(many(3, 3));
    EXPECT_THAT(html, Not(HasSubstr("style=")));
    EXPECT_EQ(occurrences(html, "<style"), 1U);
}

TEST(StatusPage, IsTheSameForTheSameMoment) {
    EXPECT_EQ(page_of(many(3, 3)), page_of(many(3, 3)));
}

TEST(ContentSecurityPolicy, AllowsTheStyleSheetByItsHash) {
    const auto style = between(page_of({}), "<style>", "</style>");
    EXPECT_THAT(content_security_policy(), HasSubstr("style-src 'sha256-" + base64_of_sha256(style) + "'"));
}

TEST(ContentSecurityPolicy, AllowsNothingElse) {
    const std::string& policy = content_security_policy();
    EXPECT_TRUE(policy.starts_with("default-src 'none'; "));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, HasSubstr("base-uri 'none'"));
    EXPECT_THAT(policy, HasSubstr("form-action 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(policy, Not(HasSubstr("script")));
    EXPECT_THAT(policy, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace exporter::web

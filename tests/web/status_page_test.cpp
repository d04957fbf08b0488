#include "web/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <string>

namespace exporter::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

StatusPage example() {
    return {"1.2.3",
            "/metrics",
            {{"production", "api.datadoghq.eu", "423 tokens as of 2026-01-31T10:00:00Z", true},
             {"sandbox", "api.datadoghq.com", "403 from api.datadoghq.com: forbidden", false}}};
}

std::string between(const std::string& text, std::string_view before, std::string_view after) {
    const auto start = text.find(before) + before.size();
    return text.substr(start, text.find(after, start) - start);
}

std::string base64_of_sha256(const std::string& text) {
    std::array<unsigned char, 32> digest{};
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
    std::array<unsigned char, 45> encoded{};
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(digest.size()));
    return {encoded.begin(), encoded.begin() + length};
}

TEST(EscapeHtml, ReplacesWhatHtmlGivesAMeaning) {
    EXPECT_EQ(escape_html(R"(<b a="x" b='y'>&amp;)"), "&lt;b a=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(EscapeHtml, LeavesOtherTextAlone) {
    EXPECT_EQ(escape_html("größer 1/2 (ok)"), "größer 1/2 (ok)");
}

TEST(StatusPage, ListsEachOrganizationWithItsState) {
    const auto html = render(example());
    EXPECT_THAT(html, HasSubstr("production"));
    EXPECT_THAT(html, HasSubstr("api.datadoghq.eu"));
    EXPECT_THAT(html, HasSubstr("423 tokens as of 2026-01-31T10:00:00Z"));
    EXPECT_THAT(html, HasSubstr("403 from api.datadoghq.com: forbidden"));
}

TEST(StatusPage, SaysInWordsWhichOrganizationNeedsAttention) {
    const auto html = render(example());
    EXPECT_THAT(between(html, "production", "</li>"), HasSubstr("healthy"));
    EXPECT_THAT(between(html, "sandbox", "</li>"), HasSubstr("needs attention"));
}

TEST(StatusPage, LinksMetricsAndProbes) {
    auto page = example();
    page.telemetry_path = "/tokens";
    const auto html = render(page);
    EXPECT_THAT(html, HasSubstr(R"(href="/tokens")"));
    EXPECT_THAT(html, HasSubstr(R"(href="/healthz")"));
    EXPECT_THAT(html, HasSubstr(R"(href="/readyz")"));
}

TEST(StatusPage, EscapesEveryText) {
    const std::string hostile = R"("><script>alert('x')</script>)";
    const auto html = render({hostile, hostile, {{hostile, hostile, hostile, true}}});
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr(R"("">)")));
    EXPECT_THAT(html, HasSubstr("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
}

TEST(StatusPage, SaysThatThereIsNoOrganization) {
    EXPECT_THAT(render({"1.2.3", "/metrics", {}}), HasSubstr("No organization is configured."));
}

TEST(StatusPage, LoadsNothingFromElsewhere) {
    const auto html = render(example());
    EXPECT_THAT(html, Not(HasSubstr("http://")));
    EXPECT_THAT(html, Not(HasSubstr("https://")));
    EXPECT_THAT(html, Not(HasSubstr("src=")));
    EXPECT_THAT(html, Not(HasSubstr("style=\"")));
}

TEST(ContentSecurityPolicy, AllowsTheStyleSheetByItsHash) {
    const auto style = between(render(example()), "<style>", "</style>");
    EXPECT_THAT(std::string(content_security_policy()),
                HasSubstr("style-src 'sha256-" + base64_of_sha256(style) + "'"));
}

TEST(ContentSecurityPolicy, AllowsNothingElse) {
    const std::string policy(content_security_policy());
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, HasSubstr("base-uri 'none'"));
    EXPECT_THAT(policy, HasSubstr("form-action 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
}

}  // namespace
}  // namespace exporter::web

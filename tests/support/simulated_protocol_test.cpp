#include "base/dates.h"
#include "support/simulated_harness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>

namespace exporter::support {
namespace {

struct AuthCase {
    std::string name;
    httplib::Headers headers;
    int status;
};

class Authentication : public ::testing::TestWithParam<AuthCase> {};

TEST_P(Authentication, Decides) {
    Harness harness(still_options(10));
    const auto reply = harness.get(listing, GetParam().headers);
    EXPECT_EQ(reply.status, GetParam().status);
    if (reply.status == 401) {
        EXPECT_EQ(reply.body, R"({"errors":["Unauthorized"]})");
    }
    if (reply.status == 403) {
        EXPECT_EQ(reply.body, R"({"errors":["Forbidden"]})");
    }
}

const std::string access_token = "ddpat_demo_0123456789abcdef";

INSTANTIATE_TEST_SUITE_P(
    Cases, Authentication,
    ::testing::Values(
        AuthCase{"two_keys", key_headers(), 200},
        AuthCase{"bearer", {{"Authorization", "Bearer " + access_token}}, 200},
        AuthCase{"token_as_application_key", {{"DD-APPLICATION-KEY", access_token}}, 200},
        AuthCase{"token_as_application_key_whatever_the_api_key",
                 {{"DD-API-KEY", "wrong"}, {"DD-APPLICATION-KEY", access_token}},
                 200},
        AuthCase{"header_names_in_any_case",
                 {{"dd-api-key", "demo-api-key"}, {"Dd-Application-Key", "demo-app-key"}},
                 200},
        AuthCase{"nothing", {}, 401}, AuthCase{"api_key_alone", {{"DD-API-KEY", "demo-api-key"}}, 401},
        AuthCase{"application_key_alone", {{"DD-APPLICATION-KEY", "demo-app-key"}}, 401},
        AuthCase{"wrong_api_key", {{"DD-API-KEY", "wrong"}, {"DD-APPLICATION-KEY", "demo-app-key"}}, 403},
        AuthCase{
            "wrong_application_key", {{"DD-API-KEY", "demo-api-key"}, {"DD-APPLICATION-KEY", "wrong"}}, 403},
        AuthCase{"wrong_bearer", {{"Authorization", "Bearer wrong"}}, 403},
        AuthCase{"application_key_as_bearer", {{"Authorization", "Bearer demo-app-key"}}, 403},
        AuthCase{"public_portion_as_bearer", {{"Authorization", "Bearer ddpat_demo"}}, 403},
        AuthCase{"token_without_scheme", {{"Authorization", access_token}}, 403}),
    [](const ::testing::TestParamInfo<AuthCase>& tested) { return tested.param.name; });

TEST(Refusal, OtherPathsAreNotFound) {
    Harness harness;
    for (const std::string target :
         {"/", "/api/v2/users", "/api/v2/personal_access_tokens/1", "/api/v1/validate"}) {
        const auto reply = harness.get(target);
        EXPECT_EQ(reply.status, 404) << target;
        EXPECT_EQ(reply.body, R"({"errors":["Not found"]})");
    }
}

TEST(Refusal, BadArgumentsAreBadRequests) {
    Harness harness;
    for (const char* arguments :
         {"page[size]=0", "page[size]=101", "page%5Bsize%5D=x", "page[number]=-1", "sort=id"}) {
        const auto reply = harness.get(listing + "?" + arguments);
        EXPECT_EQ(reply.status, 400) << arguments;
        EXPECT_THAT(reply.body, ::testing::StartsWith(R"({"errors":[")"));
    }
}

TEST(Refusal, CredentialsAreCheckedBeforeArguments) {
    Harness harness;
    EXPECT_EQ(harness.get(listing + "?sort=id", {}).status, 401);
}

TEST(Refusal, OtherMethodsAreNotAllowed) {
    const SimulatedDatadog server(still_options(1));
    httplib::Client client("127.0.0.1", server.port());
    const auto result = client.Delete(listing, key_headers());
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, 405);
}

SimulatedDatadogOptions limited_options(std::atomic<std::int64_t>& seconds_later) {
    auto options = still_options(10);
    options.rate_limit = demo::SimulatedRateLimit{3, std::chrono::seconds(60)};
    options.clock = [&seconds_later] { return test_now + std::chrono::seconds(seconds_later.load()); };
    return options;
}

TEST(RateLimit, IsCountedDownInHeaders) {
    std::atomic<std::int64_t> later = 20;
    Harness harness(limited_options(later));
    for (const char* remaining : {"2", "1", "0"}) {
        const auto reply = harness.get(listing);
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.header("X-RateLimit-Limit"), "3");
        EXPECT_EQ(reply.header("X-RateLimit-Period"), "60");
        EXPECT_EQ(reply.header("X-RateLimit-Remaining"), remaining);
        EXPECT_EQ(reply.header("X-RateLimit-Reset"), "40");
    }
}

TEST(RateLimit, IsEnforcedUntilTheWindowEnds) {
    std::atomic<std::int64_t> later = 50;
    Harness harness(limited_options(later));
    for (int request = 0; request < 3; ++request) {
        EXPECT_EQ(harness.get(listing).status, 200);
    }
    const auto refused = harness.get(listing);
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(refused.body, R"({"errors":["Too many requests"]})");
    EXPECT_EQ(refused.header("X-RateLimit-Remaining"), "0");
    EXPECT_EQ(refused.header("X-RateLimit-Reset"), "10");

    later = 59;
    EXPECT_EQ(harness.get(listing).status, 429);
    later = 60;
    EXPECT_EQ(harness.get(listing).status, 200);
}

TEST(RateLimit, IsNotSpentByRefusedCredentials) {
    std::atomic<std::int64_t> later = 0;
    Harness harness(limited_options(later));
    for (int request = 0; request < 5; ++request) {
        EXPECT_EQ(harness.get(listing, {}).status, 401);
    }
    EXPECT_EQ(harness.get(listing).header("X-RateLimit-Remaining"), "2");
}

TEST(RateLimit, SendsNoHeadersIfUnset) {
    Harness harness;
    EXPECT_EQ(harness.get(listing).header("X-RateLimit-Limit"), "");
}

std::string inflate_all(std::string compressed) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string text(std::size_t{4} << 20U, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_in = static_cast<uInt>(compressed.size());
    stream.next_out = reinterpret_cast<Bytef*>(text.data());
    stream.avail_out = static_cast<uInt>(text.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(stream.avail_in, 0U);
    text.resize(stream.total_out);
    inflateEnd(&stream);
    return text;
}

/// The response as sent on the wire: the client doesn't decompress it.
Reply raw_get(SimulatedDatadog& server, const std::string& accept_encoding) {
    httplib::Client client("127.0.0.1", server.port());
    client.set_decompress(false);
    auto headers = key_headers();
    headers.emplace("Accept-Encoding", accept_encoding);
    const auto result = client.Get(listing + "?page[size]=100", headers);
    return result ? Reply{result->status, result->headers, result->body} : Reply{};
}

class ContentType : public ::testing::TestWithParam<std::string> {};

TEST_P(ContentType, IsSentAndCompressedOnce) {
    auto options = still_options();
    options.content_type = GetParam();
    SimulatedDatadog server(std::move(options));
    const auto plain = raw_get(server, "identity");
    const auto compressed = raw_get(server, "br, gzip, deflate");

    EXPECT_EQ(plain.header("Content-Type"), GetParam());
    EXPECT_EQ(plain.header("Content-Encoding"), "");
    EXPECT_EQ(compressed.header("Content-Type"), GetParam());
    EXPECT_EQ(compressed.header("Content-Encoding"), "gzip");
    EXPECT_EQ(compressed.headers.count("Content-Encoding"), 1U);
    EXPECT_LT(compressed.body.size(), plain.body.size() / 2);
    EXPECT_EQ(inflate_all(compressed.body), plain.body);
}

INSTANTIATE_TEST_SUITE_P(Types, ContentType,
                         ::testing::Values("application/vnd.api+json", "application/json"),
                         [](const ::testing::TestParamInfo<std::string>& tested) {
                             return tested.param == "application/json" ? "json" : "vnd_api_json";
                         });

TEST(Gzip, IsLeftOutWhereSwitchedOff) {
    auto options = still_options();
    options.gzip = false;
    options.content_type = "application/json";
    SimulatedDatadog server(std::move(options));
    EXPECT_EQ(raw_get(server, "gzip").header("Content-Encoding"), "");
}

TEST(Gzip, IsAllowedByNameAndWeight) {
    for (const char* accepted :
         {"gzip", "gzip, deflate", "deflate,gzip", "br;q=1.0, gzip;q=0.8", "gzip; q=0.001"}) {
        EXPECT_TRUE(allows_gzip(accepted)) << accepted;
    }
    for (const char* refused : {"", "identity", "br", "gzip;q=0", "gzip; q=0.000", "x-gzip", "gzipped"}) {
        EXPECT_FALSE(allows_gzip(refused)) << refused;
    }
}

TEST(Date, FollowsTheClock) {
    Harness harness;
    const auto reply = harness.get(listing);
    EXPECT_EQ(reply.header("Date"), "Sat, 14 Mar 2026 15:00:00 GMT");
    EXPECT_EQ(base::parse_http_date(reply.header("Date")), test_now);
}

}  // namespace
}  // namespace exporter::support

// User lookups by the real client over real sockets.
#include "datadog/client.h"
#include "support/raw_server.h"
#include "support/simulated_datadog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using support::after_request;
using support::answering;
using support::RawConnection;
using support::RawServer;
using support::response;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr auto generous = 20s;
constexpr const char* access_token = "ddpat_demo_0123456789abcdef";

config::Credentials credentials() {
    config::Credentials credentials;
    credentials.bearer_token = base::Secret(access_token);
    return credentials;
}

ClientOptions options_for(std::uint16_t port) {
    ClientOptions options;
    options.endpoint = {.tls = false, .host = "127.0.0.1", .port = port};
    options.user_agent = "exporter-test/1.0";
    return options;
}

UserAnswer ask(std::uint16_t port, std::string_view id,
               steady_clock::time_point deadline = steady_clock::now() + generous) {
    Client client(options_for(port));
    return client.user(id, credentials(), deadline);
}

/// Every owner of the server's tokens, with the expected result of a lookup.
std::map<std::string, User> owners_of(support::SimulatedDatadog& server) {
    std::map<std::string, User> owners;
    server.with_organization([&](demo::SimulatedOrganization& organization) {
        for (const auto& token : organization.tokens()) {
            owners.emplace(token.owner_id, organization.user_of(token.owner_id).value());
        }
    });
    return owners;
}

void expect_error(const UserAnswer& answer, ErrorKind kind, const std::string& words) {
    ASSERT_FALSE(answer.user);
    EXPECT_EQ(label(answer.user.error().kind), label(kind)) << answer.user.error().message;
    EXPECT_THAT(answer.user.error().message, HasSubstr(words));
}

std::string body_of(const std::string& name) {
    return fmt::format(R"({{"data":{{"attributes":{{"name":"{}"}}}}}})", name);
}

TEST(ClientOfUsers, FindsDisabledAndNamelessUsersToo) {
    support::SimulatedDatadog server(support::still_options(200));
    Client client(options_for(server.port()));
    const auto owners = owners_of(server);
    ASSERT_GT(owners.size(), 20U);

    for (const auto& [id, owner] : owners) {
        const UserAnswer answer = client.user(id, credentials(), steady_clock::now() + generous);
        ASSERT_TRUE(answer.user) << answer.user.error().message;
        EXPECT_EQ(*answer.user, owner) << id;
        EXPECT_EQ(answer.exchange.status, 200);
        EXPECT_GT(answer.exchange.body_bytes, 100U);
        EXPECT_GT(answer.exchange.duration.count(), 0);
    }

    EXPECT_EQ(server.requests(), owners.size());
    EXPECT_TRUE(std::ranges::any_of(owners, [](const auto& owner) { return owner.second.disabled; }));
    EXPECT_TRUE(std::ranges::any_of(owners, [](const auto& owner) { return owner.second.name.empty(); }));
}

TEST(ClientOfUsers, SendsTheHeadersOfAPage) {
    support::SimulatedDatadog server(support::still_options(200));
    Client client(options_for(server.port()));

    (void)client.list({}, credentials(), steady_clock::now() + generous);
    (void)client.user("some-id", credentials(), steady_clock::now() + generous);

    const auto recorded = server.recorded();
    ASSERT_THAT(recorded, SizeIs(2));
    EXPECT_EQ(recorded.at(1).target, "/api/v2/users/some-id");
    EXPECT_EQ(recorded.at(1).headers, recorded.at(0).headers);
}

TEST(ClientOfUsers, SharesTheConnectionWithThePages) {
    RawServer server(answering([](const std::string& head) {
        return response("200 OK",
                        head.find("/users/") == std::string::npos ? R"({"data":[]})" : body_of("Ada"));
    }));
    {
        Client client(options_for(server.port()));
        EXPECT_TRUE(client.list({}, credentials(), steady_clock::now() + generous).page);
        const auto answer = client.user("a", credentials(), steady_clock::now() + generous);
        ASSERT_TRUE(answer.user) << answer.user.error().message;
        EXPECT_EQ(answer.user->name, "Ada");
        EXPECT_TRUE(client.list({}, credentials(), steady_clock::now() + generous).page);
    }
    EXPECT_EQ(server.connections(), 1U);
}

TEST(ClientOfUsers, EncodesAnyIdAsOnePathSegment) {
    std::mutex mutex;
    std::string head;
    RawServer server(answering([&](const std::string& received) {
        const std::scoped_lock lock(mutex);
        head = received;
        return response("200 OK", body_of("Ada"));
    }));

    EXPECT_TRUE(ask(server.port(), "../../x?y=1\r\nX-Planted: 1").user);

    const std::scoped_lock lock(mutex);
    EXPECT_THAT(head, testing::StartsWith(
                          "GET /api/v2/users/..%2F..%2Fx%3Fy%3D1%0D%0AX-Planted%3A%201 HTTP/1.1\r\n"));
    EXPECT_THAT(head, Not(HasSubstr("\nX-Planted")));
}

TEST(ClientOfUsers, MakesNoRequestForAnIdThatNobodyCanHave) {
    support::SimulatedDatadog server(support::still_options(200));

    for (const std::string& id :
         {std::string(), std::string("."), std::string(".."), std::string(201, 'x')}) {
        const UserAnswer answer = ask(server.port(), id);
        expect_error(answer, ErrorKind::not_found, "can't be a user's id");
        EXPECT_FALSE(answer.exchange.made);
    }

    EXPECT_EQ(server.requests(), 0U);
}

TEST(ClientOfUsers, ADeletedUserIsNotFound) {
    support::SimulatedDatadog server(support::still_options(200));

    const UserAnswer answer = ask(server.port(), "00000000-0000-4000-8000-000000000000");

    expect_error(answer, ErrorKind::not_found, "404 from 127.0.0.1: User not found");
    EXPECT_THAT(advice(answer.user.error()), HasSubstr("the user is gone"));
}

TEST(ClientOfUsers, NamesTheMissingPermission) {
    auto options = support::still_options(200);
    options.user_access_read = false;
    support::SimulatedDatadog server(options);

    const UserAnswer answer = ask(server.port(), owners_of(server).begin()->first);

    expect_error(answer, ErrorKind::forbidden, "403 from 127.0.0.1: Forbidden");
    EXPECT_THAT(advice(answer.user.error()), HasSubstr("user_access_read"));
    EXPECT_THAT(advice(answer.user.error()), Not(HasSubstr("org_app_keys_read")));
}

TEST(ClientOfUsers, SharesTheRateLimitOfTheListing) {
    auto options = support::still_options(200);
    options.rate_limit = demo::SimulatedRateLimit{.limit = 2, .period = 60s};
    support::SimulatedDatadog server(options);
    const std::string id = owners_of(server).begin()->first;
    Client client(options_for(server.port()));

    const Answer page = client.list({}, credentials(), steady_clock::now() + generous);
    const UserAnswer last = client.user(id, credentials(), steady_clock::now() + generous);
    const UserAnswer refused = client.user(id, credentials(), steady_clock::now() + generous);

    EXPECT_EQ(page.exchange.rate_limit.remaining, 1);
    EXPECT_TRUE(last.user);
    EXPECT_EQ(last.exchange.rate_limit.limit, 2);
    EXPECT_EQ(last.exchange.rate_limit.remaining, 0);
    expect_error(refused, ErrorKind::rate_limited, "429");
    EXPECT_TRUE(refused.user.error().retry_after);
    EXPECT_EQ(refused.exchange.rate_limit.remaining, 0);
}

TEST(ClientOfUsers, ASlowAnswerEndsAtTheDeadline) {
    support::SimulatedDatadog server(support::still_options(200));
    support::Faults faults;
    faults.latency = 10s;
    server.set_faults(faults);
    const auto start = steady_clock::now();

    expect_error(ask(server.port(), "a", start + 2s), ErrorKind::timeout, "in time");

    EXPECT_LT(steady_clock::now() - start, 8s);
}

TEST(ClientOfUsers, ADrippingAnswerEndsAtTheDeadline) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        connection.drip(' ');
    }));
    const auto start = steady_clock::now();

    expect_error(ask(server.port(), "a", start + 2s), ErrorKind::timeout, "in time");

    EXPECT_LT(steady_clock::now() - start, 8s);
}

TEST(ClientOfUsers, NoTimeLeftMeansNoRequest) {
    support::SimulatedDatadog server(support::still_options(200));

    const UserAnswer answer = ask(server.port(), "a", steady_clock::now());

    expect_error(answer, ErrorKind::timeout, "no time was left");
    EXPECT_FALSE(answer.exchange.made);
    EXPECT_EQ(server.requests(), 0U);
}

TEST(ClientOfUsers, AcceptsBodiesUpTo64KiB) {
    static_assert(longest_user_body == std::size_t{64} << 10);
    const std::size_t rest = longest_user_body - body_of("").size();
    for (const std::size_t more : {0U, 1U}) {
        const std::string name(rest + more, 'x');
        RawServer server(after_request(
            [&name](RawConnection& connection) { connection.send(response("200 OK", body_of(name))); }));

        const UserAnswer answer = ask(server.port(), "a");

        if (more == 0) {
            ASSERT_TRUE(answer.user) << answer.user.error().message;
            EXPECT_EQ(answer.user->name, name);
        } else {
            expect_error(answer, ErrorKind::too_large, "a body of more than 64 KiB");
            EXPECT_THAT(advice(answer.user.error()), Not(HasSubstr("page-size")));
        }
    }
}

TEST(ClientOfUsers, CutsOffAnEndlessBody) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "1000\r\n" + std::string(0x1000, ' ') + "\r\n";
        while (connection.send(chunk)) {
        }
    }));

    const UserAnswer answer = ask(server.port(), "a");

    expect_error(answer, ErrorKind::too_large, "64 KiB");
    EXPECT_LE(answer.exchange.body_bytes, longest_user_body);
}

TEST(ClientOfUsers, AfterABodyThatIsTooLongAPageIsStillRead) {
    RawServer server(answering([](const std::string& head) {
        return head.find("/users/") == std::string::npos
                   ? response("200 OK", R"({"data":[]})")
                   : response("200 OK", body_of(std::string(longest_user_body, 'x')));
    }));
    Client client(options_for(server.port()));

    EXPECT_FALSE(client.user("a", credentials(), steady_clock::now() + generous).user);
    EXPECT_TRUE(client.list({}, credentials(), steady_clock::now() + generous).page);
}

TEST(ClientOfUsers, DoesNotFollowRedirects) {
    RawServer elsewhere(after_request(
        [](RawConnection& connection) { connection.send(response("200 OK", body_of("Mallory"))); }));
    RawServer server(after_request([&](RawConnection& connection) {
        connection.send(
            response("302 Found", "", fmt::format("Location: http://127.0.0.1:{}/\r\n", elsewhere.port())));
    }));

    expect_error(ask(server.port(), "a"), ErrorKind::redirect, "302");

    EXPECT_EQ(elsewhere.connections(), 0U);
}

TEST(ClientOfUsers, NoErrorEverQuotesACredential) {
    for (const int status : {400, 401, 403, 404, 429, 500}) {
        RawServer server(after_request([status](RawConnection& connection) {
            const std::string body = fmt::format(R"({{"errors":["you sent {}"]}})", access_token);
            connection.send(response(fmt::format("{} {}", status, access_token), body));
        }));

        const UserAnswer answer = ask(server.port(), "a");

        ASSERT_FALSE(answer.user);
        EXPECT_THAT(answer.user.error().message,
                    AllOf(HasSubstr("you sent <secret>"), Not(HasSubstr("0123456789abcdef"))));
    }
}

TEST(ClientOfUsers, AnythingButAUserIsABadAnswer) {
    for (const auto& [body, kind] : {std::pair{R"({"data":[]})", ErrorKind::bad_page},
                                     std::pair{"<html>Log in</html>", ErrorKind::not_json}}) {
        RawServer server(
            after_request([&](RawConnection& connection) { connection.send(response("200 OK", body)); }));
        expect_error(ask(server.port(), "a"), kind, "127.0.0.1 answered a user that can't be used: ");
    }
}

}  // namespace
}  // namespace exporter::datadog

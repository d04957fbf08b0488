// The real client over real sockets.
#include "datadog/client.h"

#include "datadog/answer.h"
#include "support/raw_server.h"
#include "support/simulated_datadog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>
#include <thread>

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using support::RawConnection;
using support::RawServer;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr auto generous = 20s;

ClientOptions options_for(std::uint16_t port) {
    ClientOptions options;
    options.endpoint = {.tls = false, .host = "127.0.0.1", .port = port};
    options.user_agent = "exporter-test/1.0";
    return options;
}

config::Credentials two_keys() {
    config::Credentials credentials;
    credentials.api_key = base::Secret("demo-api-key");
    credentials.app_key = base::Secret("demo-app-key");
    return credentials;
}

config::Credentials bearer(const std::string& token) {
    config::Credentials credentials;
    credentials.bearer_token = base::Secret(token);
    return credentials;
}

support::SimulatedDatadogOptions simulation(std::size_t tokens = 25) {
    support::SimulatedDatadogOptions options;
    options.organization.tokens = tokens;
    options.alive = false;
    options.clock = [] { return base::Timestamp(std::chrono::seconds(1'800'000'000)); };
    return options;
}

Answer ask(Client& client, const config::Credentials& credentials, std::size_t number = 0,
           std::size_t size = 100) {
    PageRequest request;
    request.number = number;
    request.size = size;
    return client.list(request, credentials, steady_clock::now() + generous);
}

Answer ask(std::uint16_t port, const config::Credentials& credentials = two_keys()) {
    Client client(options_for(port));
    return ask(client, credentials);
}

std::string ok_response(const std::string& body, const std::string& headers = "") {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}",
                       body.size(), headers, body);
}

/// A server that reads a request and then runs `answer`.
RawServer::Script after_request(std::function<void(RawConnection&)> answer) {
    return [answer = std::move(answer)](RawConnection& connection) {
        if (!connection.read_head().empty()) {
            answer(connection);
        }
    };
}

void expect_error(const Answer& answer, ErrorKind kind, const std::string& words) {
    ASSERT_FALSE(answer.page);
    EXPECT_EQ(label(answer.page.error().kind), label(kind)) << answer.page.error().message;
    EXPECT_THAT(answer.page.error().message, HasSubstr(words));
}

TEST(Client, FetchesAndParsesAPage) {
    support::SimulatedDatadog server(simulation());
    Client client(options_for(server.port()));

    const Answer answer = ask(client, two_keys(), 1, 10);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.page->tokens.size(), 10U);
    EXPECT_EQ(answer.page->facts.total_filtered_count, 25U);
    EXPECT_EQ(answer.page->answered_at, base::Timestamp(std::chrono::seconds(1'800'000'000)));
    // Minus the duration of the exchange.
    EXPECT_LT(answer.page->asked_at, base::Timestamp(std::chrono::seconds(1'800'000'000)));
    EXPECT_GT(answer.page->asked_at, base::Timestamp(std::chrono::seconds(1'799'999'980)));
    EXPECT_EQ(answer.exchange.status, 200);
    EXPECT_GT(answer.exchange.body_bytes, 1000U);
    EXPECT_GT(answer.exchange.duration.count(), 0);
}

TEST(Client, DatesAPageBeforeTheServerReadsItsTokens) {
    std::promise<void> asked;
    std::promise<void> go_on;
    RawServer server(after_request([&](RawConnection& connection) {
        asked.set_value();
        go_on.get_future().wait();
        connection.send(ok_response(R"({"data":[]})", "Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n"));
    }));
    Client client(options_for(server.port()));
    auto answer = std::async(std::launch::async, [&client] { return ask(client, two_keys()); });
    asked.get_future().wait();
    const auto was_asked = steady_clock::now();
    ASSERT_EQ(answer.wait_for(50ms), std::future_status::timeout);

    const auto reading_took = std::chrono::floor<std::chrono::microseconds>(steady_clock::now() - was_asked);
    go_on.set_value();

    const Answer received = answer.get();
    ASSERT_TRUE(received.page) << received.page.error().message;
    const base::Timestamp date{std::chrono::seconds(1'800'000'000)};
    EXPECT_LT(received.page->asked_at, date - reading_took);
}

TEST(Client, SendsTheQueryAndATruthfulUserAgent) {
    support::SimulatedDatadog server(simulation());
    Client client(options_for(server.port()));
    PageRequest request{.number = 0, .size = 7, .sort = "created_at", .filter = "ci", .owned_by = {"a", "b"}};

    const Answer answer = client.list(request, two_keys(), steady_clock::now() + generous);

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    const auto recorded = server.recorded().at(0);
    EXPECT_EQ(recorded.target, request_target(request));
    EXPECT_THAT(recorded.headers, Contains(Pair("user-agent", "exporter-test/1.0")));
    EXPECT_THAT(recorded.headers, Contains(Pair("accept-encoding", "gzip")));
}

/// cpp-httplib 0.41 would send `;` unencoded, and Go's servers then drop the parameter.
TEST(Client, WritesTheQueryAsItWasEncoded) {
    std::promise<std::string> head;
    RawServer server([&](RawConnection& connection) {
        head.set_value(connection.read_head());
        connection.send(ok_response(R"({"data":[]})"));
    });
    Client client(options_for(server.port()));
    PageRequest request{.number = 0, .size = 7, .filter = "a;b+c d'", .owned_by = {"e/f"}};

    EXPECT_TRUE(client.list(request, two_keys(), steady_clock::now() + generous).page);

    EXPECT_THAT(head.get_future().get(),
                testing::StartsWith("GET " + request_target(request) + " HTTP/1.1\r\n"));
}

TEST(Client, AcceptsAnEarlyAnswer) {
    RawServer server([](RawConnection& connection) {
        connection.read_some();
        connection.send("HTTP/1.1 431 Too Long\r\nContent-Length: 5\r\nConnection: close\r\n\r\nwords");
    });
    Client client(options_for(server.port()));
    PageRequest request;
    request.filter = std::string(std::size_t{8} << 20, 'x');

    const Answer answer = client.list(request, two_keys(), steady_clock::now() + generous);

    expect_error(answer, ErrorKind::bad_request, "431");
}

TEST(Client, TimesOutIfThePeerDoesNotRead) {
    RawServer server([](RawConnection& connection) {
        connection.read_some();
        connection.hold();
    });
    Client client(options_for(server.port()));
    PageRequest request;
    request.filter = std::string(std::size_t{8} << 20, 'x');
    const auto start = steady_clock::now();

    expect_error(client.list(request, two_keys(), start + 1500ms), ErrorKind::timeout, "in time");

    EXPECT_LT(steady_clock::now() - start, 4s);
}

TEST(Client, ReportsAnErrorStatusWithoutItsWholeBody) {
    for (int i = 0; i < 5; ++i) {
        RawServer server(after_request([](RawConnection& connection) {
            connection.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 100\r\n\r\nnot all");
            connection.hold();
        }));
        Client client(options_for(server.port()));

        const Answer answer = client.list({}, two_keys(), steady_clock::now() + 100ms);

        expect_error(answer, ErrorKind::unauthorized, "401");
    }
}

TEST(Client, AuthenticatesInAllThreeForms) {
    const auto options = simulation();
    support::SimulatedDatadog server(options);
    config::Credentials token_as_app_key;
    token_as_app_key.app_key = base::Secret(options.access_token);

    EXPECT_TRUE(ask(server.port(), two_keys()).page);
    EXPECT_TRUE(ask(server.port(), bearer(options.access_token)).page);
    EXPECT_TRUE(ask(server.port(), token_as_app_key).page);

    const auto recorded = server.recorded();
    EXPECT_THAT(recorded.at(0).headers, Contains(Pair("dd-api-key", "demo-api-key")));
    EXPECT_THAT(recorded.at(0).headers, Contains(Pair("dd-application-key", "demo-app-key")));
    EXPECT_THAT(recorded.at(1).headers, Contains(Pair("authorization", "Bearer " + options.access_token)));
    EXPECT_THAT(recorded.at(1).headers, Not(Contains(Pair("dd-api-key", testing::_))));
    EXPECT_THAT(recorded.at(2).headers, Contains(Pair("dd-application-key", options.access_token)));
}

TEST(Client, KeepsItsConnectionFromPageToPage) {
    std::size_t requests = 0;
    RawServer server([&](RawConnection& connection) {
        while (!connection.read_head().empty()) {
            ++requests;
            connection.send(ok_response(R"({"data":[]})"));
        }
    });
    {
        Client client(options_for(server.port()));
        EXPECT_TRUE(ask(client, two_keys()).page);
        EXPECT_TRUE(ask(client, two_keys(), 1).page);
    }
    EXPECT_EQ(server.connections(), 1U);
}

TEST(Client, StartsAFreshConnectionAfterDisconnect) {
    RawServer server([](RawConnection& connection) {
        while (!connection.read_head().empty()) {
            connection.send(ok_response(R"({"data":[]})"));
        }
    });
    Client client(options_for(server.port()));

    EXPECT_TRUE(ask(client, two_keys()).page);
    client.disconnect();
    EXPECT_TRUE(ask(client, two_keys()).page);

    EXPECT_EQ(server.connections(), 2U);
}

TEST(Client, ReadsTheRateLimitHeadersInAnyCase) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send(
            ok_response(R"({"data":[]})",
                        "x-ratelimit-limit: 100\r\nX-RateLimit-Remaining: 42\r\nX-RATELIMIT-PERIOD: 10\r\n"
                        "X-RateLimit-Reset: 7\r\nX-RateLimit-Name: list_tokens\r\n"));
    }));

    const RateLimit limit = ask(server.port()).exchange.rate_limit;

    EXPECT_EQ(limit.limit, 100);
    EXPECT_EQ(limit.remaining, 42);
    EXPECT_EQ(limit.period, 10s);
    EXPECT_EQ(limit.reset, 7s);
}

TEST(Client, IgnoresInvalidRateLimitHeaders) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send(ok_response(
            R"({"data":[]})",
            "X-RateLimit-Limit: many\r\nX-RateLimit-Remaining: -3\r\nX-RateLimit-Reset: 1.5\r\n"));
    }));

    const RateLimit limit = ask(server.port()).exchange.rate_limit;

    EXPECT_EQ(limit.limit, std::nullopt);
    EXPECT_EQ(limit.remaining, std::nullopt);
    EXPECT_EQ(limit.reset, std::nullopt);
}

struct StatusCase {
    std::string name;
    int status;
    ErrorKind kind;
};

class StatusErrors : public testing::TestWithParam<StatusCase> {};

TEST_P(StatusErrors, AreTypedAndCarryTheApisWords) {
    RawServer server(after_request([](RawConnection& connection) {
        const std::string body = R"({"errors":["in its own words"]})";
        connection.send(fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\n\r\n{}", GetParam().status,
                                    body.size(), body));
    }));

    const Answer answer = ask(server.port());

    expect_error(answer, GetParam().kind,
                 fmt::format("{} from 127.0.0.1: in its own words", GetParam().status));
    EXPECT_EQ(answer.exchange.status, GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(Statuses, StatusErrors,
                         testing::Values(StatusCase{"BadRequest", 400, ErrorKind::bad_request},
                                         StatusCase{"Unauthorized", 401, ErrorKind::unauthorized},
                                         StatusCase{"Forbidden", 403, ErrorKind::forbidden},
                                         StatusCase{"NotFound", 404, ErrorKind::not_found},
                                         StatusCase{"Teapot", 418, ErrorKind::bad_request},
                                         StatusCase{"TooManyRequests", 429, ErrorKind::rate_limited},
                                         StatusCase{"InternalServerError", 500, ErrorKind::server_error},
                                         StatusCase{"BadGateway", 502, ErrorKind::server_error},
                                         StatusCase{"Created", 201, ErrorKind::bad_status},
                                         StatusCase{"NotModified", 305, ErrorKind::redirect}),
                         [](const auto& test) { return test.param.name; });

std::string advice_after(int status) {
    RawServer server(after_request([status](RawConnection& connection) {
        connection.send(fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: 0\r\n\r\n", status));
    }));
    const Answer answer = ask(server.port());
    return answer.page ? "" : std::string(advice(answer.page.error()));
}

TEST(Client, MentionsTheFilterIfTheRequestIsInvalid) {
    for (const int status : {400, 414, 422}) {
        EXPECT_THAT(advice_after(status), HasSubstr("--tokens.filter")) << status;
    }
}

TEST(Client, DoesNotMentionTheFilterOtherwise) {
    for (const int status : {402, 405, 410, 421, 426, 451}) {
        EXPECT_THAT(advice_after(status), testing::AllOf(Not(""), Not(HasSubstr("--tokens.filter"))))
            << status;
    }
}

TEST(Client, TooManyRequestsTellsWhenToComeBack) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send(
            "HTTP/1.1 429 Slow Down\r\nX-RateLimit-Reset: 12\r\nContent-Length: 11\r\n\r\n{\"data\":[]}");
    }));

    const Answer answer = ask(server.port());

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(answer.page.error().kind, ErrorKind::rate_limited);
    EXPECT_EQ(answer.page.error().retry_after, 12s);
}

TEST(Client, DoesNotFollowRedirects) {
    RawServer elsewhere(
        after_request([](RawConnection& connection) { connection.send(ok_response(R"({"data":[]})")); }));
    RawServer server(after_request([&](RawConnection& connection) {
        connection.send(
            fmt::format("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
                        elsewhere.port()));
    }));

    expect_error(ask(server.port()), ErrorKind::redirect, "302");

    EXPECT_EQ(elsewhere.connections(), 0U);
}

TEST(Client, CutsOffABodyOverTheLimit) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
        while (connection.send(chunk)) {
        }
    }));
    ClientOptions options = options_for(server.port());
    options.max_body_bytes = 1 << 20;
    Client client(options);

    const Answer answer = ask(client, two_keys());

    expect_error(answer, ErrorKind::too_large, "a body of more than 1 MiB");
    EXPECT_LE(answer.exchange.body_bytes, options.max_body_bytes);
}

// The HTTP library would buffer such a line to its end.
TEST(Client, CutsOffAnEndlessLineAnywhere) {
    const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    const std::string body = R"({"data":[]})";
    const std::string chunk = fmt::format("{:x}\r\n{}\r\n", body.size(), body);
    for (const std::string& begin : {head + "\r\n1;", head + "\r\n1\r\nx", head + "\r\n" + chunk + "0;",
                                     head + "\r\n" + chunk + "0\r\nX: ", head + "\nX: "}) {
        RawServer server(after_request([&begin](RawConnection& connection) {
            const std::string more(1 << 14, '0');
            bool read = connection.send(begin);
            for (int i = 0; read && i < 128; ++i) {
                read = connection.send(more);
            }
        }));

        expect_error(ask(server.port()), ErrorKind::too_large, "a line longer than");
    }
}

TEST(Client, ABodyEndsAt8MiBByDefault) {
    EXPECT_EQ(ClientOptions().max_body_bytes, std::size_t{8} << 20);
}

/// A server with 8 MB pages, or empty ones.
class LargePages {
  public:
    [[nodiscard]] ClientOptions options(std::shared_ptr<Commons> commons,
                                        std::shared_ptr<AnswerMemory> answers = nullptr) {
        ClientOptions options = options_for(server_.port());
        options.commons = std::move(commons);
        options.answers = std::move(answers);
        return options;
    }
    std::atomic<bool> are_large = true;

  private:
    const std::string large_ =
        fmt::format(R"({{"data":[{{"id":"a","attributes":{{"name":"{}"}}}}]}})", std::string(8'000'000, 'n'));
    RawServer server_{[this](RawConnection& connection) {
        while (!connection.read_head().empty()) {
            connection.send(ok_response(are_large ? large_ : R"({"data":[]})"));
        }
    }};
};

TEST(Client, LargePagesShareLimitedMemory) {
    const auto commons = std::make_shared<Commons>("");
    std::array<LargePages, 3> servers;
    Client one(servers[0].options(commons));
    Client other(servers[1].options(commons));
    Client third(servers[2].options(commons));
    {
        const Answer of_one = ask(one, two_keys());
        const Answer of_other = ask(other, two_keys());
        ASSERT_TRUE(of_one.page && of_other.page) << "20 MiB hold two pages of 8 MB";
        const Answer of_third = ask(third, two_keys());
        expect_error(of_third, ErrorKind::too_large, "while other large pages");
        EXPECT_TRUE(of_third.page.error().no_room);
        EXPECT_THAT(std::string(advice(of_third.page.error())), HasSubstr("read at once"));
        servers[2].are_large = false;
        EXPECT_TRUE(ask(third, two_keys()).page) << "an ordinary page needs no shared memory";
        servers[2].are_large = true;
    }
    EXPECT_TRUE(ask(third, two_keys()).page) << "the memory was released";
}

TEST(Client, LargePagesOfOneOrganizationLeaveRoomForAnothers) {
    const auto commons = std::make_shared<Commons>("");
    const auto answers = std::make_shared<AnswerMemory>(commons->answers);
    std::array<LargePages, 3> servers;
    Client one(servers[0].options(commons, answers));
    Client of_the_same(servers[1].options(commons, answers));
    Client another(servers[2].options(commons));

    const Answer held = ask(one, two_keys());
    ASSERT_TRUE(held.page);
    expect_error(ask(of_the_same, two_keys()), ErrorKind::too_large, "while other large pages");
    EXPECT_TRUE(ask(another, two_keys()).page);
}

TEST(Client, TheLargestPageFitsIntoOneOrganizationsMemory) {
    const ClientOptions defaults;
    std::string body = R"({"data":[)";
    for (int i = 0; i < 1000; ++i) {
        body += fmt::format(R"({}{{"id":"{}","attributes":{{"scopes":["a")", i == 0 ? "" : ",", i);
        for (int scope = 1; scope < 100; ++scope) {
            body += R"(,"a")";
        }
        body += "]}}";
    }
    body += "]}";
    body += std::string(defaults.max_body_bytes - body.size(), ' ');
    RawServer server(
        after_request([&body](RawConnection& connection) { connection.send(ok_response(body)); }));

    const Answer answer = ask(server.port());

    ASSERT_TRUE(answer.page) << answer.page.error().message;
    EXPECT_EQ(answer.page->tokens.size(), 1000U);
    EXPECT_LE(answer.page->bytes(),
              body.size() + 1 + 100'000 * sizeof(std::string_view) + 1000 * sizeof(Token));
}

TEST(Client, ADrippingBodyCantOutlastTheDeadline) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        connection.drip(' ');
    }));
    Client client(options_for(server.port()));
    const auto start = steady_clock::now();

    const Answer answer = client.list({}, two_keys(), start + 300ms);

    expect_error(answer, ErrorKind::timeout, "in time");
    EXPECT_LT(steady_clock::now() - start, 5s);
}

TEST(Client, ADrippingHeaderCantOutlastTheDeadline) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nX-Endless: ");
        connection.drip('x');
    }));
    Client client(options_for(server.port()));

    expect_error(client.list({}, two_keys(), steady_clock::now() + 300ms), ErrorKind::timeout, "in time");
}

TEST(Client, SilenceEndsAtTheReadTimeout) {
    RawServer server(after_request([](RawConnection& connection) { connection.hold(); }));
    ClientOptions options = options_for(server.port());
    options.read_timeout = 200ms;
    Client client(options);

    expect_error(ask(client, two_keys()), ErrorKind::timeout, "silent for");
}

TEST(Client, CancelEndsARequestUnderWayAndRefusesTheNext) {
    std::promise<void> asked;
    RawServer server(after_request([&](RawConnection& connection) {
        asked.set_value();
        connection.hold();
    }));
    Client client(options_for(server.port()));
    auto answer = std::async(std::launch::async, [&] { return ask(client, two_keys()); });
    asked.get_future().wait();

    client.cancel();

    expect_error(answer.get(), ErrorKind::cancelled, "cancelled");
    expect_error(ask(client, two_keys()), ErrorKind::cancelled, "cancelled");
}

TEST(Client, CancelAbortsAPendingConnect) {
    const std::uint16_t port = support::closed_port();
    const support::UnresponsivePort unresponsive(port);
    Client client(options_for(port));
    auto answer = std::async(std::launch::async, [&] { return ask(client, two_keys()); });
    ASSERT_EQ(answer.wait_for(50ms), std::future_status::timeout);

    client.cancel();

    ASSERT_EQ(answer.wait_for(5s), std::future_status::ready);
    expect_error(answer.get(), ErrorKind::cancelled, "cancelled");
}

TEST(Client, ARefusedConnectionIsAConnectError) {
    expect_error(ask(support::closed_port()), ErrorKind::connect, "no connection to http://127.0.0.1:");
}

TEST(Client, ANameThatDoesNotResolveIsADnsError) {
    ClientOptions options = options_for(80);
    options.endpoint.host = "no-such-host.invalid";
    Client client(options);

    expect_error(ask(client, two_keys()), ErrorKind::dns, "no-such-host.invalid does not resolve");
}

TEST(Client, AConnectionBrokenHalfWayIsANetworkError) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"data\":[");
    }));

    expect_error(ask(server.port()), ErrorKind::network, "sent a truncated answer");
}

TEST(Client, AResetInsteadOfAnAnswerIsANetworkError) {
    RawServer server(after_request([](RawConnection& connection) { connection.reset(); }));

    expect_error(ask(server.port()), ErrorKind::network, "broke");
}

TEST(Client, HtmlWithA200IsNotJson) {
    RawServer server(
        after_request([](RawConnection& connection) { connection.send(ok_response("<html>login</html>")); }));

    const Answer answer = ask(server.port());

    expect_error(answer, ErrorKind::not_json, "not JSON");
    EXPECT_EQ(answer.exchange.status, 200);
}

TEST(Client, NoTimeLeftMeansNoRequest) {
    RawServer server(
        after_request([](RawConnection& connection) { connection.send(ok_response(R"({"data":[]})")); }));
    Client client(options_for(server.port()));

    expect_error(client.list({}, two_keys(), steady_clock::now()), ErrorKind::timeout, "no time was left");

    EXPECT_EQ(server.connections(), 0U);
}

TEST(Client, AsksAProxyForTheFullUrl) {
    std::promise<std::string> head;
    RawServer proxy([&](RawConnection& connection) {
        head.set_value(connection.read_head());
        connection.send(ok_response(R"({"data":[]})"));
    });
    ClientOptions options = options_for(81);
    options.endpoint.host = "datadog.invalid";
    options.proxy =
        config::Proxy{.host = "127.0.0.1", .port = proxy.port(), .user = "u", .password = base::Secret("p")};
    Client client(options);

    EXPECT_TRUE(ask(client, two_keys()).page);

    const std::string seen = head.get_future().get();
    EXPECT_THAT(seen, HasSubstr("GET http://datadog.invalid:81/api/v2/personal_access_tokens?"));
    EXPECT_THAT(seen, HasSubstr("Proxy-Authorization: Basic dTpw"));
}

ClientOptions tunnelled_through(std::uint16_t proxy_port) {
    ClientOptions options = options_for(443);
    options.endpoint = {.tls = true, .host = "datadog.invalid", .port = 443};
    options.proxy = config::Proxy{
        .host = "127.0.0.1", .port = proxy_port, .user = "user", .password = base::Secret("pa55word")};
    return options;
}

class ProxyRefusal : public testing::TestWithParam<std::string> {};

TEST_P(ProxyRefusal, OfATunnelIsReportedWithoutThePassword) {
    RawServer proxy(after_request([](RawConnection& connection) { connection.send(GetParam()); }));
    Client client(tunnelled_through(proxy.port()));

    const auto start = steady_clock::now();
    const Answer answer = ask(client, two_keys());

    EXPECT_LT(steady_clock::now() - start, generous);
    expect_error(answer, ErrorKind::connect, "made no connection to https://datadog.invalid: it ");
    EXPECT_THAT(answer.page.error().message, Not(HasSubstr("pa55word")));
}

INSTANTIATE_TEST_SUITE_P(
    Answers, ProxyRefusal,
    testing::Values("HTTP/1.1 407 Wants pa55word\r\nConnection: close\r\n\r\n",
                    "HTTP/1.1 407 Wants dXNlcjpwYTU1d29yZA==\r\nConnection: keep-alive\r\n\r\n",
                    "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nnever",
                    "HTTP/1.1 502 Bad Gateway\r\n\r\n",
                    "HTTP/1.1 302 Found\r\nLocation: https://elsewhere\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "",
                    "HTTP/1.1 200 OK\r\nX-Long: " + std::string(100'000, 'x')),
    [](const auto& test) { return "Number" + std::to_string(test.index); });

TEST(Client, LimitsAProxysHeadLikeAnAnswers) {
    const std::string begin = "HTTP/1.1 200 OK\r\nX-Long: ";
    RawServer proxy(after_request([&begin](RawConnection& connection) {
        connection.send(begin + std::string(longest_head_line + 1 - begin.size() +
                                                std::string("HTTP/1.1 200 OK\r\n").size(),
                                            'x'));
        connection.hold();
    }));
    Client client(tunnelled_through(proxy.port()));

    const auto start = steady_clock::now();
    const Answer answer = ask(client, two_keys());

    EXPECT_LT(steady_clock::now() - start, generous);
    expect_error(answer, ErrorKind::connect, "made no connection to https://datadog.invalid: it ");
}

TEST(Client, TreatsAProxys403Or407AsDefinitive) {
    const std::pair<const char*, bool> answers[] = {{"HTTP/1.1 407 Authentication Required\r\n\r\n", true},
                                                    {"HTTP/1.1 403 Forbidden\r\n\r\n", true},
                                                    {"HTTP/1.1 502 Bad Gateway\r\n\r\n", false},
                                                    {"", false}};
    for (const auto& [bytes, definitive] : answers) {
        RawServer proxy(
            after_request([text = std::string(bytes)](RawConnection& connection) { connection.send(text); }));
        Client client(tunnelled_through(proxy.port()));

        const Answer answer = ask(client, two_keys());

        ASSERT_FALSE(answer.page);
        EXPECT_EQ(answer.page.error().definitive, definitive) << bytes;
    }
}

/// The body in randomly sized chunks.
std::string chunked(const std::string& body, std::mt19937& random) {
    std::string result;
    for (std::size_t at = 0; at < body.size();) {
        const std::size_t length = std::min<std::size_t>(1 + random() % 200, body.size() - at);
        result += fmt::format("{:x}\r\n{}\r\n", length, body.substr(at, length));
        at += length;
    }
    return result + "0\r\n\r\n";
}

TEST(Client, ReadsAPageInRandomPieces) {
    std::mt19937 random(1);
    std::string body = R"({"data":[)";
    for (int i = 0; i < 40; ++i) {
        body +=
            fmt::format(R"({}{{"id":"token-{}","attributes":{{"name":"n\u00e9\\\"{}","scopes":["a","b"]}}}})",
                        i == 0 ? "" : ",", i, i);
    }
    body += R"(],"meta":{"page":{"total_filtered_count":40}}})";
    for (int round = 0; round < 20; ++round) {
        const std::string bytes =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, random);
        std::vector<std::string> pieces;
        for (std::size_t at = 0; at < bytes.size();) {
            pieces.push_back(bytes.substr(at, 1 + random() % 700));
            at += pieces.back().size();
        }
        RawServer server(after_request([&pieces](RawConnection& connection) {
            for (const std::string& piece : pieces) {
                connection.send(piece);
            }
        }));

        const Answer answer = ask(server.port());

        ASSERT_TRUE(answer.page) << answer.page.error().message;
        ASSERT_EQ(answer.page->tokens.size(), 40U);
        EXPECT_EQ(answer.page->tokens[7].name, "n\u00e9\\\"7");
        EXPECT_EQ(answer.exchange.body_bytes, body.size());
    }
}

TEST(Client, AProxyThatDripsCannotOutlastTheDeadline) {
    RawServer proxy(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 200 OK\r\nX-Slow: ");
        connection.drip('x');
    }));
    Client client(tunnelled_through(proxy.port()));
    const auto start = steady_clock::now();

    const Answer answer = client.list({}, two_keys(), start + 500ms);

    EXPECT_LT(steady_clock::now() - start, generous);
    EXPECT_FALSE(answer.page);
}

TEST(Client, NoErrorEverQuotesACredential) {
    RawServer server(after_request([](RawConnection& connection) {
        connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    }));

    for (const std::uint16_t port : {server.port(), support::closed_port()}) {
        const Answer answer = ask(port, bearer("ddpat_abc_s3cr3t"));
        ASSERT_FALSE(answer.page);
        EXPECT_THAT(answer.page.error().message, Not(HasSubstr("s3cr3t")));
    }
}

Answer ask_over_tls(const support::Certificate& certificate, const std::string& ca_file) {
    const RawServer server(certificate, after_request([](RawConnection& connection) {
                               connection.send(ok_response(R"({"data":[]})"));
                           }));
    ClientOptions options = options_for(server.port());
    options.endpoint.tls = true;
    options.commons = std::make_shared<Commons>(ca_file);
    Client client(options);
    return ask(client, two_keys());
}

TEST(ClientOverTls, TrustsWhatTheCaFileHolds) {
    const support::Certificate certificate("127.0.0.1");

    const Answer answer = ask_over_tls(certificate, certificate.certificate_file());

    EXPECT_TRUE(answer.page) << answer.page.error().message;
}

TEST(ClientOverTls, RefusesASelfSignedCertificate) {
    const support::Certificate certificate("127.0.0.1");

    expect_error(ask_over_tls(certificate, ""), ErrorKind::tls, "self-signed");
}

TEST(ClientOverTls, RefusesAnExpiredCertificate) {
    const support::Certificate certificate("127.0.0.1", -1);

    expect_error(ask_over_tls(certificate, certificate.certificate_file()), ErrorKind::tls, "expired");
}

TEST(ClientOverTls, NamesACaFileThatIsBroken) {
    const support::Certificate certificate("127.0.0.1");
    const std::string broken = certificate.certificate_file() + ".broken";
    std::ofstream(broken) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    expect_error(ask_over_tls(certificate, broken), ErrorKind::tls, broken);
    std::filesystem::remove(broken);
}

TEST(ClientOverTls, RefusesACertificateOfAnotherHost) {
    const support::Certificate certificate("192.0.2.1");

    expect_error(ask_over_tls(certificate, certificate.certificate_file()), ErrorKind::tls,
                 "no secure connection");
}

}  // namespace
}  // namespace exporter::datadog

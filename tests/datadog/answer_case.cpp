#include "datadog/answer_case.h"

#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <ostream>
#include <utility>

namespace exporter::datadog {

namespace {

std::string token(std::string_view id) {
    return fmt::format(
        R"({{"id":"{}","type":"service_access_tokens","attributes":{{"name":"token {}","scopes":["dashboards_read"],)"
        R"("created_at":"2026-01-01T00:00:00Z","expires_at":"2027-12-31T00:00:00Z","last_used_at":null}}}})",
        id, id);
}

const std::string& next_page() {
    static const std::string page = R"({"data":[)" + token("next") + "]}";
    return page;
}

Reuse reuse_of(const AnswerCase& row, const Answer& answer) {
    if (row.reuse != Reuse::by_outcome) {
        return row.reuse;
    }
    if (answer.page) {
        return Reuse::yes;
    }
    const ErrorKind kind = answer.page.error().kind;
    return kind == ErrorKind::network || kind == ErrorKind::too_large ? Reuse::no : Reuse::either;
}

void expect_outcome(const Expected& expected, const Answer& answer) {
    if (answer.page) {
        EXPECT_TRUE(expected.page) << "the client accepted it";
        EXPECT_EQ(answer.page->tokens.size(), expected.tokens);
        EXPECT_EQ(answer.exchange.status, 200);
        return;
    }
    const Error& error = answer.page.error();
    const bool allowed =
        std::find(expected.kinds.begin(), expected.kinds.end(), error.kind) != expected.kinds.end();
    EXPECT_TRUE(allowed) << label(error.kind) << ": " << error.message;
    EXPECT_THAT(error.message, testing::HasSubstr(expected.words));
}

}  // namespace

Expected page_of(std::size_t tokens) {
    return {.page = true, .kinds = {}, .words = "", .tokens = tokens};
}

Expected error(ErrorKind kind, std::string words) {
    return {.page = false, .kinds = {kind}, .words = std::move(words)};
}

Expected page_or(ErrorKind kind, std::string words) {
    return {.page = true, .kinds = {kind}, .words = std::move(words)};
}

Expected either(ErrorKind one, ErrorKind other) {
    return {.page = false, .kinds = {one, other}, .words = ""};
}

void PrintTo(const AnswerCase& row, std::ostream* out) {
    *out << row.name;
}

void check(const AnswerCase& row) {
    std::atomic<std::size_t> requests = 0;
    support::RawServer server([&](support::RawConnection& connection) {
        while (!connection.read_head().empty()) {
            const bool first = requests++ == 0;
            if (!connection.send(first ? row.bytes : ok_with_length("", next_page())) ||
                (first && row.then_close)) {
                return;
            }
        }
    });
    Client client(plain_http(server.port()));

    const Answer answer = ask(client);
    const Answer next = ask(client);

    expect_outcome(row.expected, answer);
    ASSERT_TRUE(next.page) << "the next response: " << next.page.error().message;
    ASSERT_EQ(next.page->tokens.size(), 1U) << "the next response";
    EXPECT_EQ(next.page->tokens[0].id, "next");
    EXPECT_EQ(requests, 2U);
    if (const Reuse reuse = reuse_of(row, answer); reuse != Reuse::either) {
        EXPECT_EQ(server.connections(), reuse == Reuse::yes ? 1U : 2U);
    }
}

ClientOptions plain_http(std::uint16_t port) {
    ClientOptions options;
    options.endpoint = {.tls = false, .host = "127.0.0.1", .port = port};
    options.user_agent = "exporter-test/1.0";
    return options;
}

Answer ask(Client& client, std::chrono::milliseconds limit) {
    config::Credentials credentials;
    credentials.api_key = base::Secret("demo-api-key");
    credentials.app_key = base::Secret("demo-app-key");
    return client.list({}, credentials, std::chrono::steady_clock::now() + limit);
}

const std::string& three_tokens() {
    static const std::string page = R"({"data":[)" + token("a") + "," + token("b") + "," + token("c") +
                                    R"(],"meta":{"page":{"total_filtered_count":3}}})";
    return page;
}

std::string ok(std::string_view headers, std::string_view body) {
    return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{}\r\n{}", headers, body);
}

std::string ok_with_length(std::string_view headers, std::string_view body) {
    return ok(fmt::format("Content-Length: {}\r\n{}", body.size(), headers), body);
}

std::string ok_chunked(std::string_view framed, std::string_view headers) {
    return ok(fmt::format("Transfer-Encoding: chunked\r\n{}", headers), framed);
}

std::string chunk(std::string_view data, std::string_view extension) {
    return fmt::format("{:x}{}\r\n{}\r\n", data.size(), extension, data);
}

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    all.reserve(count * text.size());
    for (std::size_t i = 0; i < count; ++i) {
        all += text;
    }
    return all;
}

}  // namespace exporter::datadog

#include "datadog/connection_guard.h"

#include "datadog/client.h"
#include "datadog/commons.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>

namespace {

/// What this thread may ask for at once; a test's way to run out of memory.
thread_local std::size_t largest_allocation = SIZE_MAX;

}  // namespace

void* operator new(std::size_t size) {
    void* const memory = size > largest_allocation ? nullptr : std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace exporter::datadog {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Has come back from `watchdog` after everything that is due by `deadline`.
void wait_until_past(Watchdog& watchdog, Watchdog::Deadline deadline) {
    std::promise<void> passed;
    const auto ticket = watchdog.watch(deadline + 1ms, [&passed] { passed.set_value(); });
    ASSERT_EQ(passed.get_future().wait_for(20s), std::future_status::ready);
    watchdog.release(ticket);
}

TEST(ConnectionGuard, ASecondExchangeReleasesTheDeadlineOfOneThatNeverEnded) {
    Watchdog watchdog;
    const auto soon = steady_clock::now() + 20ms;
    ConnectionGuard guard(watchdog);
    guard.begin(soon);

    guard.begin(steady_clock::now() + 1h);
    wait_until_past(watchdog, soon);

    EXPECT_EQ(guard.end(true), ConnectionGuard::Verdict::untouched);
}

TEST(ConnectionGuard, NothingIsLeftOfARequestThatRanOutOfMemory) {
    const std::string body = R"({"data":[],"filler":")" + std::string(1 << 20, 'x') + "\"}";
    support::RawServer server([&body](support::RawConnection& connection) {
        if (!connection.read_head().empty()) {
            connection.send(
                fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
        }
    });
    ClientOptions options;
    options.endpoint = {.tls = false, .host = "127.0.0.1", .port = server.port()};
    options.commons = std::make_shared<Commons>("");
    auto client = std::make_unique<Client>(options);
    config::Credentials credentials;
    credentials.bearer_token = config::Secret("ddpat_demo");
    const auto deadline = steady_clock::now() + 2s;

    largest_allocation = body.size() / 2;
    const Answer answer = client->list({}, credentials, deadline);
    largest_allocation = SIZE_MAX;
    (void)client->list({}, credentials, deadline + 1h);
    client.reset();

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(answer.page.error().kind, ErrorKind::internal) << answer.page.error().message;
    // Sanitizers find a deadline that is still kept for the client that is gone.
    wait_until_past(options.commons->watchdog, deadline);
}

}  // namespace
}  // namespace exporter::datadog

// Not built with ThreadSanitizer, whose runtime defines its own operator new.
#include "datadog/client.h"
#include "support/raw_server.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>

namespace {

/// The largest single allocation this thread may make. A test lowers it to simulate exhausted memory.
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

TEST(ExhaustedMemory, LeavesNoTraceOfARequest) {
    const std::string body = R"({"data":[],"filler":")" + std::string(1 << 20, 'x') + "\"}";
    support::RawServer server([&body](support::RawConnection& connection) {
        if (!connection.read_head().empty()) {
            connection.send(
                fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body));
        }
    });
    ClientOptions options;
    options.endpoint = {.tls = false, .host = "127.0.0.1", .port = server.port()};
    auto client = std::make_unique<Client>(options);
    config::Credentials credentials;
    credentials.bearer_token = base::Secret("ddpat_demo");
    const auto deadline = steady_clock::now() + 5s;

    largest_allocation = body.size() / 2;
    const Answer answer = client->list({}, credentials, deadline);
    largest_allocation = SIZE_MAX;
    (void)client->list({}, credentials, deadline + 1h);
    client.reset();

    ASSERT_FALSE(answer.page);
    EXPECT_EQ(answer.page.error().kind, ErrorKind::internal) << answer.page.error().message;
}

}  // namespace
}  // namespace exporter::datadog

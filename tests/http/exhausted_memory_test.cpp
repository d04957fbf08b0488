// Not built with ThreadSanitizer, whose runtime defines its own operator new.
#include "http/authenticator.h"
#include "users_of.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <future>
#include <new>

namespace {

/// Whether allocations on this thread fail.
thread_local bool is_exhausted = false;

}  // namespace

void* operator new(std::size_t size) {
    void* const memory = is_exhausted ? nullptr : std::malloc(size);
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

namespace exporter::http {
namespace {

constexpr auto alice_secret = "Basic YWxpY2U6c2VjcmV0";
constexpr auto alice_wrong = "Basic YWxpY2U6d3Jvbmc=";

TEST(ExhaustedMemory, RefusesOneLoginWithoutStoppingChecks) {
    Authenticator authenticator(
        testing::users_of({{"alice", "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"}}));
    std::promise<Verdict> told;
    std::promise<Verdict> told_next;
    // The callback runs on the thread that checks passwords.
    authenticator.verify(alice_wrong, "a", [](Verdict) { is_exhausted = true; });
    authenticator.verify(alice_secret, "a", [&](Verdict verdict) {
        is_exhausted = false;
        told.set_value(verdict);
    });
    EXPECT_EQ(told.get_future().get(), Verdict::too_many);
    authenticator.verify(alice_secret, "a", [&](Verdict verdict) { told_next.set_value(verdict); });
    EXPECT_EQ(told_next.get_future().get(), Verdict::right);
}

}  // namespace
}  // namespace exporter::http

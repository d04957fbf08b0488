#include "base/secret.h"

#include "config/credentials.h"
#include "config/fixture.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

namespace {

/// Counts freed blocks that still contain this text; nullptr: doesn't search.
thread_local const char* wanted = nullptr;
thread_local int found_in_freed_blocks = 0;

void free_watched(void* block) noexcept {
    if (block != nullptr && wanted != nullptr) {
        const std::size_t size = malloc_usable_size(block);
        if (memmem(block, size, wanted, std::strlen(wanted)) != nullptr) {
            ++found_in_freed_blocks;
        }
    }
    std::free(block);
}

}  // namespace

// These replace the heap functions of the whole test program, so that no allocation is missed. calloc,
// because freed memory is searched and so must be initialized.
void* operator new(std::size_t size) {
    if (void* block = std::calloc(1, size == 0 ? 1 : size)) {
        return block;
    }
    throw std::bad_alloc();
}
void operator delete(void* block) noexcept {
    free_watched(block);
}
void operator delete(void* block, std::size_t /*size*/) noexcept {
    free_watched(block);
}

namespace exporter::config {
namespace {

/// The needle is not at the start, because clearing a string overwrites its first byte.
const std::string long_text = "0123456789-needle-0123456789-0123456789-0123456789";

/// Counts from its construction.
class HeapWatch {
  public:
    explicit HeapWatch(const char* text) {
        found_in_freed_blocks = 0;
        wanted = text;
    }
    HeapWatch(const HeapWatch&) = delete;
    HeapWatch& operator=(const HeapWatch&) = delete;
    ~HeapWatch() { wanted = nullptr; }

    [[nodiscard]] int found() const { return found_in_freed_blocks; }
};

TEST(Secret, IsNotConvertibleToText) {
    static_assert(!std::is_convertible_v<base::Secret, std::string>);
    static_assert(!std::is_convertible_v<std::string, base::Secret>);
    static_assert(!std::is_convertible_v<base::Secret, std::string_view>);
    EXPECT_EQ(base::Secret(long_text).expose(), long_text);
    EXPECT_TRUE(base::Secret().empty());
}

TEST(Secret, WatchDetectsAFreedPlainString) {
    const HeapWatch watch("needle");
    {
        const std::string copy = long_text;
    }
    EXPECT_EQ(watch.found(), 1);
}

TEST(Secret, LeavesNothingOnTheHeap) {
    const HeapWatch watch("needle");
    {
        base::Secret secret{std::string(long_text)};
        base::Secret copy = secret;
        base::Secret moved = std::move(copy);
        EXPECT_EQ(moved.expose(), long_text);
        base::Secret shorter{std::string("0123456789-needle")};
        shorter = secret;
        EXPECT_EQ(shorter.expose(), long_text);
        secret = base::Secret{std::string("x")};
        EXPECT_EQ(secret.expose(), "x");
        moved = std::move(shorter);
        EXPECT_EQ(moved.expose(), long_text);
    }
    EXPECT_EQ(watch.found(), 0);
}

TEST(Secret, LeavesNothingOnTheHeapWhenReadFromAFile) {
    const ScratchDirectory directory;
    const std::string good = directory.write("good", long_text + "\n");
    const std::string bad = directory.write("bad", long_text + "\n" + long_text);
    const std::string quoted = directory.write("quoted", "\"" + long_text + "\"");
    const std::string named = directory.write("named", "DD_BEARER_TOKEN=" + long_text);
    const HeapWatch watch("needle");
    EXPECT_TRUE(read_secret_file(KeyKind::bearer_token, good));
    EXPECT_FALSE(read_secret_file(KeyKind::bearer_token, bad));
    EXPECT_FALSE(read_secret_file(KeyKind::bearer_token, quoted));
    EXPECT_FALSE(read_secret_file(KeyKind::bearer_token, named));
    EXPECT_EQ(watch.found(), 0);
}

/// Whether `secret` or a freed block contains the text during or after `act`.
template <class Act>
bool shows_after(const Act& act) {
    alignas(base::Secret) unsigned char storage[sizeof(base::Secret)] = {};
    const HeapWatch watch("needle");
    auto* secret = new (storage) base::Secret(std::string("x-needle"));
    bool shows = memmem(storage, sizeof storage, "needle", 6) != nullptr;
    act(*secret);
    shows = shows || memmem(storage, sizeof storage, "needle", 6) != nullptr;
    std::destroy_at(secret);
    return shows || watch.found() > 0;
}

TEST(Secret, ShortTextIsWipedAsWell) {
    EXPECT_FALSE(shows_after([](base::Secret& secret) { const base::Secret taken = std::move(secret); }))
        << "moved away";
    EXPECT_FALSE(shows_after([](base::Secret& secret) {
        base::Secret target;
        target = std::move(secret);
    })) << "move-assigned away";
    EXPECT_FALSE(shows_after([](base::Secret& secret) { secret = base::Secret(std::string("x")); }))
        << "overwritten by move";
    EXPECT_FALSE(shows_after([](base::Secret& secret) {
        const base::Secret other(std::string("y"));
        secret = other;
    })) << "overwritten by copy";
    EXPECT_FALSE(shows_after([](base::Secret& secret) {
        secret.~Secret();
        new (&secret) base::Secret();
    })) << "destroyed";
}

TEST(Secret, SurvivesAssignmentToItself) {
    base::Secret secret{std::string(long_text)};
    base::Secret& alias = secret;
    secret = alias;
    EXPECT_EQ(secret.expose(), long_text);
    secret = std::move(alias);
    EXPECT_EQ(secret.expose(), long_text);
}

}  // namespace
}  // namespace exporter::config

#include "app/memory.h"

#include <malloc.h>

#include <utility>

namespace exporter::app {

namespace {

/// After a poll of so many bytes of answers (some 5,000 tokens) free memory is given back to the system.
/// Otherwise it stays, in pieces: 317 MiB through 25 polls of bad answers.
constexpr std::uint64_t much = std::uint64_t{4} << 20;

}  // namespace

void set_up_memory() {
#ifdef __GLIBC__
    // Large blocks are given back when they are freed. By default glibc raises this bound with each that it
    // frees, and then keeps them, one for each thread: an organization whose API answers with garbage held 50
    // MiB for ever.
    constexpr int large_block = 1 << 20;
    ::mallopt(M_MMAP_THRESHOLD, large_block);  // NOLINT(concurrency-mt-unsafe): there is no other thread yet
#endif
}

void give_back_memory() {
#ifdef __GLIBC__
    ::malloc_trim(0);
#endif
}

MemoryReturn::MemoryReturn(scan::Clock& clock, std::function<void()> give_back)
    : clock_(clock), give_back_(std::move(give_back)) {}

void MemoryReturn::poll_ended(std::uint64_t bytes) {
    due_ = due_ || bytes > much;
    if (!due_) {
        return;
    }
    const scan::SteadyTime now = clock_.steady_now();
    if (!last_ || now - *last_ >= pause) {
        give_back_();
        last_ = now;
        due_ = false;
    }
}

}  // namespace exporter::app

#include "app/memory.h"

#include <malloc.h>

namespace exporter::app {

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

}  // namespace exporter::app

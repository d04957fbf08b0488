// Any state file is either rejected or is exactly what the program would have written, and reading it takes
// no more memory than a small multiple of its size. The input is the part between header and checksum. The
// checksum is computed for it, because it would otherwise reject nearly every input.
#include "require.h"
#include "state/state_file.h"
#include "support/state_bytes.h"

#include <sanitizer/allocator_interface.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

constexpr exporter::base::HashKey key{};
std::size_t allocated = 0;

void count_allocation(const volatile void*, std::size_t size) {
    allocated += size;
}

void ignore_release(const volatile void*) {}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    require(__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_release) != 0);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::state;
    const std::string file = framed({reinterpret_cast<const char*>(data), size}, key);
    allocated = 0;
    const auto decoded = decode(file);
    // All allocations together, including labels cleaned for comparison and lists that grow.
    require(allocated <= 1'000'000 + 64 * file.size());
    if (decoded) {
        require(encode(decoded->states, key) == file);
    }
    return 0;
}

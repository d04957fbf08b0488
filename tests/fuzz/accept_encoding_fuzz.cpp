// Whatever a client accepts, the answer is yes or no.
#include "web/routes.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    (void)exporter::web::accepts_gzip({reinterpret_cast<const char*>(data), size});
    return 0;
}

// The label for any token name is short, and cleaning it again changes nothing.
#include "inventory/label_text.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::inventory;
    const std::string label = label_text({reinterpret_cast<const char*>(data), size});
    if (label.size() > max_label_bytes || label_text(label) != label ||
        label.find('\n') != std::string::npos) {
        std::abort();
    }
    return 0;
}

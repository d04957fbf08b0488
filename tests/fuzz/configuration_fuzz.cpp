// Mistyped durations and URLs give an error or a value, and a duration survives formatting and parsing.
#include "base/dates.h"
#include "config/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::base;
    using namespace exporter::config;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto duration = parse_duration(text)) {
        if (parse_duration(format_duration(*duration)) != *duration) {
            std::abort();
        }
    }
    (void)parse_site(text);
    (void)parse_base_url(text);
    return 0;
}

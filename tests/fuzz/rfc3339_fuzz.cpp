// A date that is read can be written, and reads back as the same moment.
#include "datadog/rfc3339.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace exporter::datadog;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)parse_http_date(text);
    const auto moment = parse_rfc3339(text);
    // An offset can carry the first and the last day out of the years that can be written.
    const bool writable = moment && *moment >= Timestamp(std::chrono::seconds(-62167219200)) &&
                          *moment < Timestamp(std::chrono::seconds(253402300800));
    if (writable && parse_rfc3339(format_rfc3339(*moment)) != moment) {
        std::abort();
    }
    return 0;
}

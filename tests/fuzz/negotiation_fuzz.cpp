// For any Accept and Accept-Encoding headers: format and encoding don't depend on case or leading whitespace,
// and the server never sends what the client rejects by name.
#include "http/request.h"
#include "require.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace exporter;

/// Whether the client gets OpenMetrics.
bool openmetrics(std::string_view accept) {
    constexpr std::array<http::MediaType, 2> offers = {
        {{"text/plain", "0.0.4"}, {"application/openmetrics-text", "1.0.0"}}};
    return http::preferred_type(accept, offers) == 1;
}

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string header(reinterpret_cast<const char*>(data), size);
    std::string shouted = " \t" + header;
    std::ranges::transform(shouted, shouted.begin(), upper);
    require(openmetrics(shouted) == openmetrics(header));
    require(http::prefers_gzip(shouted) == http::prefers_gzip(header));

    if (shouted.find("OPENMETRICS") == std::string::npos) {
        const std::string refusal = "application/openmetrics-text;version=1.0.0;q=0,";
        require(!openmetrics(refusal + header));
    }
    if (shouted.find("GZIP") == std::string::npos) {
        require(!http::prefers_gzip("gzip;q=0," + header));
    }
    return 0;
}

// Whatever a client accepts: neither the format nor the encoding depends on the letters' case or on blanks in
// front, and what it has refused by name it is not sent.
#include "require.h"
#include "web/negotiation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace exporter;

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string header(reinterpret_cast<const char*>(data), size);
    std::string shouted = " \t" + header;
    std::ranges::transform(shouted, shouted.begin(), upper);
    require(web::negotiate_format(shouted) == web::negotiate_format(header));
    require(web::negotiate_encoding(shouted) == web::negotiate_encoding(header));

    if (shouted.find("OPENMETRICS") == std::string::npos) {
        const std::string refusal = "application/openmetrics-text;version=1.0.0;q=0,";
        require(web::negotiate_format(refusal + header) == metrics::Format::text);
    }
    if (shouted.find("GZIP") == std::string::npos) {
        require(web::negotiate_encoding("gzip;q=0," + header) == metrics::Encoding::identity);
    }
    return 0;
}

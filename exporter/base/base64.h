#pragma once

#include <string>
#include <string_view>

namespace exporter::base {

/// RFC 4648, 4: the usual alphabet, padded, without line breaks.
[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace exporter::base

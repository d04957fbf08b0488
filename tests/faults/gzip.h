// Compressed bodies.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::faults {

[[nodiscard]] std::string gzip(std::string_view text);
/// `size` spaces, a thousandth as long.
[[nodiscard]] std::string gzip_bomb(std::size_t size);

}  // namespace exporter::faults

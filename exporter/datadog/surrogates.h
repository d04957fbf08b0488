// Halves of surrogate pairs in JSON's escapes.
#pragma once

#include <cstddef>

namespace exporter::datadog {

/// Writes U+FFFD over each escaped surrogate without its other half, in place. To RapidJSON a single one
/// makes the whole page unreadable, and anybody can put one into a token's name, if only by cutting an emoji
/// in two.
void replace_lone_surrogates(char* begin, std::size_t length);

}  // namespace exporter::datadog

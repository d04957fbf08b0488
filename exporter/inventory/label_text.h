// Untrusted text on its way into label values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::inventory {

/// Longest label value made of untrusted text, in bytes.
inline constexpr std::size_t max_label_bytes = 200;

/// `text` as valid UTF-8 without control characters, without marks that reorder text (U+202A to U+202E,
/// U+2066 to U+2069, U+061C, U+200E, U+200F) and without line separators (U+2028, U+2029), each replaced by
/// U+FFFD; cut at a character's edge to `max_label_bytes` with `…` as its end.
[[nodiscard]] std::string label_text(std::string_view text);

/// A label for an id: different ids have different ones, since Prometheus refuses a whole scrape that has a
/// series twice. What `label_text` returns where that is the id itself; otherwise as much of it as leaves
/// room for a fingerprint of the id, the same in every process.
[[nodiscard]] std::string id_label(std::string_view id);

}  // namespace exporter::inventory

// Cleans untrusted text for label values.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::inventory {

/// Maximum length of a label value made of untrusted text, in bytes.
inline constexpr std::size_t max_label_bytes = 200;

/// `text` as valid UTF-8 without control characters, without marks that reorder text (U+202A to U+202E,
/// U+2066 to U+2069, U+061C, U+200E, U+200F) and without line separators (U+2028, U+2029), each replaced by
/// U+FFFD; truncated at a character boundary to `max_label_bytes`, ending with `…`.
[[nodiscard]] std::string label_text(std::string_view text);

/// A label for an id: different ids have different labels, because Prometheus rejects a whole scrape with a
/// duplicate series. The result of `label_text` if it equals the id; otherwise shortened and followed by a
/// fingerprint of the id, which is the same in every process.
[[nodiscard]] std::string id_label(std::string_view id);

}  // namespace exporter::inventory

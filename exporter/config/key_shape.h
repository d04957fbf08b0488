// How credentials look, and the mistakes that people make with them.
//
// No key is judged by its length or its alphabet alone: those are Datadog's to change. What is refused are
// traces of how the text got there.
#pragma once

#include <string_view>

namespace exporter::config {

enum class KeyKind { api_key, app_key, bearer_token };

/// What was left round a value, or in its place, on its way into a variable or a file: a byte order mark,
/// quotation marks, the variable's name, a placeholder, a reference. As a predicate for a message behind the
/// value's place (`begins with ...; write ...`), with what would be right; empty: nothing.
[[nodiscard]] std::string_view slip_in(std::string_view text);

/// Why the text can't be a key of this kind, worded as with `slip_in`, which it includes; empty: it can.
[[nodiscard]] std::string_view fault_in_key(KeyKind kind, std::string_view text);

/// Whose shape the text has instead of its own: that of Datadog's classic API keys (32 hexadecimal digits) or
/// application keys (40). Worth a warning and no more; empty: nothing to say.
[[nodiscard]] std::string_view doubt_about_key(KeyKind kind, std::string_view text);

/// `ddpat_…` (personal) or `ddsat_…` (service).
[[nodiscard]] bool looks_like_access_token(std::string_view text);

}  // namespace exporter::config

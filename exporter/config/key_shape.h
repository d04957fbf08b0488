// How credentials look, for the mistakes that people make with them.
#pragma once

#include <string_view>

namespace exporter::config {

/// `ddpat_…` (personal) or `ddsat_…` (service).
[[nodiscard]] bool looks_like_access_token(std::string_view text);

/// Whether somewhere in the text is what could be a key or a token: then a message must not repeat it.
/// Datadog's API keys are 32 hexadecimal digits, its application keys 40.
[[nodiscard]] bool may_hold_a_key(std::string_view text);

}  // namespace exporter::config

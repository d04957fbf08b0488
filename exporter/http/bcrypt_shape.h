// What a password's bcrypt hash looks like.
#pragma once

#include <string_view>

namespace exporter::http {

/// What is wrong with a hash, for a message behind its place, or empty. Never quotes it.
///
/// Right are `$2a$`, `$2b$` and `$2y$` with a cost from 4 to 16. bcrypt goes up to 31, but each step doubles
/// the work that anybody who sends a password causes: 16 is several seconds of a core, 17 is never needed.
[[nodiscard]] std::string_view fault_in_bcrypt_hash(std::string_view hash);

}  // namespace exporter::http

// The Authorization header of HTTP's Basic scheme (RFC 7617). Pure.
#pragma once

#include "http/wiped.h"

#include <optional>
#include <string>
#include <string_view>

namespace exporter::http {

struct Credentials {
    std::string user;  ///< without a colon
    WipedText password;
};

/// Strict: the scheme in any case, then spaces, then base64 with its padding of `user:password`. Both parts
/// may be empty or hold any bytes.
///
/// @param authorization the header's value; several, joined by commas, are none
[[nodiscard]] std::optional<Credentials> parse_basic_authorization(std::string_view authorization);

}  // namespace exporter::http

// HMAC-SHA256 (RFC 2104), and keys for it.
#pragma once

#include <array>
#include <string_view>

namespace exporter::http {

using Digest = std::array<unsigned char, 32>;

[[nodiscard]] Digest hmac_sha256(const Digest& key, std::string_view message);

/// Nobody can guess it. Without randomness the program ends: there is nothing to fall back to.
[[nodiscard]] Digest random_key();

}  // namespace exporter::http

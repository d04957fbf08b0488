// One hash for ids and scopes, wherever they are kept as numbers.
#pragma once

#include <cstdint>
#include <string_view>

namespace exporter::datadog {

/// MurmurHash64A. The same on every machine and in every build, so that hashes may outlive the process.
///
/// Without a key: whoever may choose the text can make two that collide. Ids are UUIDs that Datadog makes;
/// where texts are free, as scopes are, a hash must not stand for its text.
[[nodiscard]] std::uint64_t text_hash(std::string_view text);

}  // namespace exporter::datadog

// The parts of a page that are looked into, for the two classes that share the reading of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace exporter::datadog {

/// How deep objects and arrays of an answer may be nested. The API's own pages have six levels.
inline constexpr std::size_t most_levels = 64;

/// The containers of a page that are looked into. Everything else is skipped, however deep.
enum class Place : std::uint8_t {
    document,
    root,
    data,
    token,
    attributes,
    scopes,
    relationships,
    owned_by,
    owner,
    leak_information,
    meta,
    page,
    errors,
    error,
};

/// The members that are looked at, wherever they are.
enum class Member : std::uint8_t {
    none,
    attributes,
    created_at,
    data,
    detail,
    errors,
    expires_at,
    id,
    last_used_at,
    leak_information,
    meta,
    modified_at,
    name,
    owned_by,
    page,
    public_portion,
    relationships,
    scopes,
    title,
    total_filtered_count,
    type,
};

[[nodiscard]] Member member_named(std::string_view name);

/// A value that is no container.
struct Scalar {
    enum class Kind : std::uint8_t { null, boolean, number, text };
    Kind kind = Kind::null;
    std::string_view text;  ///< of a text or a number

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_text() const { return kind == Kind::text; }
};

}  // namespace exporter::datadog

// An access token as the API lists it.
#pragma once

#include "base/dates.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace exporter::datadog {

/// `data[].type`. Service tokens have been listed as personal ones, so the type does not prove an expiry.
enum class TokenType : std::uint8_t { personal, service, other };
inline constexpr std::array token_types = {TokenType::personal, TokenType::service, TokenType::other};
inline constexpr std::size_t token_type_count = token_types.size();
[[nodiscard]] inline std::string_view label(TokenType type) {
    static constexpr std::array<std::string_view, token_type_count> labels = {"personal", "service", "other"};
    return labels[static_cast<std::size_t>(type)];
}

/// `relationships.owned_by.data.type`; `unknown` if the answer has no owner.
enum class OwnerType : std::uint8_t { user, service_account, other, unknown };
inline constexpr std::array owner_types = {OwnerType::user, OwnerType::service_account, OwnerType::other,
                                           OwnerType::unknown};
inline constexpr std::size_t owner_type_count = owner_types.size();
[[nodiscard]] inline std::string_view label(OwnerType type) {
    static constexpr std::array<std::string_view, owner_type_count> labels = {"user", "service_account",
                                                                              "other", "unknown"};
    return labels[static_cast<std::size_t>(type)];
}

/// A date of a token. "Never" (null, absent, or a placeholder for it) and "unreadable or impossible" are
/// different facts.
class Date {
  public:
    constexpr Date() = default;
    [[nodiscard]] static constexpr Date none() { return {}; }
    [[nodiscard]] static constexpr Date unreadable() { return {std::nullopt, true}; }
    [[nodiscard]] static constexpr Date at(base::Timestamp moment) { return {moment, false}; }

    [[nodiscard]] constexpr bool is_none() const { return !moment_ && !unreadable_; }
    [[nodiscard]] constexpr bool is_unreadable() const { return unreadable_; }
    [[nodiscard]] constexpr const std::optional<base::Timestamp>& moment() const { return moment_; }

    constexpr bool operator==(const Date&) const = default;

  private:
    constexpr Date(std::optional<base::Timestamp> moment, bool unreadable)
        : moment_(moment), unreadable_(unreadable) {}

    std::optional<base::Timestamp> moment_;
    bool unreadable_ = false;
};

/// `relationships.leak_information`: absent, null, or an object.
enum class Leak : std::uint8_t { unknown, none, leaked };

/// One access token as listed. The texts point into the page they were read from and are valid only as long
/// as the page.
struct Token {
    std::string_view id;              ///< never empty
    std::string_view name;            ///< free text chosen by any user of the organization: untrusted
    std::string_view public_portion;  ///< `ddpat_<alias>`, `ddsat_<alias>`, or a bare alias
    std::string_view owner_id;        ///< empty if the answer has no owner
    TokenType type = TokenType::other;
    OwnerType owner_type = OwnerType::unknown;
    Leak leak = Leak::unknown;
    Date created_at;
    Date expires_at;    ///< none: never expires
    Date last_used_at;  ///< none: never used, or not in the recent past
    Date modified_at;
    std::span<const std::string_view> scopes;  ///< as listed: may repeat, in no particular order
    bool scopes_readable = true;               ///< false: a scope, or the whole list, can't be read
};

/// Fields of the answer that are counted if they are present but unreadable, or hold an impossible date. The
/// values are the `field` label.
enum class Field : std::uint8_t {
    token,  ///< a whole element of `data` (not an object, or without an id)
    type,
    name,
    public_portion,
    scopes,
    created_at,
    expires_at,
    last_used_at,
    modified_at,
    owned_by,
    leak_information,
    total_filtered_count,
};
inline constexpr std::size_t field_count = 12;
[[nodiscard]] inline std::string_view label(Field field) {
    static constexpr std::array<std::string_view, field_count> labels = {"token",
                                                                         "type",
                                                                         "name",
                                                                         "public_portion",
                                                                         "scopes",
                                                                         "created_at",
                                                                         "expires_at",
                                                                         "last_used_at",
                                                                         "modified_at",
                                                                         "owned_by",
                                                                         "leak_information",
                                                                         "total_filtered_count"};
    return labels[static_cast<std::size_t>(field)];
}

/// How often each field was present but unreadable or impossible.
using FieldCounts = std::array<std::uint64_t, field_count>;

}  // namespace exporter::datadog

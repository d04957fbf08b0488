// A user of the organization, from `GET /api/v2/users/{id}`: a token's owner. Service accounts are users too.
// All texts are chosen by users: untrusted, and of any length that fits into the answer.
#pragma once

#include "datadog/error.h"
#include "datadog/page.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// Bytes of a user's answer, compressed or not. A recorded answer has 1 to 4 kB.
inline constexpr std::size_t longest_user_body = std::size_t{64} << 10;

/// Members that are null, absent or of another type are empty.
struct User {
    std::string name;   ///< often empty
    std::string email;  ///< may be missing or made up for a service account
    std::string handle;
    bool disabled = false;  ///< can't log in; the tokens may still work
    bool service_account = false;

    friend bool operator==(const User&, const User&) = default;
};

/// What the API answered about one user.
struct UserAnswer {
    Exchange exchange;
    Result<User> user;
};

/// How people know the user: `email (name)`, or whichever exists, or else the handle; empty: none of them.
/// The e-mail address comes first, so that no name can pretend to be one; for a service account the address
/// is made up, so the name alone is used. Still untrusted text: the caller must clean it for display
/// (`inventory::label_text`) before adding words of its own.
[[nodiscard]] std::string display_name(const User& user);

/// Reads a user from the answer's `body`, which is overwritten and must end with a NUL character that is
/// not part of the JSON text.
///
/// @return an error of kind `not_json` or `bad_page` (no `data` object, or nesting of more than
/// `most_levels`)
[[nodiscard]] Result<User> parse_user(std::span<char> body);

}  // namespace exporter::datadog

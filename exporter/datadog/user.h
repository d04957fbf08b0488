// A user of the organization as `GET /api/v2/users/{id}` tells of one: whose a token is. Service accounts are
// users too. All texts were chosen by somebody: untrusted, of any length that fits into the answer.
#pragma once

#include "datadog/error.h"
#include "datadog/page.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// Bytes of a user's answer, as it comes and when it is uncompressed. A recorded one has 1 to 4 kB.
inline constexpr std::size_t longest_user_body = std::size_t{64} << 10;

/// What is null, absent or of another type is empty.
struct User {
    std::string name;   ///< often none
    std::string email;  ///< a service account's may be none, or made up
    std::string handle;
    bool disabled = false;  ///< may not log in any more; the tokens may still work
    bool service_account = false;

    friend bool operator==(const User&, const User&) = default;
};

/// What the API answered about one user.
struct UserAnswer {
    Exchange exchange;
    Result<User> user;
};

/// How people know the user: `email (name)`, or what there is of the two, or else the handle; empty: nothing
/// is known. The e-mail address comes first, where no name can pretend to be one; a service account's is made
/// up, and its name alone says more. Still untrusted text: the caller makes it fit to be shown
/// (`inventory::label_text`) and only then adds words of its own.
[[nodiscard]] std::string display_name(const User& user);

/// Reads a user out of the answer's `body`, which is overwritten and must end with a NUL character that is
/// not part of the JSON text.
///
/// @return an error of kind `not_json` or `bad_page` (no `data` object, or nesting of more than
/// `most_levels`)
[[nodiscard]] Result<User> parse_user(std::span<char> body);

}  // namespace exporter::datadog

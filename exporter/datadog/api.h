// The wire format of Datadog's API: requests for a page or a user, and the meaning of an answer's head. Pure.
#pragma once

#include "config/credentials.h"
#include "datadog/answer.h"
#include "datadog/error.h"
#include "datadog/page.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// The query arguments of "Get all access tokens".
struct PageRequest {
    std::size_t number = 0;  ///< `page[number]`, from 0
    std::size_t size = 100;  ///< `page[size]`, 1 to 100
    /// `name`, `created_at`, `expires_at`, `last_used_at`, or one of these after `-`; empty: unsorted.
    std::string sort;
    std::string filter;
    std::vector<std::string> owned_by;
};

/// Path and query as they go on the wire, percent-encoded.
[[nodiscard]] std::string request_target(const PageRequest& request);

/// Datadog's ids have 36 characters.
inline constexpr std::size_t longest_user_id = 200;

/// The path of a user as it goes on the wire, percent-encoded. nullopt: the id is too long, or would lead to
/// another path (empty, `.`, `..`).
[[nodiscard]] std::optional<std::string> user_target(std::string_view id);

/// What a person can do about a failed user look-up, if it differs from the error's advice; otherwise empty.
[[nodiscard]] std::string_view user_advice(ErrorKind kind);

[[nodiscard]] HeaderFields request_fields(const config::Credentials& credentials,
                                          const std::string& user_agent);

/// `X-RateLimit-*`. Anything undocumented is treated as absent.
[[nodiscard]] RateLimit rate_limit_of(const AnswerHead& head);

/// What an answer with a status other than 200 means.
///
/// @param host that sent the answer
[[nodiscard]] Error status_error(const AnswerHead& head, std::string_view body, std::string_view host);

/// The non-secret beginning of an access token (`<prefix>_<alias>` of `<prefix>_<alias>_<secret>`), by which
/// the exporter recognises its own token in the listing; nullopt if the credential is not an access token.
[[nodiscard]] std::optional<std::string> public_portion(const config::Credentials& credentials);

/// Whether `listed`, a token's `public_portion`, names the token `own`, either in full or as a bare alias.
[[nodiscard]] bool is_own_token(std::string_view own, std::string_view listed);

}  // namespace exporter::datadog

// Reads one page of `GET /api/v2/personal_access_tokens` with RapidJSON's SAX reader, in place, without a
// tree.
//
// Lenient where the API is: nothing is required but the `data` array, unknown members are skipped at every
// level, a bad field costs that field, a bad token costs that token.
#pragma once

#include "datadog/error.h"
#include "datadog/page.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// Called for each token while the page is being parsed. The token's texts live in the parsed buffer, its
/// `scopes` only until the call returns.
using TokenHandler = std::function<void(const Token&)>;

/// Parses `body` in place: the buffer is overwritten and afterwards backs the texts of the tokens handed on.
/// `body` must end with a NUL character, which is not part of the JSON text.
///
/// An error is the page's (`not_json`, `bad_page`); tokens handed on before it was found must then be thrown
/// away. Reading ends at the first thing too many: at the 1,001st row, the 100,001st scope, or the 65th level
/// of nesting (`bad_page`).
[[nodiscard]] Result<PageFacts> parse_page(std::vector<char>& body, const TokenHandler& on_token);

/// Parses `page.body` into `page`: its tokens, their scopes and its facts.
[[nodiscard]] Result<void> parse_into(Page& page);

/// The API's own words out of an error's body (`{"errors": [...]}` in its several shapes), or the beginning
/// of a text body, made fit by `one_line`; empty where there are none.
[[nodiscard]] std::string error_text(std::string_view body);

/// Untrusted words as one line of printable ASCII, cut after 200 bytes: `?` and blanks stand for the rest.
[[nodiscard]] std::string one_line(std::string_view untrusted);

}  // namespace exporter::datadog

// One page of the listing, self-contained: it owns the text that its tokens point into.
//
// Read with RapidJSON's SAX reader, in place, without a tree. Lenient where the API is: nothing is required
// but the `data` array, unknown members are skipped at every level, a bad field costs that field, a bad token
// costs that token. page_table.h has the fields.
#pragma once

#include "datadog/answer_memory.h"
#include "datadog/error.h"
#include "datadog/token.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::datadog {

/// `X-RateLimit-*` headers of one answer. Absent or unreadable ones are nullopt.
struct RateLimit {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<std::chrono::seconds> period;
    std::optional<std::chrono::seconds> reset;  ///< seconds from the answer on, not an epoch
};

/// What a page says beside its tokens.
struct PageFacts {
    std::size_t elements = 0;                           ///< of the `data` array, unreadable ones included
    std::optional<std::uint64_t> total_filtered_count;  ///< of the whole listing
    FieldCounts unparsed{};
};

/// A page that was read whole. Move-only: its tokens point into `body` and `scope_texts`.
struct Page {
    PageFacts facts;
    std::vector<Token> tokens;
    /// A moment by Datadog's clock that is not after the request was sent: the answer's `Date` header (whole
    /// seconds) less the time that the exchange took. What was created later may be missing from the page.
    std::optional<base::Timestamp> asked_at;
    /// The answer's `Date` header: when it went out by Datadog's clock, in whole seconds.
    std::optional<base::Timestamp> answered_at;

    std::vector<char> body;                     ///< backs the tokens' texts
    std::vector<std::string_view> scope_texts;  ///< backs the tokens' scopes
    AnswerMemory::Share memory;                 ///< pays for all of them

    /// What they take, in bytes.
    [[nodiscard]] std::size_t bytes() const {
        return body.capacity() + scope_texts.capacity() * sizeof(std::string_view) +
               tokens.capacity() * sizeof(Token);
    }
};

/// What one exchange cost and brought, whether it succeeded or not.
struct Exchange {
    bool made = true;  ///< false: there was no time for it
    int status = 0;    ///< 0 when no answer came
    std::chrono::duration<double> duration{0};
    std::uint64_t body_bytes = 0;  ///< after decompression
    RateLimit rate_limit;
};

struct Answer {
    Exchange exchange;
    Result<Page> page;
};

/// How deep objects and arrays of an answer may be nested. The API's own pages have six levels.
inline constexpr std::size_t most_levels = 64;
/// A page may have so many, readable or not. A body of the smallest elements would otherwise take a hundred
/// times the memory that it has bytes on the wire. Datadog sends 100 tokens at most, of some hundred scopes;
/// a server that ignores the page's size is still read up to ten times that.
inline constexpr std::size_t most_rows = 1000;
inline constexpr std::size_t most_scopes = 100'000;

/// Reads the page out of its `body`, which is overwritten and must end with a NUL character that is not part
/// of the JSON text.
///
/// @return an error of kind `not_json` or `bad_page`. Reading ends at the first thing too many: at the
/// 1,001st row, the 100,001st scope, or the 65th level of nesting (`bad_page`)
[[nodiscard]] Result<void> parse_page(Page& page);

/// The API's own words out of an error's body (`{"errors": [...]}` in its several shapes), or the beginning
/// of a text body, made fit by `one_line`; empty where there are none.
[[nodiscard]] std::string error_text(std::string_view body);

}  // namespace exporter::datadog

// One page of the listing, self-contained: it owns the text that its tokens point into.
#pragma once

#include "datadog/answer_memory.h"
#include "datadog/token.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
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
    Page() = default;
    Page(const Page&) = delete;
    Page& operator=(const Page&) = delete;
    Page(Page&&) noexcept = default;
    Page& operator=(Page&&) noexcept = default;
    ~Page() = default;

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

}  // namespace exporter::datadog

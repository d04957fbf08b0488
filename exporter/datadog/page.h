// One self-contained page of the listing, which owns the text that its tokens point into.
//
// Read with RapidJSON's SAX reader, in place, without a tree. Lenient like the API: only the `data` array is
// required, unknown members are skipped at every level, a bad field invalidates only that field, and a bad
// token only that token. page_table.h lists the fields.
#pragma once

#include "datadog/error.h"
#include "datadog/token.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::datadog {

/// `X-RateLimit-*` headers of one answer. Absent or unreadable values are nullopt.
struct RateLimit {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> remaining;
    std::optional<std::chrono::seconds> period;
    std::optional<std::chrono::seconds> reset;  ///< seconds after the answer, not an epoch
};

/// A page's contents besides its tokens.
struct PageFacts {
    std::size_t elements = 0;                           ///< in the `data` array, including unreadable ones
    std::optional<std::uint64_t> total_filtered_count;  ///< for the whole listing
    FieldCounts unparsed{};
};

/// Limits the total memory of all answers, however many organizations send large ones at once.
///
/// Each answer has `ordinary` bytes to itself; the rest comes from one pool for the whole program, of which
/// one organization may use half. Nothing waits for the pool: if it is empty, the request fails and is
/// retried slightly later, so a server that prolongs its large answers doesn't block other organizations'
/// ordinary ones. Thread-safe.
class AnswerMemory {
  public:
    /// A page of 100 tokens takes 60 to 100 kB.
    static constexpr std::size_t ordinary = std::size_t{256} << 10;
    static constexpr std::size_t default_pool = std::size_t{20} << 20;

    explicit AnswerMemory(std::size_t pool = default_pool) : left_(pool), size_(pool) {}
    /// One organization's share of `pool`: half of it, which is enough for the largest page.
    explicit AnswerMemory(std::shared_ptr<AnswerMemory> pool)
        : left_(pool->size_ / 2), size_(pool->size_ / 2), pool_(std::move(pool)) {}

    /// The memory taken by one answer; returned on destruction.
    class Share {
      public:
        Share() = default;
        explicit Share(std::shared_ptr<AnswerMemory> memory) : memory_(std::move(memory)) {}
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        Share(Share&& other) noexcept
            : memory_(std::move(other.memory_)), taken_(std::exchange(other.taken_, 0)) {}
        Share& operator=(Share&& other) noexcept {
            std::swap(memory_, other.memory_);
            std::swap(taken_, other.taken_);
            return *this;
        }
        ~Share() {
            if (memory_) {
                memory_->give_back(taken_);
            }
        }

        /// Changes the answer's total to `bytes`. False: there is not enough room, and the total is
        /// unchanged.
        [[nodiscard]] bool grow_to(std::size_t bytes) {
            if (!memory_ || bytes <= ordinary + taken_) {
                return true;
            }
            const std::size_t more = bytes - ordinary - taken_;
            const bool there_is_room = memory_->take(more);
            taken_ += there_is_room ? more : 0;
            return there_is_room;
        }

      private:
        std::shared_ptr<AnswerMemory> memory_;  ///< null: not limited
        std::size_t taken_ = 0;                 ///< from the pool
    };

  private:
    [[nodiscard]] bool take(std::size_t bytes) {
        std::size_t left = left_.load();
        do {
            if (left < bytes) {
                return false;
            }
        } while (!left_.compare_exchange_weak(left, left - bytes));
        const bool taken = !pool_ || pool_->take(bytes);
        left_ += taken ? 0 : bytes;
        return taken;
    }

    void give_back(std::size_t bytes) {
        left_ += bytes;
        if (pool_) {
            pool_->give_back(bytes);
        }
    }

    std::atomic<std::size_t> left_;
    const std::size_t size_;
    const std::shared_ptr<AnswerMemory> pool_;  ///< the pool that this is a share of; null: none
};

/// A completely read page. Move-only: its tokens point into `body` and `scope_texts`.
struct Page {
    PageFacts facts;
    std::vector<Token> tokens;
    /// A time by Datadog's clock no later than the request: the answer's `Date` header (whole seconds) minus
    /// the duration of the exchange. Anything created later may be missing from the page.
    std::optional<base::Timestamp> asked_at;
    /// The answer's `Date` header: when it was sent by Datadog's clock, in whole seconds.
    std::optional<base::Timestamp> answered_at;

    std::vector<char> body;                     ///< holds the tokens' texts
    std::vector<std::string_view> scope_texts;  ///< holds the tokens' scopes
    AnswerMemory::Share memory;                 ///< accounts for all of them

    /// Total size of these members, in bytes.
    [[nodiscard]] std::size_t bytes() const {
        return body.capacity() + scope_texts.capacity() * sizeof(std::string_view) +
               tokens.capacity() * sizeof(Token);
    }
};

/// Cost and result of one exchange, successful or not.
struct Exchange {
    bool made = true;  ///< false: there was no time for a request
    int status = 0;    ///< 0 if there was no answer
    std::chrono::duration<double> duration{0};
    std::uint64_t body_bytes = 0;  ///< after decompression
    RateLimit rate_limit;
};

struct Answer {
    Exchange exchange;
    Result<Page> page;
};

/// Maximum nesting of objects and arrays in an answer. The API's own pages have six levels.
inline constexpr std::size_t most_levels = 64;
/// Maximum per page, readable or not. Otherwise a body of the smallest elements would take a hundred times
/// its size in memory. Datadog sends at most 100 tokens with some hundred scopes each; a server that ignores
/// the page size may send ten times that.
inline constexpr std::size_t most_rows = 1000;
inline constexpr std::size_t most_scopes = 100'000;

/// Reads the page from its `body`, which is overwritten and must end with a NUL character that is not part of
/// the JSON text.
///
/// @return an error of kind `not_json` or `bad_page`. Reading stops at the first excess: the 1,001st row, the
/// 100,001st scope, or the 65th level of nesting (`bad_page`)
[[nodiscard]] Result<void> parse_page(Page& page);

/// The API's own words from an error's body (`{"errors": [...]}` in its several shapes), or the beginning of
/// a text body, cleaned by `one_line`; empty if there are none.
[[nodiscard]] std::string error_text(std::string_view body);

}  // namespace exporter::datadog

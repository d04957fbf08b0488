#include "datadog/page.h"

#include "base/text.h"
#include "datadog/page_table.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace exporter::datadog {

namespace {

/// Finds the values of the table's rows among RapidJSON's events, after which its public functions are named.
class PageHandler : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, PageHandler> {
  public:
    explicit PageHandler(PageDraft& draft) : draft_(draft) { look_at(Place::document); }

    bool Null() { return take({Value::Kind::null}); }
    bool Bool(bool) { return take({Value::Kind::boolean}); }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        return take({Value::Kind::number, {text, length}});
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        return take({Value::Kind::text, {text, length}});
    }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (skipped_levels_ == 0) {
            row_ = row_named({text, length});
        }
        return true;
    }
    bool StartObject() { return open(Value::Kind::object); }
    bool StartArray() { return open(Value::Kind::array); }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool EndArray(rapidjson::SizeType) { return close(); }

    [[nodiscard]] bool is_too_deep() const { return depth_ + skipped_levels_ > most_levels; }

  private:
    static bool holds_elements(Place place) { return rows_of(place).front().name.empty(); }

    // False: the reader must stop.

    bool take(const Value& value) {
        if (skipped_levels_ == 0 && row_ != nullptr) {
            row_->take(draft_, value);
        }
        return !draft_.holds_too_much();
    }

    bool open(Value::Kind kind) {
        const bool goes_on = take({kind});
        const Place inside = skipped_levels_ == 0 && row_ != nullptr ? row_->inside : Place::none;
        if (inside == Place::none || holds_elements(inside) != (kind == Value::Kind::array)) {
            ++skipped_levels_;
        } else {
            ++depth_;
            look_at(inside);
        }
        return goes_on && !is_too_deep();
    }

    bool close() {
        if (skipped_levels_ > 0) {
            --skipped_levels_;
            return true;
        }
        if (places_[depth_] == Place::token) {
            draft_.end_token();
        }
        --depth_;
        look_at(places_[depth_]);
        return true;
    }

    /// What comes next stands there.
    void look_at(Place place) {
        places_[depth_] = place;
        rows_ = rows_of(place);
        next_ = 0;
        row_ = rows_.front().name.empty() ? &rows_.front() : nullptr;
    }

    /// Members mostly come in the order of their rows.
    const Row* row_named(std::string_view name) {
        for (std::size_t tried = 0; tried < rows_.size(); ++tried) {
            const Row& row = rows_[next_];
            next_ = next_ + 1 == rows_.size() ? 0 : next_ + 1;
            if (row.name == name) {
                return &row;
            }
        }
        return nullptr;
    }

    PageDraft& draft_;
    /// Where the reader is. The deepest place that is looked into is `owner`, six levels down.
    std::array<Place, 8> places_{};
    std::size_t depth_ = 0;
    std::size_t skipped_levels_ = 0;  ///< inside containers that are not looked into
    std::span<const Row> rows_;       ///< of the place
    std::size_t next_ = 0;            ///< of the rows, to be looked at first
    const Row* row_ = nullptr;        ///< of the value to come; nullptr: it is of no interest
};

/// The code unit of `\uXXXX` at `at`; nullopt where there is none.
std::optional<unsigned> escaped_unit(std::string_view text, std::size_t at) {
    constexpr std::size_t length = 6;
    if (at + length > text.size() || text[at] != '\\' || text[at + 1] != 'u') {
        return std::nullopt;
    }
    return base::parse_number<unsigned>(text.substr(at + 2, length - 2), 16);
}

/// Writes U+FFFD over each escaped surrogate without its other half, in place. To RapidJSON a single one
/// makes the whole page unreadable, and anybody can put one into a token's name, if only by cutting an emoji
/// in two.
void replace_lone_surrogates(std::span<char> json) {
    constexpr std::string_view replacement = "\\uFFFD";
    const std::string_view text(json.data(), json.size());
    for (std::size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
        const auto unit = escaped_unit(text, at);
        if (!unit) {
            at += 2;  // Another escape, of which the second character may be a backslash.
            continue;
        }
        const auto next = escaped_unit(text, at + replacement.size());
        const bool first_half = *unit >= 0xD800 && *unit < 0xDC00;
        const bool second_half = *unit >= 0xDC00 && *unit < 0xE000;
        if (first_half && next && *next >= 0xDC00 && *next < 0xE000) {
            at += replacement.size();
        } else if (first_half || second_half) {
            std::ranges::copy(replacement, json.begin() + static_cast<std::ptrdiff_t>(at));
        }
        at += replacement.size();
    }
}

/// Reads the page's body into the draft. nullopt: all of it.
std::optional<Error> read(PageDraft& draft) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    std::span<char> json(draft.page.body.data(), draft.page.body.size() - 1);
    const std::size_t length = json.size();
    if (std::string_view(json.data(), length).starts_with(byte_order_mark)) {
        json = json.subspan(byte_order_mark.size());
    }
    replace_lone_surrogates(json);

    PageHandler handler(draft);
    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(json.data());
    // Iterative, because the recursive parser would overflow the stack on deeply nested input. It still takes
    // 8 bytes a level, so the handler bounds the levels: 32 kB of gzip that open arrays would take 297 MiB.
    // Numbers as text, so that one beyond 64 bits costs no more than its field. (One beyond a double's range
    // costs the page; but texts are what people can write into a page, not numbers.)
    constexpr unsigned flags =
        rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
    if (handler.is_too_deep()) {
        return Error{ErrorKind::bad_page, fmt::format("nesting of more than {} levels", most_levels)};
    }
    if (draft.holds_too_much()) {
        return Error{ErrorKind::bad_page,
                     fmt::format("a page of more than {} rows or {} scopes", most_rows, most_scopes)};
    }
    if (length == 0) {
        return Error{ErrorKind::not_json, "the body is empty"};
    }
    if (!parsed) {
        return Error{ErrorKind::not_json,
                     fmt::format("the body of {} bytes is not JSON at byte {}: {}", length, parsed.Offset(),
                                 rapidjson::GetParseError_En(parsed.Code()))};
    }
    // RapidJSON takes a NUL character for the end of its input.
    if (stream.Tell() < json.size()) {
        return Error{ErrorKind::not_json,
                     fmt::format("the body has a NUL character at byte {}", stream.Tell())};
    }
    return std::nullopt;
}

}  // namespace

Result<void> parse_page(Page& page) {
    PageDraft draft(page);
    if (auto error = read(draft)) {
        return tl::unexpected(*std::move(error));
    }
    if (draft.has_errors) {
        return tl::unexpected(Error{ErrorKind::bad_page, fmt::format("the answer is a 200 with errors: {}",
                                                                     one_line(draft.error_words))});
    }
    if (!draft.has_data) {
        return tl::unexpected(Error{ErrorKind::bad_page, "the answer has no `data` array"});
    }
    // Only now do the scope texts stay where they are.
    const std::string_view* next = page.scope_texts.data();
    for (Token& token : page.tokens) {
        token.scopes = {next, token.scopes.size()};
        next += token.scopes.size();
    }
    return {};
}

std::string error_text(std::string_view body) {
    constexpr std::size_t longest = std::size_t{64} << 10;  // Error bodies are small.
    body = body.substr(0, longest);
    if (base::trim(body).starts_with('<')) {
        return "an HTML page";
    }
    Page page;
    page.body.assign(body.begin(), body.end());
    page.body.push_back('\0');
    PageDraft draft(page);
    return read(draft) ? one_line(body) : one_line(draft.error_words);
}

}  // namespace exporter::datadog

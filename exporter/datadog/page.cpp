#include "datadog/page.h"

#include "base/text.h"
#include "datadog/json.h"
#include "datadog/page_table.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

namespace exporter::datadog {

namespace {

/// Matches RapidJSON's events with the table's rows; its public functions are named after the events.
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

    /// Why the reader was stopped.
    [[nodiscard]] std::optional<Error> refusal() const {
        if (is_too_deep()) {
            return too_deep();
        }
        if (draft_.holds_too_much()) {
            return Error{ErrorKind::bad_page,
                         fmt::format("a page of more than {} rows or {} scopes", most_rows, most_scopes)};
        }
        return std::nullopt;
    }

  private:
    [[nodiscard]] bool is_too_deep() const { return depth_ + skipped_levels_ > most_levels; }

    static bool holds_elements(Place place) { return rows_of(place).front().name.empty(); }

    // Returning false stops the reader.

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

    /// Where the next value belongs.
    void look_at(Place place) {
        places_[depth_] = place;
        rows_ = rows_of(place);
        next_ = 0;
        row_ = rows_.front().name.empty() ? &rows_.front() : nullptr;
    }

    /// Members usually come in the order of their rows.
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
    /// The current path. The deepest place of interest is `owner`, six levels down.
    std::array<Place, 8> places_{};
    std::size_t depth_ = 0;
    std::size_t skipped_levels_ = 0;  ///< depth inside skipped containers
    std::span<const Row> rows_;       ///< rows of the current place
    std::size_t next_ = 0;            ///< index of the row to try first
    const Row* row_ = nullptr;        ///< row of the next value; nullptr: the value is skipped
};

/// Reads the page's body into the draft. nullopt: all of it was read.
std::optional<Error> read(PageDraft& draft) {
    PageHandler handler(draft);
    return read_json(draft.page.body, handler);
}

}  // namespace

Result<void> parse_page(Page& page) {
    PageDraft draft(page);
    if (auto error = read(draft)) {
        return tl::unexpected(*std::move(error));
    }
    if (draft.has_errors) {
        return tl::unexpected(Error{
            ErrorKind::bad_page,
            fmt::format("the answer has status 200 but holds errors: {}", one_line(draft.error_words))});
    }
    if (!draft.has_data) {
        return tl::unexpected(Error{ErrorKind::bad_page, "the answer has no `data` array"});
    }
    // The scope texts don't move after this point.
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

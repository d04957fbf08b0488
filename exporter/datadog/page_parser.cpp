#include "datadog/page_parser.h"

#include "datadog/page_structure.h"
#include "datadog/surrogates.h"
#include "datadog/token_fields.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace exporter::datadog {

namespace {

/// A whole number that isn't negative, also when it is written as a float (`12.0`, `1e2`).
std::optional<std::uint64_t> whole_number(std::string_view text) {
    std::uint64_t whole = 0;
    const char* const end = text.data() + text.size();
    if (const auto [stop, error] = std::from_chars(text.data(), end, whole);
        error == std::errc() && stop == end) {
        return whole;
    }
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    constexpr double exact_limit =
        9007199254740992.0;  // 2^53: beyond it a double no longer tells whole numbers apart
    if (error != std::errc() || stop != end || number < 0 || number > exact_limit ||
        std::trunc(number) != number) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(number);
}

/// What a page may hold. A body of the smallest elements would otherwise take a hundred times the memory that
/// it has bytes on the wire. Datadog sends 100 tokens at most, of some hundred scopes; a server that ignores
/// the page's size is still read up to ten times that.
constexpr std::size_t most_rows = 1000;
constexpr std::size_t most_scopes = 100'000;

/// RapidJSON's events, turned into tokens. The names of the public functions are RapidJSON's.
class PageHandler {
  public:
    explicit PageHandler(const TokenHandler& on_token) : on_token_(on_token) {}

    bool Null() { return scalar({Scalar::Kind::null, {}}); }
    bool Bool(bool) { return scalar({Scalar::Kind::boolean, {}}); }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        return scalar({Scalar::Kind::number, {text, length}});
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        return scalar({Scalar::Kind::text, {text, length}});
    }
    // Never called: all numbers come as text.
    bool Int(int) { return true; }
    bool Uint(unsigned) { return true; }
    bool Int64(std::int64_t) { return true; }
    bool Uint64(std::uint64_t) { return true; }
    bool Double(double) { return true; }

    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (skipped_levels_ == 0) {
            member_ = member_named({text, length});
        }
        return true;
    }
    bool StartObject() { return enter(&PageHandler::place_of_object, TokenFields::Shape::object); }
    bool StartArray() { return enter(&PageHandler::place_of_array, TokenFields::Shape::array); }
    bool EndObject(rapidjson::SizeType) {
        leave();
        return true;
    }
    bool EndArray(rapidjson::SizeType) {
        leave();
        return true;
    }

    /// What the page has too much of; empty: nothing. The reader is told to go no further then.
    [[nodiscard]] std::string excess() const {
        if (is_too_deep()) {
            return fmt::format("nesting of more than {} levels", most_levels);
        }
        return holds_too_much()
                   ? fmt::format("a page of more than {} rows or {} scopes", most_rows, most_scopes)
                   : std::string();
    }
    [[nodiscard]] bool has_data() const { return has_data_; }
    [[nodiscard]] bool has_errors() const { return has_errors_; }
    [[nodiscard]] std::string_view first_error() const { return first_error_; }
    [[nodiscard]] PageFacts& facts() { return facts_; }

  private:
    [[nodiscard]] bool is_too_deep() const { return depth_ + skipped_levels_ > most_levels; }
    [[nodiscard]] bool holds_too_much() const { return facts_.elements > most_rows || scopes_ > most_scopes; }
    [[nodiscard]] Place place() const { return depth_ == 0 ? Place::document : places_[depth_ - 1]; }

    /// False: the reader must stop.
    bool enter(std::optional<Place> (PageHandler::*place_of)(), TokenFields::Shape shape) {
        if (skipped_levels_ > 0) {
            ++skipped_levels_;
        } else {
            look_into(place_of, shape);
        }
        return !is_too_deep() && !holds_too_much();
    }

    /// `place_of` notes what it finds, so it must not be asked about what is skipped.
    void look_into(std::optional<Place> (PageHandler::*place_of)(), TokenFields::Shape shape) {
        const std::optional<Place> inner = (this->*place_of)();
        if (!inner) {
            unreadable_container(shape);
            ++skipped_levels_;
            return;
        }
        places_[depth_++] = *inner;
        switch (*inner) {
            case Place::token:
                token_.begin();
                break;
            case Place::scopes:
                token_.begin_scopes();
                break;
            case Place::owner:
                token_.begin_owner();
                break;
            default:
                break;
        }
    }

    void leave() {
        if (skipped_levels_ > 0) {
            --skipped_levels_;
            return;
        }
        if (place() == Place::token) {
            if (const Token* token = token_.end()) {
                on_token_(*token);
            }
        }
        --depth_;
        member_ = Member::none;
    }

    std::optional<Place> place_of_object() {
        switch (place()) {
            case Place::document:
                return Place::root;
            case Place::root:
                return member_ == Member::meta ? std::optional(Place::meta) : std::nullopt;
            case Place::meta:
                return member_ == Member::page ? std::optional(Place::page) : std::nullopt;
            case Place::data:
                ++facts_.elements;
                return Place::token;
            case Place::token:
                if (member_ == Member::attributes) {
                    return Place::attributes;
                }
                return member_ == Member::relationships ? std::optional(Place::relationships) : std::nullopt;
            case Place::relationships:
                if (member_ == Member::owned_by) {
                    return Place::owned_by;
                }
                return member_ == Member::leak_information ? std::optional(Place::leak_information)
                                                           : std::nullopt;
            case Place::owned_by:
                return member_ == Member::data ? std::optional(Place::owner) : std::nullopt;
            case Place::errors:
                has_errors_ = true;
                return Place::error;
            default:
                return std::nullopt;
        }
    }

    std::optional<Place> place_of_array() {
        switch (place()) {
            case Place::root:
                if (member_ == Member::data) {
                    has_data_ = true;
                    return Place::data;
                }
                return member_ == Member::errors ? std::optional(Place::errors) : std::nullopt;
            case Place::attributes:
                return member_ == Member::scopes ? std::optional(Place::scopes) : std::nullopt;
            default:
                return std::nullopt;
        }
    }

    /// An object or array where it is not looked into: unknown and of no interest, or in the place of a known
    /// field.
    void unreadable_container(TokenFields::Shape shape) {
        switch (place()) {
            case Place::root:
                has_errors_ = has_errors_ || member_ == Member::errors;
                break;
            case Place::data:
                unreadable_element();
                break;
            case Place::page:
                if (member_ == Member::total_filtered_count) {
                    count(Field::total_filtered_count);
                }
                break;
            case Place::document:
            case Place::meta:
            case Place::errors:
            case Place::error:
                break;
            default:
                token_.container(place(), member_, shape);
                break;
        }
    }

    bool scalar(const Scalar& value) {
        if (skipped_levels_ > 0) {
            return true;
        }
        switch (place()) {
            case Place::document:
            case Place::meta:
                break;
            case Place::root:
                root_member(value);
                break;
            case Place::data:
                unreadable_element();
                break;
            case Place::page:
                page_member(value);
                break;
            case Place::errors:
                has_errors_ = true;
                note_error(value);
                break;
            case Place::error:
                if (member_ == Member::title || member_ == Member::detail) {
                    note_error(value);
                }
                break;
            case Place::scopes:
                ++scopes_;
                [[fallthrough]];
            default:
                token_.scalar(place(), member_, value);
                break;
        }
        return !holds_too_much();
    }

    void unreadable_element() {
        ++facts_.elements;
        count(Field::token);
    }

    void root_member(const Scalar& value) {
        if (member_ == Member::errors && value.is_text()) {
            has_errors_ = true;
            note_error(value);
        }
    }

    void page_member(const Scalar& value) {
        if (member_ != Member::total_filtered_count || value.is_null()) {
            return;
        }
        facts_.total_filtered_count =
            value.kind == Scalar::Kind::number ? whole_number(value.text) : std::optional<std::uint64_t>();
        if (!facts_.total_filtered_count) {
            count(Field::total_filtered_count);
        }
    }

    void note_error(const Scalar& value) {
        if (first_error_.empty() && value.is_text()) {
            first_error_ = value.text;
        }
    }

    void count(Field field) { ++facts_.unparsed[static_cast<std::size_t>(field)]; }

    const TokenHandler& on_token_;
    PageFacts facts_;
    std::size_t scopes_ = 0;  ///< of all tokens
    bool has_data_ = false;
    bool has_errors_ = false;
    std::string_view first_error_;

    /// Where the reader is. The deepest place that is looked into is `owner`, six levels down.
    std::array<Place, 8> places_{};
    std::size_t depth_ = 0;
    std::size_t skipped_levels_ = 0;  ///< inside containers that are not looked into
    Member member_ = Member::none;    ///< of the innermost object that is looked into

    TokenFields token_{facts_.unparsed};
};

Error page_error(ErrorKind kind, std::string message) {
    return {kind, std::move(message), std::nullopt};
}

}  // namespace

Result<PageFacts> parse_page(std::vector<char>& body, const TokenHandler& on_token) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    const std::size_t length = body.size() - 1;
    const bool marked = std::string_view(body.data(), length).starts_with(byte_order_mark);
    char* const begin = body.data() + (marked ? byte_order_mark.size() : 0);

    replace_lone_surrogates(begin, length - static_cast<std::size_t>(begin - body.data()));

    PageHandler handler(on_token);
    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(begin);
    // Iterative, because the recursive parser would overflow the stack on deeply nested input. It still takes
    // 8 bytes a level, so the handler bounds the levels: 32 kB of gzip that open arrays would take 297 MiB.
    // Numbers as text, so that one beyond 64 bits costs no more than its field. (One beyond a double's range
    // costs the page; but texts are what people can write into a page, not numbers.)
    constexpr unsigned flags =
        rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
    if (std::string excess = handler.excess(); !excess.empty()) {
        return tl::unexpected(page_error(ErrorKind::bad_page, std::move(excess)));
    }
    if (!parsed) {
        return tl::unexpected(page_error(
            ErrorKind::not_json,
            length == 0 ? "the body is empty"
                        : fmt::format("the body of {} bytes is not JSON at byte {}: {}", length,
                                      parsed.Offset(), rapidjson::GetParseError_En(parsed.Code()))));
    }
    // RapidJSON takes a NUL character for the end of its input.
    if (begin + stream.Tell() < body.data() + length) {
        return tl::unexpected(page_error(
            ErrorKind::not_json, fmt::format("the body has a NUL character at byte {}", stream.Tell())));
    }
    if (handler.has_errors()) {
        return tl::unexpected(
            page_error(ErrorKind::bad_page,
                       fmt::format("the answer is a 200 with errors: {}", one_line(handler.first_error()))));
    }
    if (!handler.has_data()) {
        return tl::unexpected(page_error(ErrorKind::bad_page, "the answer has no `data` array"));
    }
    return std::move(handler.facts());
}

/// Makes room as a vector does by itself, but for no more elements than there can be.
template <class Element>
void make_room(std::vector<Element>& elements, std::size_t size, std::size_t most) {
    if (size > elements.capacity()) {
        elements.reserve(std::max(size, std::min(2 * elements.capacity(), most)));
    }
}

Result<void> parse_into(Page& page) {
    page.tokens.clear();
    page.scope_texts.clear();
    auto facts = parse_page(page.body, [&page](const Token& token) {
        make_room(page.tokens, page.tokens.size() + 1, most_rows);
        make_room(page.scope_texts, page.scope_texts.size() + token.scopes.size(), most_scopes);
        page.tokens.push_back(token);
        page.scope_texts.insert(page.scope_texts.end(), token.scopes.begin(), token.scopes.end());
    });
    if (!facts) {
        return tl::unexpected(std::move(facts).error());
    }
    page.facts = *facts;
    // Only now do the scope texts stay where they are.
    const std::string_view* next = page.scope_texts.data();
    for (Token& token : page.tokens) {
        const std::size_t count = token.scopes.size();
        token.scopes = {next, count};
        next += count;
    }
    return {};
}

}  // namespace exporter::datadog

#include "datadog/page_parser.h"

#include "datadog/rfc3339.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

namespace exporter::datadog {

namespace {

/// The containers of a page that are looked into. Everything else is skipped, however deep.
enum class Place : std::uint8_t {
    document,
    root,
    data,
    token,
    attributes,
    scopes,
    relationships,
    owned_by,
    owner,
    leak_information,
    meta,
    page,
    errors,
    error,
};

/// The members that are looked at, wherever they are.
enum class Member : std::uint8_t {
    none,
    attributes,
    created_at,
    data,
    detail,
    errors,
    expires_at,
    id,
    last_used_at,
    leak_information,
    meta,
    modified_at,
    name,
    owned_by,
    page,
    public_portion,
    relationships,
    scopes,
    title,
    total_filtered_count,
    type,
};

Member member_named(std::string_view name) {
    static constexpr std::pair<std::string_view, Member> members[] = {
        {"attributes", Member::attributes},
        {"created_at", Member::created_at},
        {"data", Member::data},
        {"detail", Member::detail},
        {"errors", Member::errors},
        {"expires_at", Member::expires_at},
        {"id", Member::id},
        {"last_used_at", Member::last_used_at},
        {"leak_information", Member::leak_information},
        {"meta", Member::meta},
        {"modified_at", Member::modified_at},
        {"name", Member::name},
        {"owned_by", Member::owned_by},
        {"page", Member::page},
        {"public_portion", Member::public_portion},
        {"relationships", Member::relationships},
        {"scopes", Member::scopes},
        {"title", Member::title},
        {"total_filtered_count", Member::total_filtered_count},
        {"type", Member::type},
    };
    for (const auto& [text, member] : members) {
        if (text == name) {
            return member;
        }
    }
    return Member::none;
}

TokenType token_type(std::string_view type) {
    if (type == "personal_access_tokens") {
        return TokenType::personal;
    }
    return type == "service_access_tokens" ? TokenType::service : TokenType::other;
}

/// Datadog writes `users` in the plural and `service_account` in the singular; either number is taken for
/// both.
OwnerType owner_type(std::string_view type) {
    if (type == "users" || type == "user") {
        return OwnerType::user;
    }
    return type == "service_account" || type == "service_accounts" ? OwnerType::service_account
                                                                   : OwnerType::other;
}

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

/// A value that is no container.
struct Scalar {
    enum class Kind : std::uint8_t { null, boolean, number, text };
    Kind kind = Kind::null;
    std::string_view text;  ///< of a text or a number

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_text() const { return kind == Kind::text; }
};

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
    // Never called: all numbers come as text, since out-of-range ones must not cost more than their field.
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
    bool StartObject() {
        enter(&PageHandler::place_of_object);
        return true;
    }
    bool StartArray() {
        enter(&PageHandler::place_of_array);
        return true;
    }
    bool EndObject(rapidjson::SizeType) {
        leave();
        return true;
    }
    bool EndArray(rapidjson::SizeType) {
        leave();
        return true;
    }

    [[nodiscard]] bool has_data() const { return has_data_; }
    [[nodiscard]] bool has_errors() const { return has_errors_; }
    [[nodiscard]] std::string_view first_error() const { return first_error_; }
    [[nodiscard]] PageFacts& facts() { return facts_; }

  private:
    [[nodiscard]] Place place() const { return depth_ == 0 ? Place::document : places_[depth_ - 1]; }

    /// `place_of` notes what it finds, so it must not be asked about what is skipped.
    void enter(std::optional<Place> (PageHandler::*place_of)()) {
        if (skipped_levels_ > 0) {
            ++skipped_levels_;
            return;
        }
        const std::optional<Place> inner = (this->*place_of)();
        if (!inner) {
            unreadable_container();
            ++skipped_levels_;
            return;
        }
        places_[depth_++] = *inner;
        if (*inner == Place::token) {
            begin_token();
        } else if (*inner == Place::scopes) {
            scopes_.clear();
        }
    }

    void leave() {
        if (skipped_levels_ > 0) {
            --skipped_levels_;
            return;
        }
        if (place() == Place::token) {
            end_token();
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
                if (member_ != Member::data) {
                    return std::nullopt;
                }
                token_.owner_type = OwnerType::other;  // there is an owner, of a type still to be told
                return Place::owner;
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
    void unreadable_container() {
        switch (place()) {
            case Place::root:
                has_errors_ = has_errors_ || member_ == Member::errors;
                break;
            case Place::data:
                ++facts_.elements;
                count(Field::token);
                break;
            case Place::leak_information:
                if (member_ == Member::data) {
                    token_.leak = Leak::leaked;
                }
                break;
            case Place::scopes:
                token_.scopes_readable = false;
                break;
            default:
                unreadable_member();
                break;
        }
    }

    bool scalar(const Scalar& value) {
        if (skipped_levels_ > 0) {
            return true;
        }
        switch (place()) {
            case Place::document:
                break;
            case Place::root:
                root_member(value);
                break;
            case Place::data:
                ++facts_.elements;
                count(Field::token);
                break;
            case Place::token:
                token_member(value);
                break;
            case Place::attributes:
                attribute(value);
                break;
            case Place::scopes:
                scope(value);
                break;
            case Place::relationships:
                if (!value.is_null()) {
                    unreadable_member();
                }
                break;
            case Place::owned_by:
                if (member_ == Member::data && !value.is_null()) {
                    count(Field::owned_by);
                }
                break;
            case Place::owner:
                owner_member(value);
                break;
            case Place::leak_information:
                leak_member(value);
                break;
            case Place::meta:
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
        }
        return true;
    }

    void root_member(const Scalar& value) {
        if (member_ == Member::errors && value.is_text()) {
            has_errors_ = true;
            note_error(value);
        }
    }

    void token_member(const Scalar& value) {
        if (member_ == Member::id) {
            token_.id = value.is_text() ? value.text : std::string_view();
        } else if (member_ == Member::type) {
            if (value.is_text()) {
                token_.type = token_type(value.text);
            } else if (!value.is_null()) {
                count(Field::type);
            }
        }
    }

    void attribute(const Scalar& value) {
        switch (member_) {
            case Member::name:
                text(value, token_.name, Field::name);
                break;
            case Member::public_portion:
                text(value, token_.public_portion, Field::public_portion);
                break;
            case Member::created_at:
                date(value, token_.created_at, Field::created_at);
                break;
            case Member::expires_at:
                date(value, token_.expires_at, Field::expires_at);
                break;
            case Member::last_used_at:
                date(value, token_.last_used_at, Field::last_used_at);
                break;
            case Member::modified_at:
                date(value, token_.modified_at, Field::modified_at);
                break;
            case Member::scopes:
                if (!value.is_null()) {
                    token_.scopes_readable = false;
                }
                break;
            default:
                break;
        }
    }

    void scope(const Scalar& value) {
        if (value.is_text() && !value.text.empty()) {
            scopes_.push_back(value.text);
        } else {
            token_.scopes_readable = false;
        }
    }

    void owner_member(const Scalar& value) {
        if (member_ == Member::id) {
            text(value, token_.owner_id, Field::owned_by);
        } else if (member_ == Member::type) {
            if (value.is_text()) {
                token_.owner_type = owner_type(value.text);
            } else if (!value.is_null()) {
                count(Field::owned_by);
            }
        }
    }

    void leak_member(const Scalar& value) {
        if (member_ != Member::data) {
            return;
        }
        if (value.is_null()) {
            token_.leak = Leak::none;
        } else {
            count(Field::leak_information);
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

    /// The current member is known, but what stands there is of the wrong kind.
    void unreadable_member() {
        switch (member_) {
            case Member::type:
                count(place() == Place::owner ? Field::owned_by : Field::type);
                break;
            case Member::name:
                count(Field::name);
                break;
            case Member::public_portion:
                count(Field::public_portion);
                break;
            case Member::scopes:
                token_.scopes_readable = false;
                break;
            case Member::created_at:
                unreadable_date(token_.created_at, Field::created_at);
                break;
            case Member::expires_at:
                unreadable_date(token_.expires_at, Field::expires_at);
                break;
            case Member::last_used_at:
                unreadable_date(token_.last_used_at, Field::last_used_at);
                break;
            case Member::modified_at:
                unreadable_date(token_.modified_at, Field::modified_at);
                break;
            case Member::owned_by:
                count(Field::owned_by);
                break;
            case Member::data:
            case Member::id:
                if (place() == Place::owned_by || place() == Place::owner) {
                    count(Field::owned_by);
                }
                break;
            case Member::leak_information:
                count(Field::leak_information);
                break;
            case Member::total_filtered_count:
                count(Field::total_filtered_count);
                break;
            default:
                break;
        }
    }

    void text(const Scalar& value, std::string_view& target, Field field) {
        if (value.is_text()) {
            target = value.text;
        } else if (!value.is_null()) {
            count(field);
        }
    }

    void date(const Scalar& value, Date& target, Field field) {
        if (value.is_null()) {
            target = Date::none();
            return;
        }
        const auto moment = value.is_text() ? parse_rfc3339(value.text) : std::nullopt;
        if (moment) {
            target = Date::at(*moment);
        } else {
            unreadable_date(target, field);
        }
    }

    void unreadable_date(Date& target, Field field) {
        target = Date::unreadable();
        count(field);
    }

    void begin_token() {
        token_ = Token{};
        scopes_.clear();
    }

    void end_token() {
        if (!token_.scopes_readable) {
            count(Field::scopes);
        }
        if (token_.id.empty()) {
            count(Field::token);
            return;
        }
        token_.scopes = scopes_;
        on_token_(token_);
    }

    void count(Field field) { ++facts_.unparsed[static_cast<std::size_t>(field)]; }

    const TokenHandler& on_token_;
    PageFacts facts_;
    bool has_data_ = false;
    bool has_errors_ = false;
    std::string_view first_error_;

    /// Where the reader is. The deepest place that is looked into is `owner`, six levels down.
    std::array<Place, 8> places_{};
    std::size_t depth_ = 0;
    std::size_t skipped_levels_ = 0;  ///< inside containers that are not looked into
    Member member_ = Member::none;    ///< of the innermost object that is looked into

    Token token_;
    std::vector<std::string_view> scopes_;
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

    PageHandler handler(on_token);
    rapidjson::Reader reader;
    rapidjson::InsituStringStream stream(begin);
    // Iterative, because the recursive parser overflows the stack on deeply nested input; numbers as text, so
    // that one out of range costs no more than its field.
    constexpr unsigned flags =
        rapidjson::kParseInsituFlag | rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult parsed = reader.Parse<flags>(stream, handler);
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

Result<void> parse_into(Page& page) {
    page.tokens.clear();
    page.scope_texts.clear();
    auto facts = parse_page(page.body, [&page](const Token& token) {
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

#include "datadog/page_table.h"

#include "base/dates.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <system_error>
#include <vector>

namespace exporter::datadog {

namespace {

void take_nothing(PageDraft& /*draft*/, const Value& /*value*/) {}

/// An object with the fields in `place`. If it is something else, none of them can be read.
template <Place place>
void take_fields(PageDraft& draft, const Value& value) {
    if (!value.is_null() && !value.is_object()) {
        for (const Row& row : rows_of(place)) {
            row.take(draft, Value{Value::Kind::boolean});
        }
    }
}

/// nullopt: null, or anything except a string, which is counted as unreadable.
std::optional<std::string_view> text_of(const PageDraft& draft, const Value& value, Field field) {
    if (!value.is_null() && !value.is_text()) {
        draft.count(field);
    }
    return value.is_text() ? std::optional(value.text) : std::nullopt;
}

template <std::string_view Token::* member, Field field>
void take_text(PageDraft& draft, const Value& value) {
    if (const auto text = text_of(draft, value, field)) {
        draft.token().*member = *text;
    }
}

/// What programs write for "no date": their zero time. For Go, .NET and Java it is in year 1, and an offset
/// may shift it into the last hours of year 0; for C it is the epoch. Other impossible dates are left
/// unchanged.
bool is_placeholder(base::Timestamp moment) {
    constexpr base::Timestamp year_two = std::chrono::sys_days(std::chrono::year(2) / 1 / 1);
    constexpr base::Timestamp epoch{};
    return moment < year_two || moment == epoch;
}

/// A placeholder means "no date", but is counted, because the API writes null.
template <Date Token::* member, Field field>
void take_date(PageDraft& draft, const Value& value) {
    Date& date = draft.token().*member;
    if (value.is_null()) {
        date = Date::none();
        return;
    }
    const auto moment = value.is_text() ? base::parse_rfc3339(value.text) : std::nullopt;
    if (moment && !is_placeholder(*moment)) {
        date = Date::at(*moment);
    } else {
        date = moment ? Date::none() : Date::unreadable();
        draft.count(field);
    }
}

// Fields of the page.

void take_data(PageDraft& draft, const Value& value) {
    draft.has_data = draft.has_data || value.kind == Value::Kind::array;
}

/// A non-negative whole number, even if written as a float (`12.0`, `1e2`).
std::optional<std::uint64_t> whole_number(std::string_view text) {
    if (const auto whole = base::parse_number<std::uint64_t>(text)) {
        return whole;
    }
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    // 2^53: above it, doubles can't represent all whole numbers.
    constexpr double exact_limit = 9007199254740992.0;
    if (error != std::errc() || stop != end || number < 0 || number > exact_limit ||
        std::trunc(number) != number) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(number);
}

void take_total(PageDraft& draft, const Value& value) {
    if (value.is_null()) {
        return;
    }
    auto& total = draft.page.facts.total_filtered_count;
    total = value.kind == Value::Kind::number ? whole_number(value.text) : std::nullopt;
    if (!total) {
        draft.count(Field::total_filtered_count);
    }
}

// Fields of a token.

void take_token(PageDraft& draft, const Value& value) {
    ++draft.page.facts.elements;
    if (value.is_object()) {
        draft.begin_token();
    } else {
        draft.count(Field::token);
    }
}

void take_id(PageDraft& draft, const Value& value) {
    draft.token().id = value.is_text() ? value.text : std::string_view();
}

void take_type(PageDraft& draft, const Value& value) {
    if (const auto type = text_of(draft, value, Field::type)) {
        draft.token().type = *type == "personal_access_tokens"  ? TokenType::personal
                             : *type == "service_access_tokens" ? TokenType::service
                                                                : TokenType::other;
    }
}

/// If there are two lists, the last one counts.
void take_scopes(PageDraft& draft, const Value& value) {
    if (value.kind == Value::Kind::array) {
        draft.page.scope_texts.resize(draft.first_scope);
    } else if (!value.is_null()) {
        draft.token().scopes_readable = false;
    }
}

/// Reserves room for one more element as a vector does, but never more than the maximum.
template <class Element>
void make_room(std::vector<Element>& elements, std::size_t most) {
    if (elements.size() == elements.capacity()) {
        elements.reserve(std::max(elements.size() + 1, std::min(2 * elements.capacity(), most)));
    }
}

void take_scope(PageDraft& draft, const Value& value) {
    ++draft.scopes;
    if (value.is_text() && !value.text.empty()) {
        make_room(draft.page.scope_texts, most_scopes);
        draft.page.scope_texts.push_back(value.text);
    } else {
        draft.token().scopes_readable = false;
    }
}

/// There is an owner; its type is not known yet.
void take_owner(PageDraft& draft, const Value& value) {
    if (value.is_object()) {
        draft.token().owner_type = OwnerType::other;
    } else if (!value.is_null()) {
        draft.count(Field::owned_by);
    }
}

/// Datadog writes `users` in the plural and `service_account` in the singular; both forms are accepted for
/// both types.
void take_owner_type(PageDraft& draft, const Value& value) {
    if (const auto type = text_of(draft, value, Field::owned_by)) {
        const bool user = *type == "users" || *type == "user";
        const bool service_account = *type == "service_account" || *type == "service_accounts";
        draft.token().owner_type = user              ? OwnerType::user
                                   : service_account ? OwnerType::service_account
                                                     : OwnerType::other;
    }
}

void take_leak(PageDraft& draft, const Value& value) {
    if (value.is_object() || value.is_null()) {
        draft.token().leak = value.is_null() ? Leak::none : Leak::leaked;
    } else {
        draft.count(Field::leak_information);
    }
}

// Errors: one text, several texts, or objects with `title` and `detail`; or a `message`.

constexpr std::string_view before_another_error = "; ";
constexpr std::string_view before_more_of_an_error = ": ";

void take_error_words(PageDraft& draft, const Value& value) {
    constexpr std::size_t enough = 1000;  // Only one line of 200 bytes is shown.
    if (value.is_text() && draft.error_words.size() < enough) {
        draft.error_words.append(draft.error_words.empty() ? "" : draft.word_separator);
        draft.error_words.append(value.text.substr(0, enough));
        draft.word_separator = before_more_of_an_error;
    }
}

void take_message(PageDraft& draft, const Value& value) {
    draft.word_separator = before_another_error;
    take_error_words(draft, value);
}

void take_error(PageDraft& draft, const Value& value) {
    draft.has_errors = true;
    take_message(draft, value);
}

/// An empty list of errors is not an error.
void take_errors(PageDraft& draft, const Value& value) {
    if (value.is_text() || value.is_object()) {
        take_error(draft, value);
    }
}

constexpr auto rows = std::to_array<Row>({
    {Place::document, "", take_nothing, Place::root},

    {Place::root, "data", take_data, Place::data},
    {Place::root, "meta", take_nothing, Place::meta},
    {Place::root, "errors", take_errors, Place::errors},
    {Place::root, "message", take_message},

    {Place::meta, "page", take_nothing, Place::page},

    {Place::page, "total_filtered_count", take_total},

    {Place::data, "", take_token, Place::token},

    {Place::token, "id", take_id},
    {Place::token, "type", take_type},
    {Place::token, "attributes", take_fields<Place::attributes>, Place::attributes},
    {Place::token, "relationships", take_fields<Place::relationships>, Place::relationships},

    {Place::attributes, "created_at", take_date<&Token::created_at, Field::created_at>},
    {Place::attributes, "expires_at", take_date<&Token::expires_at, Field::expires_at>},
    {Place::attributes, "last_used_at", take_date<&Token::last_used_at, Field::last_used_at>},
    {Place::attributes, "modified_at", take_date<&Token::modified_at, Field::modified_at>},
    {Place::attributes, "name", take_text<&Token::name, Field::name>},
    {Place::attributes, "public_portion", take_text<&Token::public_portion, Field::public_portion>},
    {Place::attributes, "scopes", take_scopes, Place::scopes},

    {Place::scopes, "", take_scope},

    {Place::relationships, "owned_by", take_fields<Place::owned_by>, Place::owned_by},
    {Place::relationships, "leak_information", take_fields<Place::leak_information>, Place::leak_information},

    {Place::owned_by, "data", take_owner, Place::owner},

    {Place::owner, "id", take_text<&Token::owner_id, Field::owned_by>},
    {Place::owner, "type", take_owner_type},

    {Place::leak_information, "data", take_leak},

    {Place::errors, "", take_error, Place::error},

    {Place::error, "title", take_error_words},
    {Place::error, "detail", take_error_words},
});
static_assert(std::ranges::is_sorted(rows, {}, &Row::in));

constexpr std::size_t place_count = static_cast<std::size_t>(Place::error) + 1;

}  // namespace

std::span<const Row> rows_of(Place place) {
    static constexpr auto rows_by_place = [] {
        std::array<std::span<const Row>, place_count> by_place;
        for (std::size_t i = 0; i < place_count; ++i) {
            const auto found = std::ranges::equal_range(rows, static_cast<Place>(i), {}, &Row::in);
            by_place[i] = {found.begin(), found.end()};
        }
        return by_place;
    }();
    return rows_by_place[static_cast<std::size_t>(place)];
}

PageDraft::PageDraft(Page& target) : page(target) {
    page.facts = {};
    page.tokens.clear();
    page.scope_texts.clear();
}

void PageDraft::begin_token() {
    make_room(page.tokens, most_rows);
    page.tokens.emplace_back();
    first_scope = page.scope_texts.size();
}

void PageDraft::end_token() {
    if (!token().scopes_readable) {
        count(Field::scopes);
    }
    if (token().id.empty()) {
        count(Field::token);
        page.tokens.pop_back();
        page.scope_texts.resize(first_scope);
    } else {
        token().scopes = std::span(page.scope_texts).subspan(first_scope);
    }
}

}  // namespace exporter::datadog

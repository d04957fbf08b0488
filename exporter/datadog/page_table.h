// Defines where each field is in a page's JSON and what its value means: one row per field. To read another
// field of the API, add a row to page_table.cpp and the member of Token that it fills.
#pragma once

#include "datadog/page.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// A value as the reader encounters it; for an object or an array, only its beginning.
struct Value {
    enum class Kind : std::uint8_t { null, boolean, number, text, object, array };

    Kind kind = Kind::null;
    std::string_view text = {};  ///< for a string or a number

    [[nodiscard]] bool is_null() const { return kind == Kind::null; }
    [[nodiscard]] bool is_text() const { return kind == Kind::text; }
    [[nodiscard]] bool is_object() const { return kind == Kind::object; }
};

/// The objects and arrays that are read. All others are skipped at any depth.
enum class Place : std::uint8_t {
    none,
    document,
    root,
    meta,
    page,
    data,
    token,
    attributes,
    scopes,
    relationships,
    owned_by,
    owner,
    leak_information,
    errors,
    error,
};

/// A page while it is being read.
struct PageDraft {
    /// @param target emptied, except for its body
    explicit PageDraft(Page& target);

    void begin_token();
    /// Drops and counts the token if it has no id.
    void end_token();
    /// The current token.
    [[nodiscard]] Token& token() const { return page.tokens.back(); }

    void count(Field field) const { ++page.facts.unparsed[static_cast<std::size_t>(field)]; }
    /// More rows or scopes than allowed per page.
    [[nodiscard]] bool holds_too_much() const {
        return page.facts.elements > most_rows || scopes > most_scopes;
    }

    Page& page;
    std::size_t first_scope = 0;  ///< of the current token, as an index into the page's
    std::size_t scopes = 0;       ///< for all tokens, including unreadable ones
    bool has_data = false;
    bool has_errors = false;
    std::string error_words;          ///< the API's own words; untrusted
    std::string_view word_separator;  ///< written before the next error
};

/// The meaning of a value in one place.
struct Row {
    Place in;               ///< the object or array that contains the value
    std::string_view name;  ///< name of the member; empty: every element of an array
    /// Takes the value. Called for an object or array at its beginning.
    void (*take)(PageDraft& draft, const Value& value);
    /// The place inside this object, or inside this array if that place's rows are for elements.
    Place inside = Place::none;
};

[[nodiscard]] std::span<const Row> rows_of(Place place);

}  // namespace exporter::datadog

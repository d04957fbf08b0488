// What a page is made of: HTML that is escaped by construction, and dates, durations and numbers as people
// write them. Pure functions, the same in every locale.
#pragma once

#include "base/dates.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace exporter::web {

/// `text` as HTML that shows it, also within a quoted attribute.
[[nodiscard]] std::string escape_html(std::string_view text);

class Html;

/// What a template's `{}` gets: numbers as they are, markup that was made by `Html`, text escaped.
template <class Value>
using HtmlSlot =
    std::conditional_t<std::is_arithmetic_v<Value>, Value,
                       std::conditional_t<std::is_same_v<Value, Html>, std::string_view, std::string>>;

/// Markup that grows. Its templates are constants that the compiler checks.
class Html {
  public:
    Html() = default;

    /// @param markup a template; each `{}` is replaced by a value: text is escaped, numbers and `Html` are
    /// not
    template <class... Values>
    Html& add(fmt::format_string<HtmlSlot<Values>...> markup, const Values&... values) {
        fmt::format_to(std::back_inserter(markup_), markup, slot(values)...);
        return *this;
    }

    /// A constant of the program, such as a style sheet.
    [[nodiscard]] static Html constant(std::string_view markup) {
        Html html;
        html.markup_ = markup;
        return html;
    }

    [[nodiscard]] const std::string& str() const& { return markup_; }
    [[nodiscard]] std::string str() && { return std::move(markup_); }

  private:
    template <class Value>
    static HtmlSlot<Value> slot(const Value& value) {
        if constexpr (std::is_arithmetic_v<Value>) {
            return value;
        } else if constexpr (std::is_same_v<Value, Html>) {
            return value.str();
        } else {
            return escape_html(value);
        }
    }

    std::string markup_;
};

/// Makes a piece in one expression.
template <class... Values>
[[nodiscard]] Html html(fmt::format_string<HtmlSlot<Values>...> markup, const Values&... values) {
    Html piece;
    piece.add(markup, values...);
    return piece;
}

/// `2026-11-24 19:08:16 UTC`; whole seconds, cut.
[[nodiscard]] std::string utc_text(base::Timestamp moment);
/// The same for machines: `2026-11-24T19:08:16Z`.
[[nodiscard]] std::string datetime_text(base::Timestamp moment);

/// `2 minutes ago`, `in 3 hours`, `just now` (less than a second away): the largest unit, cut; days from 48
/// hours on.
[[nodiscard]] std::string distance_text(base::Timestamp moment, base::Timestamp now);
/// `2 minutes ago (2026-11-24 19:08:16 UTC)`.
[[nodiscard]] std::string moment_text(base::Timestamp moment, base::Timestamp now);
/// The same as a `<time>`.
[[nodiscard]] Html time_element(base::Timestamp moment, base::Timestamp now);

/// `340 ms`, `12.3 seconds`, `5 minutes`, `1 hour 30 minutes`: at most two units, cut.
[[nodiscard]] std::string length_text(std::chrono::duration<double> length);

/// `text` with its first letter large, where that is one of a to z.
[[nodiscard]] std::string capitalized(std::string_view text);

/// `12,345`.
[[nodiscard]] std::string number_text(std::uint64_t number);
/// `1 token`, `12,345 tokens`.
[[nodiscard]] std::string count_text(std::uint64_t number, std::string_view singular,
                                     std::string_view plural);

}  // namespace exporter::web

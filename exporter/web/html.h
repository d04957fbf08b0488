// The building blocks of a page: HTML that is escaped by construction.
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

/// `text` escaped for HTML, also for quoted attributes.
[[nodiscard]] std::string escape_html(std::string_view text);

class Html;

/// Arguments for a template's `{}`: numbers and `Html` are inserted unchanged, text is escaped.
template <class Value>
using HtmlSlot =
    std::conditional_t<std::is_arithmetic_v<Value>, Value,
                       std::conditional_t<std::is_same_v<Value, Html>, std::string_view, std::string>>;

/// Markup, built piece by piece. Its templates are constants that the compiler checks.
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

    /// A constant of the program, such as a style sheet; it is not escaped.
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

/// Builds a piece of markup in one expression.
template <class... Values>
[[nodiscard]] Html html(fmt::format_string<HtmlSlot<Values>...> markup, const Values&... values) {
    Html piece;
    piece.add(markup, values...);
    return piece;
}

/// `2 minutes ago (2026-11-24 19:08:16 UTC)` as a `<time>`.
[[nodiscard]] Html time_element(base::Timestamp moment, base::Timestamp now);

}  // namespace exporter::web

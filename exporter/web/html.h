// HTML that is escaped by construction: whatever a template's `{}` gets is text, unless it is `Html` itself.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace exporter::web {

/// `text` as HTML that shows it, also within a quoted attribute.
[[nodiscard]] std::string escape_html(std::string_view text);

class Html;

/// What `Html::add` makes of a value: text to escape, or markup that was made by `Html`.
struct HtmlText {
    template <class Text>
    explicit HtmlText(const Text& value) : text(value) {}
    std::string_view text;
};
struct HtmlMarkup {
    explicit HtmlMarkup(const Html& html);
    std::string_view markup;
};

template <class Value>
using HtmlSlot = std::conditional_t<std::is_same_v<Value, Html>, HtmlMarkup,
                                    std::conditional_t<std::is_arithmetic_v<Value>, Value, HtmlText>>;

}  // namespace exporter::web

template <>
struct fmt::formatter<exporter::web::HtmlText> {
    static constexpr auto parse(const fmt::format_parse_context& context) { return context.begin(); }
    static fmt::appender format(const exporter::web::HtmlText& value, fmt::format_context& context);
};
template <>
struct fmt::formatter<exporter::web::HtmlMarkup> {
    static constexpr auto parse(const fmt::format_parse_context& context) { return context.begin(); }
    static fmt::appender format(const exporter::web::HtmlMarkup& value, fmt::format_context& context);
};

namespace exporter::web {

/// Markup that grows. Its templates are constants that the compiler checks.
class Html {
  public:
    Html() = default;

    /// @param markup a template; each `{}` is replaced by a value: text is escaped, numbers and `Html` are
    /// not
    template <class... Values>
    Html& add(fmt::format_string<HtmlSlot<Values>...> markup, const Values&... values) {
        fmt::format_to(std::back_inserter(markup_), markup, HtmlSlot<Values>(values)...);
        return *this;
    }

    /// A constant of the program, such as a style sheet.
    [[nodiscard]] static Html constant(std::string_view markup);

    [[nodiscard]] const std::string& str() const& { return markup_; }
    [[nodiscard]] std::string str() && { return std::move(markup_); }
    [[nodiscard]] bool empty() const { return markup_.empty(); }

  private:
    std::string markup_;
};

/// Makes a piece in one expression.
template <class... Values>
[[nodiscard]] Html html(fmt::format_string<HtmlSlot<Values>...> markup, const Values&... values) {
    Html piece;
    piece.add(markup, values...);
    return piece;
}

}  // namespace exporter::web

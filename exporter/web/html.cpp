#include "web/html.h"

#include <algorithm>

namespace exporter::web {

namespace {

constexpr std::string_view special = "&<>\"'";

std::string_view entity_of(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        default:
            return {};
    }
}

/// Through the formatter of strings, which copies whole pieces; an iterator would go character by character.
fmt::appender copy(std::string_view text, fmt::format_context& context) {
    return fmt::formatter<fmt::string_view>().format({text.data(), text.size()}, context);
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    while (true) {
        const auto plain = std::min(text.find_first_of(special), text.size());
        escaped += text.substr(0, plain);
        if (plain == text.size()) {
            return escaped;
        }
        escaped += entity_of(text[plain]);
        text.remove_prefix(plain + 1);
    }
}

HtmlMarkup::HtmlMarkup(const Html& html) : markup(html.str()) {}

Html Html::constant(std::string_view markup) {
    Html html;
    html.markup_ = markup;
    return html;
}

}  // namespace exporter::web

fmt::appender fmt::formatter<exporter::web::HtmlText>::format(const exporter::web::HtmlText& value,
                                                              fmt::format_context& context) {
    using namespace exporter::web;
    return value.text.find_first_of(special) == std::string_view::npos
               ? copy(value.text, context)
               : copy(escape_html(value.text), context);
}

fmt::appender fmt::formatter<exporter::web::HtmlMarkup>::format(const exporter::web::HtmlMarkup& value,
                                                                fmt::format_context& context) {
    return exporter::web::copy(value.markup, context);
}

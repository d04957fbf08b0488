// Text: classes of characters, comparison without regard to case, whole numbers, lists, and quoting for
// messages.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace exporter::base {

// Characters: ASCII only, whatever the locale.

[[nodiscard]] constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_alphanumeric(char c) {
    return is_digit(c) || is_letter(c);
}
/// `_` too.
[[nodiscard]] constexpr bool is_word_character(char c) {
    return is_alphanumeric(c) || c == '_';
}
[[nodiscard]] constexpr bool is_hexadecimal(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
/// A space or a tab.
[[nodiscard]] constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}
/// Printable, and not a space.
[[nodiscard]] constexpr bool is_visible(char c) {
    return c > 0x20 && c < 0x7f;
}
[[nodiscard]] constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Comparisons that ignore the case of ASCII letters. They copy nothing: the text may be a secret.

[[nodiscard]] bool same_word(std::string_view left, std::string_view right);
[[nodiscard]] bool begins_with(std::string_view text, std::string_view word);
[[nodiscard]] bool ends_with(std::string_view text, std::string_view word);
[[nodiscard]] bool holds(std::string_view text, std::string_view word);

/// The whole text as a number of this base: digits alone, and a minus if the type is signed. nullopt: it is
/// none, or the type can't hold it.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

/// Without spaces, tabs and line ends at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// ASCII only.
[[nodiscard]] std::string lower(std::string_view text);

/// In double quotes, for a message: control characters and invisible ones are escaped, what is long is
/// cut, and what looks like a key is not shown at all, since people swap variables.
[[nodiscard]] std::string quote(std::string_view text);

/// A name that somebody wrote, as it is where it could be one; otherwise as `quote` has it.
[[nodiscard]] std::string shown_name(std::string_view name);

/// As `quote`, without the user and password that a URL may carry.
[[nodiscard]] std::string quote_url(std::string_view url);

/// The items between commas, trimmed. An empty text has none.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// `a`, `a or b`, `a, b or c`.
[[nodiscard]] std::string join_choices(const std::vector<std::string>& choices);

/// `a, b, c`.
[[nodiscard]] std::string join(const std::vector<std::string>& items);

}  // namespace exporter::base

// base/: general-purpose code that our libraries don't provide. Text (this header), dates and durations,
// addresses, PEM, keyed hashes; `Secret`, which is wiped from memory; file descriptors, reading untrusted
// files and replacing files atomically, a bounded YAML reader, a bounded socket for OpenSSL. In: text or
// bytes from an untrusted author. Out: a value, or an error message for that author that contains no secret.
// It implements no network protocol, starts no threads and writes no logs.
//
// Text: character classes, case-insensitive comparison, whole numbers, lists, Base64; and quoting and
// suggestions for messages.
#pragma once

#include "base/secret.h"

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace exporter::base {

// Character classes: ASCII only, in every locale.

[[nodiscard]] constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_alphanumeric(char c) {
    return is_digit(c) || is_letter(c);
}
/// Also `_`.
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

/// A character of UTF-8.
struct Character {
    char32_t code;
    std::size_t bytes;
};

/// The well-formed UTF-8 character at the start of `text` (Unicode 15, table 3-7); nullopt: there is none.
[[nodiscard]] std::optional<Character> first_character(std::string_view text);

// Comparisons that ignore the case of ASCII letters. They make no copies, because the text may be a secret.

[[nodiscard]] bool same_word(std::string_view left, std::string_view right);
[[nodiscard]] bool begins_with(std::string_view text, std::string_view word);
[[nodiscard]] bool ends_with(std::string_view text, std::string_view word);
[[nodiscard]] bool holds(std::string_view text, std::string_view word);

/// Parses the whole text as a number in this base: digits, and a minus sign if the type is signed. nullopt:
/// not a number, or out of the type's range.
template <std::integral Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text, int base = 10) {
    Number number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc{} && rest == end ? std::optional(number) : std::nullopt;
}

/// Removes spaces, tabs and line ends at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// ASCII only.
[[nodiscard]] std::string lower(std::string_view text);

/// Whether the text contains something that could be a key, a token or part of one; messages must not repeat
/// it. Datadog's API keys are 32 hexadecimal digits, its application keys 40; newer ones and access tokens
/// begin with `ddapp_`, `ddpat_` or `ddsat_`.
[[nodiscard]] bool may_hold_a_key(std::string_view text);

/// Escapes the character for double quotes in messages and in YAML.
void append_escaped(std::string& text, char character);

/// In double quotes, for a message. Control characters and invisible ones are escaped, long text is
/// truncated, and text that looks like a key is not shown at all, because people mix up variables.
[[nodiscard]] std::string quote(std::string_view text);

/// The candidate that matches except for separators, case and at most two typos (fewer in a short name).
[[nodiscard]] std::optional<std::string> nearest_spelling(std::string_view name,
                                                          std::span<const std::string_view> candidates);

/// `; did you mean X?`, or nothing. X is `prefix` followed by the candidate nearest to `name`, if it is close
/// enough: nearly the same spelling, a longer name (`api_key`, `api_key_file`), or the same last part
/// (`interval`, `poll.interval`).
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                                       std::string_view prefix = "");

/// A name from user input: unchanged if it could be a name, otherwise quoted by `quote`.
[[nodiscard]] std::string shown_name(std::string_view name);

/// Like `quote`, without the user and password that a URL may contain.
[[nodiscard]] std::string quote_url(std::string_view url);

/// Splits at commas and trims the items. Blank text has no items.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// `a, b, c`.
[[nodiscard]] std::string join(const std::vector<std::string>& items);

// Base64 as in RFC 4648, section 4: the usual alphabet, padded, without line breaks.

[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// Strict: whole groups of four characters, with unused bits unset. Makes no other copy, because the bytes
/// may be a password.
[[nodiscard]] std::optional<WipedBytes> decode_base64(std::string_view text);

}  // namespace exporter::base

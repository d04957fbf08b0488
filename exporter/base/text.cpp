#include "base/text.h"

#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace exporter::base {
namespace {

constexpr std::size_t longest_quote = 120;

/// Characters that are invisible or change the text direction: zero-width and no-break spaces, the soft
/// hyphen, line ends, directional marks, the byte order mark.
bool is_unseen(char32_t code) {
    return code == 0xA0 || code == 0xAD || (code >= 0x200B && code <= 0x200F) ||
           (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x2069) || code == 0xFEFF;
}

bool same_letter(char a, char b) {
    return lower(a) == lower(b);
}

bool has_digit(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_digit);
}

bool has_letter(std::string_view text) {
    return std::any_of(text.begin(), text.end(), is_letter);
}

/// Whether any run of `is_part` characters passes the test.
template <class Test>
bool any_run(std::string_view text, bool (*is_part)(char), Test test) {
    while (!text.empty()) {
        const std::string_view run(text.begin(), std::find_if_not(text.begin(), text.end(), is_part));
        if (test(run)) {
            return true;
        }
        text.remove_prefix(std::min(run.size() + 1, text.size()));
    }
    return false;
}

constexpr std::size_t longest_name = 128;

std::string without_separators(std::string_view name) {
    std::string result = lower(name);
    std::erase_if(result, [](char c) { return c == '.' || c == '-' || c == '_'; });
    return result;
}

std::string_view last_part(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

/// Edit distance: the number of insertions, deletions, substitutions and swaps of adjacent characters.
std::size_t typing_errors(std::string_view from, std::string_view to) {
    std::vector<std::vector<std::size_t>> distance(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i) {
        for (std::size_t j = 0; j <= to.size(); ++j) {
            if (i == 0 || j == 0) {
                distance[i][j] = i + j;
                continue;
            }
            const std::size_t substituted = distance[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            distance[i][j] = std::min({substituted, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
            }
        }
    }
    return distance[from.size()][to.size()];
}

/// Whether `name` is the beginning of `candidate` and not too short.
bool is_longer(std::string_view candidate, std::string_view name) {
    return name.size() >= 4 && candidate.starts_with(name);
}

constexpr std::size_t most_typing_errors = 2;
constexpr std::size_t too_far = most_typing_errors + 3;

/// Distance between a misspelled name and a candidate.
std::size_t distance_in_spelling(std::string_view name, std::string_view candidate) {
    const std::string plain_name = without_separators(name);
    const std::size_t errors = typing_errors(plain_name, without_separators(candidate));
    return errors <= std::min(plain_name.size() / 4, most_typing_errors) ? errors : too_far;
}

/// Same for a name that may also be missing its end, or everything but its last part.
std::size_t distance_of_name(std::string_view name, std::string_view candidate) {
    const std::string plain_name = without_separators(name);
    const std::string plain_candidate = without_separators(candidate);
    if (plain_name.empty()) {
        return too_far;
    }
    if (typing_errors(plain_name, plain_candidate) <= 1) {
        return 0;
    }
    if (is_longer(plain_candidate, plain_name)) {
        return 1;
    }
    const std::string last_of_name = without_separators(last_part(name));
    const std::string last_of_candidate = without_separators(last_part(candidate));
    const std::size_t by_last_part = last_of_candidate == last_of_name            ? most_typing_errors + 1
                                     : is_longer(last_of_candidate, last_of_name) ? most_typing_errors + 2
                                                                                  : too_far;
    return std::min(by_last_part, distance_in_spelling(name, candidate));
}

template <class Names, class Distance>
std::optional<std::string> nearest(std::string_view name, const Names& candidates, Distance distance) {
    std::optional<std::string> nearest;
    std::size_t least = too_far;
    for (const auto& candidate : candidates) {
        if (const std::size_t far = distance(name.substr(0, longest_name), candidate); far < least) {
            least = far;
            nearest = candidate;
        }
    }
    return nearest;
}

}  // namespace

void append_escaped(std::string& text, char character) {
    if (character == '"' || character == '\\') {
        text += '\\';
        text += character;
    } else if (is_control(character)) {
        text += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
    } else {
        text += character;
    }
}
bool same_word(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(), same_letter);
}

bool begins_with(std::string_view text, std::string_view word) {
    return same_word(text.substr(0, word.size()), word);
}

bool ends_with(std::string_view text, std::string_view word) {
    return text.size() >= word.size() && same_word(text.substr(text.size() - word.size()), word);
}

bool holds(std::string_view text, std::string_view word) {
    return std::search(text.begin(), text.end(), word.begin(), word.end(), same_letter) != text.end();
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
}

std::optional<Character> first_character(std::string_view text) {
    const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = text.empty() ? 0xFF : byte(0);  // No character starts with this byte.
    if (lead < 0x80) {
        return Character{lead, 1};
    }
    const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) {
        return std::nullopt;
    }
    char32_t code = lead & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return std::nullopt;
        }
        code = (code << 6U) | (byte(i) & 0x3FU);
    }
    const bool overlong = (bytes == 3 && code < 0x800) || (bytes == 4 && code < 0x10000);
    const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
    if (overlong || surrogate || code > 0x10FFFF) {
        return std::nullopt;
    }
    return Character{code, bytes};
}

bool may_hold_a_key(std::string_view text) {
    constexpr std::array<std::string_view, 3> prefixes = {"ddpat_", "ddsat_", "ddapp_"};
    constexpr std::size_t shortest_key = 32;
    // This many letters and digits in a row are neither a word nor a number, but perhaps a truncated key.
    constexpr std::size_t shortest_part = 20;
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return holds(text, prefix); }) ||
           any_run(text, is_word_character,
                   [](std::string_view word) { return word.size() >= shortest_key && has_digit(word); }) ||
           any_run(text, is_alphanumeric, [](std::string_view code) {
               return code.size() >= shortest_part && has_digit(code) && has_letter(code);
           });
}

std::string quote(std::string_view text) {
    if (may_hold_a_key(text)) {
        return "(not shown: it looks like a key)";
    }
    std::string result = "\"";
    for (std::size_t i = 0; i < std::min(text.size(), longest_quote); ++i) {
        if (const auto character = first_character(text.substr(i)); character && is_unseen(character->code)) {
            result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character->code));
            i += character->bytes - 1;
        } else {
            append_escaped(result, text[i]);
        }
    }
    result += text.size() > longest_quote ? "…\"" : "\"";
    return result;
}

std::optional<std::string> nearest_spelling(std::string_view name,
                                            std::span<const std::string_view> candidates) {
    return nearest(name, candidates, distance_in_spelling);
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                         std::string_view prefix) {
    const std::optional<std::string> meant = nearest(name, candidates, distance_of_name);
    return meant ? fmt::format("; did you mean {}{}?", prefix, *meant) : "";
}

std::string shown_name(std::string_view name) {
    const bool plain = std::all_of(name.begin(), name.end(),
                                   [](char c) { return is_word_character(c) || c == '-' || c == '.'; });
    return plain && !name.empty() && name.size() <= longest_quote && !may_hold_a_key(name) ? std::string(name)
                                                                                           : quote(name);
}

std::string quote_url(std::string_view url) {
    const std::size_t at = url.rfind('@');
    if (at == std::string_view::npos) {
        return quote(url);
    }
    const std::size_t scheme_end = url.substr(0, at).find("://");
    const std::string_view scheme =
        scheme_end == std::string_view::npos ? std::string_view{} : url.substr(0, scheme_end + 3);
    return quote(fmt::format("{}***{}", scheme, url.substr(at)));
}

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> items;
    if (trim(text).empty()) {
        return items;
    }
    for (;;) {
        const std::size_t comma = text.find(',');
        items.emplace_back(trim(text.substr(0, comma)));
        if (comma == std::string_view::npos) {
            return items;
        }
        text.remove_prefix(comma + 1);
    }
}

std::string join(const std::vector<std::string>& items) {
    return fmt::format("{}", fmt::join(items, ", "));
}

std::string encode_base64(std::string_view bytes) {
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL appends a NUL.
    const int length = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                         reinterpret_cast<const unsigned char*>(bytes.data()),
                                         static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<WipedBytes> decode_base64(std::string_view text) {
    const int padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    const auto digits = text.substr(0, text.size() - static_cast<std::size_t>(padding));
    // OpenSSL also accepts white space, and stops at a `-`.
    const bool is_plain = std::all_of(digits.begin(), digits.end(), [](char digit) {
        return is_alphanumeric(digit) || digit == '+' || digit == '/';
    });
    WipedBytes bytes(text.size() / 4 * 3);
    if (!is_plain || text.size() % 4 != 0 ||
        ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                          reinterpret_cast<const unsigned char*>(text.data()),
                          static_cast<int>(text.size())) < 0) {
        return std::nullopt;
    }
    const auto end = bytes.end() - padding;
    const bool is_rest_unset = std::all_of(end, bytes.end(), [](char byte) { return byte == 0; });
    bytes.erase(end, bytes.end());
    return is_rest_unset ? std::optional(std::move(bytes)) : std::nullopt;
}

}  // namespace exporter::base

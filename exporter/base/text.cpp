#include "base/text.h"

#include "base/secret.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace exporter::base {
namespace {

constexpr std::size_t longest_quote = 120;

struct Characters {
    std::string_view first;  ///< in UTF-8, as are those up to `last`
    std::string_view last;
    unsigned number;  ///< Unicode's, of the first
};

/// What nobody sees, or what changes the direction of text.
constexpr std::array<Characters, 6> unseen = {{
    {"\u00a0", "\u00a0", 0xa0},    // no-break space
    {"\u00ad", "\u00ad", 0xad},    // soft hyphen
    {"\u200b", "\u200f", 0x200b},  // of no width; directions
    {"\u2028", "\u202e", 0x2028},  // line ends; directions
    {"\u2060", "\u2069", 0x2060},  // of no width; directions
    {"\ufeff", "\ufeff", 0xfeff},  // the byte order mark
}};

/// The unseen character that the text begins with, or nullptr.
const Characters* unseen_at(std::string_view text) {
    const auto found = std::find_if(unseen.begin(), unseen.end(), [&](const Characters& row) {
        const std::string_view character = text.substr(0, row.first.size());
        return character >= row.first && character <= row.last;
    });
    return found == unseen.end() ? nullptr : found;
}

bool same_letter(char a, char b) {
    return lower(a) == lower(b);
}

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

}  // namespace

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

std::string quote(std::string_view text) {
    if (may_hold_a_key(text)) {
        return "(not shown: it looks like a key)";
    }
    std::string result = "\"";
    for (std::size_t i = 0; i < std::min(text.size(), longest_quote); ++i) {
        if (const Characters* row = unseen_at(text.substr(i))) {
            const std::size_t last = i + row->first.size() - 1;
            // Within a row the characters differ in their last byte alone.
            const auto offset = static_cast<unsigned>(text[last] - row->first.back());
            result += fmt::format("\\u{:04x}", row->number + offset);
            i = last;
        } else {
            append_escaped(result, text[i]);
        }
    }
    result += text.size() > longest_quote ? "…\"" : "\"";
    return result;
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

std::string join_choices(const std::vector<std::string>& choices) {
    std::string text;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) {
            text += i + 1 == choices.size() ? " or " : ", ";
        }
        text += choices[i];
    }
    return text;
}

std::string join(const std::vector<std::string>& items) {
    return fmt::format("{}", fmt::join(items, ", "));
}

}  // namespace exporter::base

#include "base/secret.h"

#include "base/text.h"

#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero is not in <cstring>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace exporter::base {
namespace {

/// The whole buffer, not just the text: a short string that was moved away still lies in its object.
void wipe_text(std::string& text) noexcept {
    text.resize(text.capacity());
    explicit_bzero(text.data(), text.size());
    text.clear();
}

constexpr std::size_t shortest_key = 32;

/// Letters and digits by the dozen, in a row: no word, no number, but perhaps a key that lost its end.
bool has_a_long_code(std::string_view word) {
    constexpr std::size_t shortest_code = 20;
    while (!word.empty()) {
        const std::string_view code = word.substr(0, word.find('_'));
        if (code.size() >= shortest_code && std::any_of(code.begin(), code.end(), is_digit) &&
            std::any_of(code.begin(), code.end(), is_letter)) {
            return true;
        }
        word.remove_prefix(std::min(code.size() + 1, word.size()));
    }
    return false;
}

bool may_be_a_key(std::string_view word) {
    constexpr std::array<std::string_view, 3> prefixes = {"ddpat_", "ddsat_", "ddapp_"};
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](std::string_view prefix) { return holds(word, prefix); }) ||
           has_a_long_code(word) ||
           (word.size() >= shortest_key && std::any_of(word.begin(), word.end(), is_digit));
}

}  // namespace

Secret::Secret(std::string text) : text_(std::move(text)) {
    wipe_text(text);
}

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
    other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        // First, as a buffer that is too small is given back by the assignment.
        wipe();
        text_ = other.text_;
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        text_ = std::move(other.text_);
        other.wipe();
    }
    return *this;
}

Secret::~Secret() {
    wipe();
}

void Secret::wipe() noexcept {
    wipe_text(text_);
}

bool may_hold_a_key(std::string_view text) {
    while (!text.empty()) {
        const auto end = std::find_if_not(text.begin(), text.end(), is_word_character);
        const std::string_view word(text.begin(), end);
        if (may_be_a_key(word)) {
            return true;
        }
        text.remove_prefix(std::min(word.size() + 1, text.size()));
    }
    return false;
}

}  // namespace exporter::base

#include "inventory/label_text.h"

#include "base/text.h"
#include "base/text_hash.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "\xE2\x80\xA6";

/// Control characters, and characters that break lines or change the display order of text.
bool is_deceptive(char32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x061C || code == 0x200E ||
           code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// As much of the valid UTF-8 `text` as fits with `end` after it.
std::string with_end(std::string text, std::string_view end) {
    std::size_t size = std::min(text.size(), max_label_bytes - end.size());
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;  // Don't cut inside a character.
    }
    text.resize(size);
    return text.append(end);
}

}  // namespace

std::string label_text(std::string_view text) {
    const bool is_plain_ascii =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    if (is_plain_ascii && text.size() <= max_label_bytes) {
        return std::string(text);
    }
    std::string clean;
    while (!text.empty() && clean.size() <= max_label_bytes) {
        const auto character = base::first_character(text);
        const bool keep = character && !is_deceptive(character->code);
        clean += keep ? text.substr(0, character->bytes) : replacement;
        text.remove_prefix(character ? character->bytes : 1);
    }
    return clean.size() <= max_label_bytes ? clean : with_end(std::move(clean), ellipsis);
}

std::string id_label(std::string_view id) {
    std::string label = label_text(id);
    return label == id ? label : with_end(std::move(label), '~' + base::text_fingerprint(id));
}

}  // namespace exporter::inventory

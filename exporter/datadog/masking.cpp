#include "datadog/masking.h"

#include "base/text.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::datadog {

namespace {

constexpr std::size_t shortest_run = 8;
/// Masking shorter secrets would hide every other word, and Datadog has no credentials that short.
constexpr std::size_t shortest_secret = 4;
constexpr std::string_view mask = "<secret>";

/// Folds characters for comparison: ignores case, and merges the two Base64 alphabets.
char folded(char c) {
    switch (c) {
        case '+':
            return '-';
        case '/':
            return '_';
        default:
            return base::lower(c);
    }
}

/// One of the ways to write a secret, folded.
struct Spelling {
    base::Secret text;  ///< as sensitive as the secret itself
    std::size_t least;  ///< masks runs of at least this many characters, or the whole secret if it is shorter
};

Spelling spelling(std::string text, std::size_t least = shortest_run) {
    std::transform(text.begin(), text.end(), text.begin(), folded);
    return {base::Secret(std::move(text)), least};
}

std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());  // Growing would leave copies of parts in memory.
    for (const char character : bytes) {
        const auto byte = static_cast<unsigned char>(character);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

/// The part of the secret's Base64 that does not depend on the bytes around it.
void add_base64(std::string_view secret, std::vector<Spelling>& spellings) {
    constexpr std::size_t group = 4;
    // The encoded text may begin before the secret, so the secret can start at any of a group's three
    // positions.
    for (std::size_t before = 0; before < 3; ++before) {
        const base::Secret bytes(std::string(before, '\0').append(secret));
        const base::Secret encoded(base::encode_base64(bytes.expose()));
        std::string_view inner = encoded.expose();
        // The outermost groups also depend on the bytes next to the secret.
        const std::size_t outside = before == 0 ? group : 2 * group;
        if (inner.size() < outside + shortest_run) {
            continue;
        }
        inner = inner.substr(outside - group, inner.size() - outside);
        spellings.push_back(spelling(std::string(inner)));
    }
}

struct Character {
    char value;
    std::size_t length;  ///< more than 1: the character is escaped
};

/// The first character of a string, folded.
Character first_of(std::string_view text) {
    for (const std::string_view start : {"%", "\\x", "\\u00"}) {
        const std::size_t length = start.size() + 2;
        if (text.size() < length || !text.starts_with(start)) {
            continue;
        }
        if (const auto byte = base::parse_number<unsigned char>(text.substr(start.size(), 2), 16)) {
            return {static_cast<char>(*byte), length};
        }
    }
    constexpr std::string_view escaped_by_themselves = "\"\\_";  // `_` is a folded `/`.
    if (text.size() >= 2 && text[0] == '\\' &&
        escaped_by_themselves.find(text[1]) != std::string_view::npos) {
        return {text[1], 2};
    }
    return {text.front(), 1};
}

/// Calls `take` with each character of a string, folded and unescaped, and its position.
template <class Take>
void unescape(std::string_view text, Take take) {
    for (std::size_t at = 0; at < text.size();) {
        const Character character = first_of(text.substr(at));
        take(folded(character.value), at);
        at += character.length;
    }
}

std::vector<Spelling> spellings_of(std::string_view secret) {
    std::vector<Spelling> spellings;
    if (secret.size() < shortest_secret) {
        return spellings;
    }
    spellings.push_back(spelling(std::string(secret)));
    spellings.push_back(spelling(std::string(secret.rbegin(), secret.rend())));
    spellings.push_back(spelling(hexadecimal(secret), 2 * shortest_run));
    add_base64(secret, spellings);
    // A secret may contain what looks like an escape: it is then unescaped like the echo around it.
    for (Spelling last = spellings.front();;) {
        std::string plain;
        plain.reserve(last.text.expose().size());  // Growing would leave copies of parts in memory.
        unescape(last.text.expose(), [&plain](char character, std::size_t) { plain += character; });
        Spelling next = spelling(std::move(plain));
        if (next.text.expose() == last.text.expose() || next.text.expose().size() < shortest_secret) {
            break;
        }
        spellings.push_back(next);
        last = std::move(next);
    }
    return spellings;
}

/// A string's folded characters and their positions in the text; the last position is the text's end.
struct Characters {
    std::string text;
    std::vector<std::size_t> places;
};

/// Replaces each escape with the character it stands for.
Characters unescaped(const Characters& from) {
    Characters to;
    unescape(from.text, [&](char character, std::size_t at) {
        to.text += character;
        to.places.push_back(from.places[at]);
    });
    to.places.push_back(from.places.back());
    return to;
}

/// Marks positions that belong to a run.
void hide_runs(const Characters& characters, const Spelling& spelling, std::vector<bool>& hidden) {
    const std::string_view text = characters.text;
    const std::string_view whole = spelling.text.expose();
    const std::size_t least = std::min(spelling.least, whole.size());
    // A longer run consists of overlapping runs of the minimal length.
    for (std::size_t at = 0; at + least <= text.size(); ++at) {
        if (whole.find(text.substr(at, least)) != std::string_view::npos) {
            const std::size_t begin = characters.places[at];
            std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(begin),
                        characters.places[at + least] - begin, true);
        }
    }
}

void mask_spellings(std::string& text, const std::vector<Spelling>& spellings) {
    std::vector<bool> hidden(text.size());
    Characters characters{text, std::vector<std::size_t>(text.size() + 1)};
    std::ranges::transform(text, characters.text.begin(), folded);
    std::iota(characters.places.begin(), characters.places.end(), std::size_t{0});
    // Each round also keeps the unescaped form: a secret may contain a percent sign.
    constexpr int most_times_escaped = 3;
    for (int times = 0; times <= most_times_escaped; ++times) {
        for (const Spelling& spelling : spellings) {
            hide_runs(characters, spelling, hidden);
        }
        Characters next = unescaped(characters);
        if (next.text.size() == characters.text.size()) {
            break;
        }
        characters = std::move(next);
    }
    std::string masked;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!hidden[at]) {
            masked += text[at];
        } else if (at == 0 || !hidden[at - 1]) {
            masked += mask;
        }
    }
    text = std::move(masked);
}

}  // namespace

void mask_secret(std::string& text, std::string_view secret) {
    mask_spellings(text, spellings_of(secret));
}

void mask_secrets(std::string& text, const config::Credentials& credentials) {
    for (const auto* secret : {&credentials.api_key, &credentials.app_key, &credentials.bearer_token}) {
        if (*secret) {
            mask_secret(text, (*secret)->expose());
        }
    }
}

void mask_proxy(std::string& text, const config::Proxy& proxy) {
    if (proxy.has_credentials()) {
        const base::Secret login((proxy.user + ":").append(proxy.password.expose()));
        mask_spellings(text, {spelling(base::encode_base64(login.expose()))});
    }
    // Some proxies take a token as the user name, and no password.
    mask_secret(text, proxy.password.empty() ? std::string_view(proxy.user) : proxy.password.expose());
}

}  // namespace exporter::datadog

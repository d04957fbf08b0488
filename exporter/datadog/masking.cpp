#include "datadog/masking.h"

#include "base/text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::datadog {

namespace {

constexpr std::size_t shortest_run = 8;
/// Below it every other word would be masked, and no credential of Datadog's is that short.
constexpr std::size_t shortest_secret = 4;
constexpr std::string_view mask = "<secret>";

/// One of the ways to write a secret, in lower case.
struct Spelling {
    base::Secret text;  ///< as secret as what it spells
    std::size_t least;  ///< this much of it is masked, or all if it is shorter
};

Spelling spelling(std::string text, std::size_t least = shortest_run) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) { return base::lower(c); });
    return {base::Secret(std::move(text)), least};
}

std::string hexadecimal(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());  // Growing would leave parts of it behind.
    for (const char character : bytes) {
        const auto byte = static_cast<unsigned char>(character);
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

/// What is the same of the secret's Base64 whatever stands before and behind it.
void add_base64(std::string_view secret, std::vector<Spelling>& spellings) {
    constexpr std::size_t group = 4;
    // What is encoded may begin before the secret, at any of the three places of a group.
    for (std::size_t before = 0; before < 3; ++before) {
        const base::Secret bytes(std::string(before, '\0').append(secret));
        const base::Secret encoded(base::encode_base64(bytes.expose()));
        std::string_view inner = encoded.expose();
        // The outermost groups also tell of what stands beside the secret.
        const std::size_t outside = before == 0 ? group : 2 * group;
        if (inner.size() < outside + shortest_run) {
            continue;
        }
        inner = inner.substr(outside - group, inner.size() - outside);
        spellings.push_back(spelling(std::string(inner)));
        std::string for_urls(inner);
        std::replace(for_urls.begin(), for_urls.end(), '+', '-');
        std::replace(for_urls.begin(), for_urls.end(), '/', '_');
        spellings.push_back(spelling(std::move(for_urls)));
    }
}

/// A text's characters, in lower case, and where each of them stands in it.
struct Characters {
    struct Place {
        std::size_t begin;
        std::size_t end;
    };

    std::string text;
    std::vector<Place> places;

    void add(char character, Place place) {
        text += base::lower(character);
        places.push_back(place);
    }
};

struct Escape {
    char character;
    std::size_t length;
};

/// The escaped character that a text, in lower case, begins with.
std::optional<Escape> escape_at(std::string_view text) {
    for (const std::string_view start : {"%", "\\x", "\\u00"}) {
        const std::size_t length = start.size() + 2;
        if (text.size() < length || !text.starts_with(start)) {
            continue;
        }
        if (const auto byte = base::parse_number<unsigned char>(text.substr(start.size(), 2), 16)) {
            return Escape{static_cast<char>(*byte), length};
        }
    }
    constexpr std::string_view escaped_by_themselves = "\"\\/";
    if (text.size() >= 2 && text[0] == '\\' &&
        escaped_by_themselves.find(text[1]) != std::string_view::npos) {
        return Escape{text[1], 2};
    }
    return std::nullopt;
}

std::string without_escapes(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto escape = escape_at(text);
        result += escape ? escape->character : text.front();
        text.remove_prefix(escape ? escape->length : 1);
    }
    return result;
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
    // A secret that holds what looks like an escape loses it as an echo's own escapes are taken away.
    for (Spelling last = spellings.front();;) {
        Spelling next = spelling(without_escapes(last.text.expose()));
        if (next.text.expose() == last.text.expose() || next.text.expose().size() < shortest_secret) {
            break;
        }
        spellings.push_back(next);
        last = std::move(next);
    }
    return spellings;
}

/// Each escape becomes the character it stands for.
Characters unescaped(const Characters& from) {
    Characters to;
    for (std::size_t at = 0; at < from.text.size();) {
        const auto escape = escape_at(std::string_view(from.text).substr(at));
        const std::size_t length = escape ? escape->length : 1;
        to.add(escape ? escape->character : from.text[at],
               {from.places[at].begin, from.places[at + length - 1].end});
        at += length;
    }
    return to;
}

/// Length of the longest beginning of `text` that is part of the spelling; 0 where that is too short.
std::size_t run_length(std::string_view text, const Spelling& spelling) {
    const std::string_view whole = spelling.text.expose();
    const std::size_t least = std::min(spelling.least, whole.size());
    if (text.size() < least) {
        return 0;
    }
    std::size_t longest = 0;
    for (std::size_t at = whole.find(text.substr(0, least)); at != std::string_view::npos;
         at = whole.find(text.substr(0, least), at + 1)) {
        std::size_t length = least;
        while (length < text.size() && at + length < whole.size() && text[length] == whole[at + length]) {
            ++length;
        }
        longest = std::max(longest, length);
    }
    return longest;
}

/// Marks the places of `hidden` that stand for a run.
void hide_runs(const Characters& characters, const Spelling& spelling, std::vector<bool>& hidden) {
    for (std::size_t at = 0; at < characters.text.size(); ++at) {
        const std::size_t length = run_length(std::string_view(characters.text).substr(at), spelling);
        if (length > 0) {
            const auto begin = hidden.begin() + static_cast<std::ptrdiff_t>(characters.places[at].begin);
            const auto end =
                hidden.begin() + static_cast<std::ptrdiff_t>(characters.places[at + length - 1].end);
            std::fill(begin, end, true);
        }
    }
}

void mask_spellings(std::string& text, const std::vector<Spelling>& spellings) {
    std::vector<bool> hidden(text.size());
    Characters characters;
    for (std::size_t at = 0; at < text.size(); ++at) {
        characters.add(text[at], {at, at + 1});
    }
    // Each time also as it is: a secret may have a percent sign of its own.
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
    // Some proxies take a token as the user, and no password.
    mask_secret(text, proxy.password.empty() ? std::string_view(proxy.user) : proxy.password.expose());
}

}  // namespace exporter::datadog

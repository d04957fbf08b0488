#include "http/negotiation.h"

#include "base/text.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace exporter::http {
namespace {

/// In thousandths, as three decimals are all that a weight may have.
using Weight = unsigned;

constexpr Weight full_weight = 1000;

/// The first `separator` that is not within a quoted string; npos when there is none.
std::size_t find_unquoted(char separator, std::string_view text) {
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (text[i] == separator && !quoted) {
            return i;
        }
    }
    return std::string_view::npos;
}

/// Cuts off and returns what is before the next `separator`, trimmed.
std::string_view take_until(char separator, std::string_view& text) {
    const auto end = find_unquoted(separator, text);
    const auto taken = base::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return taken;
}

/// Escapes stay: no value that is compared here has any.
std::string_view unquoted(std::string_view value) {
    const bool quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    return quoted ? value.substr(1, value.size() - 2) : value;
}

/// `0`, `1`, or either with up to three decimals, at most 1 (RFC 9110, 12.4.2); nullopt for all else.
std::optional<Weight> parse_weight(std::string_view text) {
    if (text.empty() || text.size() > 5 || (text.size() > 1 && text[1] != '.')) {
        return std::nullopt;
    }
    std::string thousandths(text.substr(0, 1));
    thousandths += text.substr(std::min<std::size_t>(2, text.size()));
    thousandths.resize(4, '0');
    const Weight weight = base::parse_number<Weight>(std::string_view(thousandths)).value_or(full_weight + 1);
    return weight <= full_weight ? std::optional(weight) : std::nullopt;
}

/// One element of either header: `name` (a media range or a coding) and what its parameters say.
struct Choice {
    std::string_view name;
    std::optional<Weight> weight = full_weight;  ///< nullopt: it can't be read
    std::string_view version;                    ///< empty: any
};

/// Cuts the first element off `header`.
Choice take_choice(std::string_view& header) {
    auto parameters = take_until(',', header);
    Choice choice{.name = take_until(';', parameters)};
    while (!parameters.empty()) {
        auto value = take_until(';', parameters);
        const auto parameter = take_until('=', value);
        if (base::same_word(parameter, "q")) {
            choice.weight = parse_weight(base::trim(value));
        } else if (base::same_word(parameter, "version")) {
            choice.version = unquoted(base::trim(value));
        }
    }
    return choice;
}

/// How closely a range describes an offer; the closest one has the say (RFC 9110, 12.5.1).
enum class Closeness { none, anything, type, named, named_with_version };

Closeness closeness(const Choice& range, const MediaType& offer) {
    if (!range.version.empty() && range.version != offer.version) {
        return Closeness::none;
    }
    if (base::same_word(range.name, offer.name)) {
        return range.version.empty() ? Closeness::named : Closeness::named_with_version;
    }
    const auto type = offer.name.substr(0, offer.name.find('/') + 1);
    if (range.name.ends_with("/*") && base::same_word(range.name.substr(0, range.name.size() - 1), type)) {
        return Closeness::type;
    }
    return range.name == "*/*" ? Closeness::anything : Closeness::none;
}

/// How a header weighs an offer, and whether that names it; in the order of preference.
using Preference = std::pair<Weight, bool>;

Preference preference(std::string_view accept, const MediaType& offer) {
    Weight weight = 0;
    auto closest = Closeness::none;
    while (!accept.empty()) {
        const Choice range = take_choice(accept);
        const auto close = closeness(range, offer);
        if (range.weight && close != Closeness::none && close >= closest) {
            weight = close == closest ? std::max(weight, *range.weight) : *range.weight;
            closest = close;
        }
    }
    return {weight, weight > 0 && closest >= Closeness::named};
}

}  // namespace

std::size_t preferred_type(std::string_view accept, std::span<const MediaType> offers) {
    const auto best = std::ranges::max_element(
        offers, {}, [accept](const MediaType& offer) { return preference(accept, offer); });
    return static_cast<std::size_t>(best - offers.begin());
}

bool prefers_gzip(std::string_view accept_encoding) {
    std::optional<Weight> gzip;
    Weight any = 0;
    Weight identity = 0;
    while (!accept_encoding.empty()) {
        const Choice coding = take_choice(accept_encoding);
        const Weight weight = coding.weight.value_or(0);
        if (base::same_word(coding.name, "gzip") || base::same_word(coding.name, "x-gzip")) {
            gzip = std::max(gzip.value_or(0), weight);
        } else if (base::same_word(coding.name, "identity")) {
            identity = weight;
        } else if (coding.name == "*") {
            any = weight;
        }
    }
    const Weight weight = gzip.value_or(any);
    return weight > 0 && weight >= identity;
}

}  // namespace exporter::http

#include "web/negotiation.h"

#include "http/http_text.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace exporter::web {
namespace {

using metrics::Encoding;
using metrics::Format;

/// In thousandths, as three decimals are all that a weight may have.
using Weight = unsigned;

constexpr Weight full_weight = 1000;
constexpr std::string_view whitespace = " \t";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(whitespace);
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(whitespace) - first + 1);
}

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
    const auto taken = trimmed(text.substr(0, end));
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
    if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
        (text.size() > 1 && text[1] != '.')) {
        return std::nullopt;
    }
    Weight weight = text[0] == '1' ? full_weight : 0;
    Weight unit = full_weight / 10;
    for (const char digit : text.substr(std::min<std::size_t>(2, text.size()))) {
        if (digit < '0' || digit > '9') {
            return std::nullopt;
        }
        weight += static_cast<Weight>(digit - '0') * unit;
        unit /= 10;
    }
    return weight > full_weight ? std::nullopt : std::optional(weight);
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
        if (http::same_word(parameter, "q")) {
            choice.weight = parse_weight(trimmed(value));
        } else if (http::same_word(parameter, "version")) {
            choice.version = unquoted(trimmed(value));
        }
    }
    return choice;
}

/// How closely a range describes a format; the closest one has the say (RFC 9110, 12.5.1).
enum class Closeness { none, anything, type, named, named_with_version };

/// A format as ranges speak of it, and how the closest ones so far weigh it.
struct Candidate {
    std::string_view name;
    std::string_view any_subtype;
    std::string_view version;
    Closeness closeness = Closeness::none;
    Weight weight = 0;

    void consider(const Choice& range) {
        const Closeness closeness_of_range = closeness_to(range);
        if (!range.weight || closeness_of_range == Closeness::none || closeness_of_range < closeness) {
            return;
        }
        weight = closeness_of_range == closeness ? std::max(weight, *range.weight) : *range.weight;
        closeness = closeness_of_range;
    }

  private:
    [[nodiscard]] Closeness closeness_to(const Choice& range) const {
        if (!range.version.empty() && range.version != version) {
            return Closeness::none;
        }
        if (http::same_word(range.name, name)) {
            return range.version.empty() ? Closeness::named : Closeness::named_with_version;
        }
        if (http::same_word(range.name, any_subtype)) {
            return Closeness::type;
        }
        return range.name == "*/*" ? Closeness::anything : Closeness::none;
    }
};

}  // namespace

Format negotiate_format(std::string_view accept) {
    Candidate text{.name = "text/plain", .any_subtype = "text/*", .version = "0.0.4"};
    Candidate openmetrics{
        .name = "application/openmetrics-text", .any_subtype = "application/*", .version = "1.0.0"};
    while (!accept.empty()) {
        const Choice range = take_choice(accept);
        text.consider(range);
        openmetrics.consider(range);
    }
    if (openmetrics.weight == 0 || openmetrics.weight < text.weight) {
        return Format::text;
    }
    const bool is_asked_for = openmetrics.closeness >= Closeness::named && text.closeness < Closeness::named;
    return openmetrics.weight > text.weight || is_asked_for ? Format::openmetrics : Format::text;
}

Encoding negotiate_encoding(std::string_view accept_encoding) {
    std::optional<Weight> gzip;
    Weight any = 0;
    Weight identity = 0;
    while (!accept_encoding.empty()) {
        const Choice coding = take_choice(accept_encoding);
        const Weight weight = coding.weight.value_or(0);
        if (http::same_word(coding.name, "gzip") || http::same_word(coding.name, "x-gzip")) {
            gzip = std::max(gzip.value_or(0), weight);
        } else if (http::same_word(coding.name, "identity")) {
            identity = weight;
        } else if (coding.name == "*") {
            any = weight;
        }
    }
    const Weight weight = gzip.value_or(any);
    return weight > 0 && weight >= identity ? Encoding::gzip : Encoding::identity;
}

}  // namespace exporter::web

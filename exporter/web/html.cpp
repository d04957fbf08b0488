#include "web/html.h"

#include "base/words.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace exporter::web {

namespace {

constexpr std::array<std::pair<char, std::string_view>, 5> entities = {
    {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}}};

}  // namespace

std::string escape_html(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        const auto* const found = std::find_if(entities.begin(), entities.end(),
                                               [c](const auto& entity) { return entity.first == c; });
        if (found == entities.end()) {
            escaped += c;
        } else {
            escaped += found->second;
        }
    }
    return escaped;
}

Html time_element(base::Timestamp moment, base::Timestamp now) {
    return html("<time datetime=\"{}\">{} <span class=\"utc\">({})</span></time>",
                base::datetime_text(moment), base::distance_text(moment, now), base::utc_text(moment));
}

}  // namespace exporter::web

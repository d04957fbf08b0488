#include "config/yaml_text.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace exporter::config {
namespace {

bool needs_no_quotes(std::string_view text) {
    const auto fits = [](char c) {
        return base::is_word_character(c) || c == '.' || c == '/' || c == '%' || c == '-';
    };
    return !text.empty() && (base::is_alphanumeric(text.front()) || text.front() == '/') &&
           std::all_of(text.begin(), text.end(), fits) && base::lower(text) != "null";
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
    if (needs_no_quotes(text)) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        if (base::is_control(c)) {
            quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
        } else {
            quoted += c == '"' || c == '\\' ? "\\" : "";
            quoted += c;
        }
    }
    return quoted + '"';
}

std::string yaml_list(const std::vector<std::string>& items) {
    std::vector<std::string> scalars;
    scalars.reserve(items.size());
    std::transform(items.begin(), items.end(), std::back_inserter(scalars),
                   [](const std::string& item) { return yaml_scalar(item); });
    return fmt::format("[{}]", base::join(scalars));
}

std::string yaml_comment(std::string_view text) {
    std::string comment(text);
    std::replace_if(comment.begin(), comment.end(), base::is_control, '?');
    return comment;
}

}  // namespace exporter::config

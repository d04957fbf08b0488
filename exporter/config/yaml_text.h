// Values as YAML writes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

/// Plain if nothing can mistake it, otherwise in double quotes. It reads back as `text`, if that is UTF-8.
[[nodiscard]] std::string yaml_scalar(std::string_view text);

/// `[1d, 7d]`
[[nodiscard]] std::string yaml_list(const std::vector<std::string>& items);

/// Text behind `#`: one line, without control characters.
[[nodiscard]] std::string yaml_comment(std::string_view text);

}  // namespace exporter::config

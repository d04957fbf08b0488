// The text of `--help`, made from the option table.
#pragma once

#include <string>

namespace exporter::config {

[[nodiscard]] std::string help_text();

}  // namespace exporter::config

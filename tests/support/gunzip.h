// Reads what a server compressed.
#pragma once

#include <optional>
#include <string>

namespace exporter::testing {

/// The text of one gzip member; none when it is damaged or bytes follow it.
[[nodiscard]] std::optional<std::string> gunzip(const std::string& bytes);

}  // namespace exporter::testing

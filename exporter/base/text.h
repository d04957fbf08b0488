// Small text tools of this folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// Without spaces, tabs and line ends at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);

/// ASCII only.
[[nodiscard]] std::string lower(std::string_view text);

/// In double quotes, for a message: control characters and invisible ones are escaped, what is long is
/// cut, and what looks like a key is not shown at all, since people swap variables.
[[nodiscard]] std::string quote(std::string_view text);

/// A name that somebody wrote, as it is where it could be one; otherwise as `quote` has it.
[[nodiscard]] std::string shown_name(std::string_view name);

/// As `quote`, without the user and password that a URL may carry.
[[nodiscard]] std::string quote_url(std::string_view url);

/// The items between commas, trimmed. An empty text has none.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// `a`, `a or b`, `a, b or c`.
[[nodiscard]] std::string join_choices(const std::vector<std::string>& choices);

/// `a, b, c`.
[[nodiscard]] std::string join(const std::vector<std::string>& items);

}  // namespace exporter::base

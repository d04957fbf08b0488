// What somebody may have meant by a name that nobody knows.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// The candidate that is close enough to `name` to be worth suggesting: equal but for separators and case,
/// longer by a tail (`api_key`, `api_key_file`), either of them in its last part (`interval`,
/// `poll.interval`), or a few typing errors away.
[[nodiscard]] std::optional<std::string> nearest_name(std::string_view name,
                                                      const std::vector<std::string>& candidates);

/// The candidate that is the same word but for separators, case and at most two typing errors (fewer in a
/// short name); for names where an unknown one may well be right.
[[nodiscard]] std::optional<std::string> nearest_spelling(std::string_view name,
                                                          std::span<const std::string_view> candidates);

/// `; did you mean X?`, or nothing. `prefix` and the candidate make the X.
[[nodiscard]] std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                                       std::string_view prefix = "");

}  // namespace exporter::base

#include "base/nearest_name.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>

namespace exporter::base {
namespace {

constexpr std::size_t longest_name = 128;

std::string without_separators(std::string_view name) {
    std::string result = lower(name);
    result.erase(
        std::remove_if(result.begin(), result.end(), [](char c) { return c == '.' || c == '-' || c == '_'; }),
        result.end());
    return result;
}

std::string_view last_part(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

/// Insertions, deletions, substitutions and swaps of neighbours that lead from one text to the other.
std::size_t typing_errors(std::string_view from, std::string_view to) {
    std::vector<std::vector<std::size_t>> distance(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 0; i <= from.size(); ++i) {
        for (std::size_t j = 0; j <= to.size(); ++j) {
            if (i == 0 || j == 0) {
                distance[i][j] = i + j;
                continue;
            }
            const std::size_t substituted = distance[i - 1][j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            distance[i][j] = std::min({substituted, distance[i - 1][j] + 1, distance[i][j - 1] + 1});
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1]) {
                distance[i][j] = std::min(distance[i][j], distance[i - 2][j - 2] + 1);
            }
        }
    }
    return distance[from.size()][to.size()];
}

/// Whether `candidate` goes on where `name` ends.
bool is_longer(std::string_view candidate, std::string_view name) {
    return name.size() >= 4 && candidate.starts_with(name);
}

/// How far `candidate` is; the maximum when it is no suggestion at all.
std::size_t badness(std::string_view name, std::string_view candidate) {
    constexpr std::size_t hopeless = std::numeric_limits<std::size_t>::max();
    constexpr std::size_t most_errors = 4;
    const std::string plain_name = without_separators(name);
    const std::string plain_candidate = without_separators(candidate);
    if (plain_name.empty()) {
        return hopeless;
    }
    const std::size_t errors = typing_errors(plain_name, plain_candidate);
    if (errors > 1 && is_longer(plain_candidate, plain_name)) {
        return 1;
    }
    if (errors <= std::max<std::size_t>(1, std::min(plain_name.size() / 4, most_errors))) {
        return errors;
    }
    const std::string last_of_name = without_separators(last_part(name));
    const std::string last_of_candidate = without_separators(last_part(candidate));
    if (last_of_candidate == last_of_name) {
        return most_errors + 1;
    }
    return is_longer(last_of_candidate, last_of_name) ? most_errors + 2 : hopeless;
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& candidates) {
    const std::string_view short_name = name.substr(0, longest_name);
    std::optional<std::string> nearest;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const std::string& candidate : candidates) {
        if (const std::size_t candidate_badness = badness(short_name, candidate); candidate_badness < least) {
            least = candidate_badness;
            nearest = candidate;
        }
    }
    return nearest;
}

std::optional<std::string> nearest_spelling(std::string_view name,
                                            std::span<const std::string_view> candidates) {
    constexpr std::size_t most_errors = 2;
    const std::string plain_name = without_separators(name.substr(0, longest_name));
    std::size_t least = std::min(plain_name.size() / 4, most_errors) + 1;
    std::optional<std::string> nearest;
    for (const std::string_view candidate : candidates) {
        if (const std::size_t errors = typing_errors(plain_name, without_separators(candidate));
            errors < least) {
            least = errors;
            nearest = candidate;
        }
    }
    return nearest;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                         std::string_view prefix) {
    const std::optional<std::string> nearest = nearest_name(name, candidates);
    return nearest ? fmt::format("; did you mean {}{}?", prefix, *nearest) : "";
}

}  // namespace exporter::base

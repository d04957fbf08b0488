#include "config/values.h"

#include "base/text.h"
#include "config/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace exporter::config {
namespace {

constexpr std::size_t most_bounds = 20;

const Option* find_option(std::string_view flag) {
    const auto table = options();
    const auto found =
        std::find_if(table.begin(), table.end(), [&](const Option& option) { return option.flag == flag; });
    return found == table.end() ? nullptr : &*found;
}

/// What is wrong with bounds, or empty.
std::string_view fault_in(const std::vector<base::Duration>& bounds) {
    if (bounds.empty()) {
        return "at least one bound is needed, such as 1d,7d,30d";
    }
    if (bounds.size() > most_bounds) {
        return "at most 20 bounds are possible";
    }
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (bounds[i] <= base::Duration::zero()) {
            return "a bound can't be zero";
        }
        if (bounds[i] % std::chrono::seconds(1) != base::Duration::zero()) {
            return "bounds are whole seconds";
        }
        if (i > 0 && bounds[i] <= bounds[i - 1]) {
            return "bounds go from short to long, each once, as in 1d,7d,30d";
        }
    }
    return {};
}

}  // namespace

std::vector<std::string> list_items(const base::Setting& setting, base::MistakeLines& mistakes) {
    std::vector<std::string> items;
    for (const std::string& value : setting.values) {
        for (std::string& item : base::split_list(value)) {
            if (item.empty()) {
                mistakes.push_back(
                    fmt::format("{}: {} has an empty item", setting.place, base::quote(value)));
            } else {
                items.push_back(std::move(item));
            }
        }
    }
    return items;
}

const base::Setting* Values::given(std::string_view flag) const {
    const auto found = settings_.find(flag);
    return found == settings_.end() ? nullptr : &found->second;
}

base::Setting Values::effective(std::string_view flag) const {
    if (const base::Setting* setting = given(flag)) {
        return *setting;
    }
    const Option* option = find_option(flag);
    return base::Setting{base::Source::command_line,
                         fmt::format("--{}", flag),
                         {std::string(option == nullptr ? "" : option->fallback)}};
}

void Values::mistake(std::string_view flag, std::string_view what) const {
    std::string line = fmt::format("{}: {}", effective(flag).place, what);
    if (std::find(mistakes_.begin(), mistakes_.end(), line) == mistakes_.end()) {
        mistakes_.push_back(std::move(line));
    }
}

std::string Values::text(std::string_view flag) const {
    const base::Setting setting = effective(flag);
    return setting.values.empty() ? "" : setting.values.front();
}

std::filesystem::path Values::path(std::string_view flag, const std::filesystem::path& directory) const {
    std::filesystem::path path = text(flag);
    const base::Setting* const setting = given(flag);
    const bool is_from_file = setting != nullptr && setting->source == base::Source::file;
    return is_from_file && !path.empty() && path.is_relative() ? directory / path : path;
}

bool Values::toggle(std::string_view flag) const {
    if (given(flag) == nullptr) {
        return false;
    }
    const std::string value = text(flag);
    const std::string lowered = base::lower(value);
    if (lowered != "true" && lowered != "false") {
        mistake(flag, fmt::format("{} is neither true nor false", base::quote(value)));
    }
    return lowered == "true";
}

std::vector<std::string> Values::list(std::string_view flag) const {
    return list_items(effective(flag), mistakes_);
}

std::uint64_t Values::number(std::string_view flag, std::uint64_t least, std::uint64_t most) const {
    const std::string value = text(flag);
    const auto number = base::parse_number<std::uint64_t>(value);
    if (!number || *number < least || *number > most) {
        mistake(flag, fmt::format("{} is not a whole number from {} to {}", base::quote(value), least, most));
        return least;
    }
    return *number;
}

std::uint64_t Values::percent(std::string_view flag, std::uint64_t most) const {
    const std::string value = text(flag);
    const bool has_sign = value.ends_with('%');
    const auto number =
        has_sign ? base::parse_number<std::uint64_t>(std::string_view(value).substr(0, value.size() - 1))
                 : std::nullopt;
    if (!number || *number > most) {
        mistake(flag, fmt::format("{} is not a share from 0% to {}%, such as 10%", base::quote(value), most));
        return 0;
    }
    return *number;
}

base::Duration Values::duration(std::string_view flag, base::Duration least) const {
    const std::string value = text(flag);
    const auto duration = base::parse_duration(value);
    if (!duration) {
        mistake(flag, duration.error());
        return least;
    }
    if (*duration < least) {
        mistake(flag, fmt::format("{} is too short; the least is {}", base::quote(value),
                                  base::format_duration(least)));
        return least;
    }
    return *duration;
}

std::vector<base::Duration> Values::bounds(std::string_view flag) const {
    const std::size_t mistakes_before = mistakes_.size();
    const std::vector<std::string> items = list(flag);
    std::vector<base::Duration> bounds;
    for (const std::string& item : items) {
        if (const auto bound = base::parse_duration(item)) {
            bounds.push_back(*bound);
        } else {
            mistake(flag, bound.error());
        }
    }
    if (const std::string_view fault = fault_in(bounds);
        !fault.empty() && mistakes_.size() == mistakes_before) {
        mistake(flag, fmt::format("{}: {}", base::quote(fmt::format("{}", fmt::join(items, ","))), fault));
    }
    return bounds;
}

void Values::report_choice(std::string_view flag, const std::string& chosen,
                           const std::vector<std::string>& names) const {
    mistake(flag, fmt::format("{} is not one of the choices; write {}", base::quote(chosen),
                              base::join_choices(names)));
}

}  // namespace exporter::config

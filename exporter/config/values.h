// Settings read as what they mean.
#pragma once

#include "base/duration.h"
#include "base/setting.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::config {

/// The options' values, by flag; where nobody gave one, the option table's default. What can't be read, or is
/// out of range, becomes a mistake, and some value in range stands in, so that the rest can be judged as
/// well.
class Values {
  public:
    Values(const base::Settings& settings, base::MistakeLines& mistakes)
        : settings_(settings), mistakes_(mistakes) {}

    /// What was given for the option; nullptr: nothing, the default holds.
    [[nodiscard]] const base::Setting* given(std::string_view flag) const;

    [[nodiscard]] std::string text(std::string_view flag) const;
    /// A relative path in the configuration file starts at `directory`, where that file is.
    [[nodiscard]] std::filesystem::path path(std::string_view flag,
                                             const std::filesystem::path& directory) const;
    [[nodiscard]] bool toggle(std::string_view flag) const;
    [[nodiscard]] std::vector<std::string> list(std::string_view flag) const;
    [[nodiscard]] std::uint64_t number(std::string_view flag, std::uint64_t least, std::uint64_t most) const;
    /// A whole number before `%`, as in `10%`.
    [[nodiscard]] std::uint64_t percent(std::string_view flag, std::uint64_t most) const;
    [[nodiscard]] base::Duration duration(std::string_view flag, base::Duration least) const;
    /// Ascending bounds of buckets, 1 to 20 of them, in whole seconds.
    [[nodiscard]] std::vector<base::Duration> bounds(std::string_view flag) const;

    template <class Choice>
    using Choices = std::vector<std::pair<std::string_view, Choice>>;

    template <class Choice>
    [[nodiscard]] Choice choice(std::string_view flag, const Choices<Choice>& choices) const {
        const std::string chosen = text(flag);
        std::vector<std::string> names;
        for (const auto& [name, value] : choices) {
            if (name == chosen) {
                return value;
            }
            names.emplace_back(name);
        }
        report_choice(flag, chosen, names);
        return choices.front().second;
    }

    /// Adds `<place>: <what>`, once; the place is where the option's value was given.
    void mistake(std::string_view flag, std::string_view what) const;

  private:
    /// The default as a setting when nothing was given.
    [[nodiscard]] base::Setting effective(std::string_view flag) const;
    void report_choice(std::string_view flag, const std::string& chosen,
                       const std::vector<std::string>& names) const;

    const base::Settings& settings_;
    base::MistakeLines& mistakes_;
};

/// The items of a list setting: each value may hold several, separated by commas. An empty item is a mistake.
[[nodiscard]] std::vector<std::string> list_items(const base::Setting& setting, base::MistakeLines& mistakes);

}  // namespace exporter::config

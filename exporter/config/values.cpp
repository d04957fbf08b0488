// Reads values into the members of the draft and writes them back, depending on the member's type.
#include "base/address.h"
#include "base/text.h"
#include "config/options.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace exporter::config {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t most_bounds = 20;
constexpr base::Duration least_duration = std::chrono::seconds(1);

/// The suffix of a number.
std::string_view unit_of(const Form& form) {
    return form.name == "PERCENT" ? "%" : "";
}

/// `none|all` -> `none`, `all`
Texts choices(const Form& form) {
    std::string names(form.name);
    std::replace(names.begin(), names.end(), '|', ',');
    return base::split_list(names);
}

// From a string to a member. Each function returns what is wrong with the text, or nothing.

/// A string or a path.
template <class Text>
    requires std::is_assignable_v<Text&, std::string>
std::string read(const Form& /*form*/, const std::string& text, Text& member) {
    member = text;
    return {};
}

std::string read(const Form& /*form*/, const std::string& text, std::optional<SecretSource>& member) {
    member = text.empty() ? std::nullopt : std::optional<SecretSource>(std::filesystem::path(text));
    return {};
}

std::string read(const Form& /*form*/, const std::string& text, bool& member) {
    member = base::same_word(text, "true");
    return member || base::same_word(text, "false")
               ? std::string()
               : fmt::format("{} is neither true nor false", base::quote(text));
}

std::string read(const Form& form, const std::string& text, std::size_t& member) {
    const std::string_view unit = unit_of(form);
    const auto number =
        text.ends_with(unit)
            ? base::parse_number<std::size_t>(std::string_view(text).substr(0, text.size() - unit.size()))
            : std::nullopt;
    if (!number || *number < form.least || *number > form.most) {
        return fmt::format("{} is not a whole number from {}{} to {}{}", base::quote(text), form.least, unit,
                           form.most, unit);
    }
    member = *number;
    return {};
}

std::string read(const Form& /*form*/, const std::string& text, base::Duration& member) {
    const auto duration = base::parse_duration(text);
    if (!duration) {
        return duration.error();
    }
    if (*duration < least_duration) {
        return fmt::format("{} is too short; the minimum is {}", base::quote(text),
                           base::format_duration(least_duration));
    }
    member = *duration;
    return {};
}

std::string read(const Form& /*form*/, const std::string& text, ListenAddress& member) {
    auto address = base::parse_listen_address(text);
    if (!address) {
        return std::move(address.error());
    }
    member = *std::move(address);
    return {};
}

template <class Choice>
    requires std::is_enum_v<Choice>
std::string read(const Form& form, const std::string& text, Choice& member) {
    const Texts names = choices(form);
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) {
        return fmt::format("{} is not one of the choices: {}", base::quote(text), base::join(names));
    }
    member = static_cast<Choice>(found - names.begin());
    return {};
}

// From a member to a string.

std::string show(const Form& /*form*/, const std::string& member) {
    return member;
}

std::string show(const Form& /*form*/, const std::filesystem::path& member) {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(member, error);
    return member.empty() ? std::string() : (error ? member : whole).lexically_normal().string();
}

std::string show(const Form& form, const std::optional<SecretSource>& member) {
    const auto* const path = member ? std::get_if<std::filesystem::path>(&*member) : nullptr;
    return path == nullptr ? std::string() : show(form, *path);
}

std::string show(const Form& /*form*/, bool member) {
    return member ? "true" : "false";
}

std::string show(const Form& form, std::size_t member) {
    return fmt::format("{}{}", member, unit_of(form));
}

std::string show(const Form& /*form*/, base::Duration member) {
    return base::format_duration(member);
}

std::string show(const Form& /*form*/, const ListenAddress& member) {
    return base::listen_address_text(member);
}

template <class Choice>
    requires std::is_enum_v<Choice>
std::string show(const Form& form, Choice member) {
    return choices(form).at(static_cast<std::size_t>(member));
}

bool are_bounds(const std::vector<base::Duration>& durations) {
    const auto is_whole = [](base::Duration duration) {
        return duration % std::chrono::seconds(1) == base::Duration::zero();
    };
    return !durations.empty() && durations.size() <= most_bounds &&
           std::all_of(durations.begin(), durations.end(), is_whole) &&
           std::adjacent_find(durations.begin(), durations.end(), std::greater_equal<>()) == durations.end();
}

template <class Single>
std::string read_all(const Form& form, const Texts& texts, Single& member) {
    return read(form, texts.front(), member);
}

/// The items of a list: each text may contain several, separated by commas.
template <class Item>
std::string read_all(const Form& form, const Texts& texts, std::vector<Item>& members) {
    Texts faults;
    members.clear();
    for (const std::string& text : texts) {
        for (const std::string& item : base::split_list(text)) {
            std::string fault = item.empty() ? fmt::format("{} has an empty item", base::quote(text))
                                             : read(form, item, members.emplace_back());
            if (!fault.empty()) {
                faults.push_back(std::move(fault));
            }
        }
    }
    if constexpr (std::is_same_v<Item, base::Duration>) {
        if (faults.empty() && !are_bounds(members)) {
            return fmt::format(
                "{}: takes 1 to {} bounds in whole seconds, in ascending order, each once, such as 1d,7d,30d",
                base::quote(fmt::format("{}", fmt::join(texts, ","))), most_bounds);
        }
    }
    return fmt::format("{}", fmt::join(faults, "; "));
}

template <class Single>
Texts show_all(const Form& form, const Single& member) {
    return {show(form, member)};
}

template <class Item>
Texts show_all(const Form& form, const std::vector<Item>& members) {
    Texts texts;
    for (const Item& member : members) {
        texts.push_back(show(form, member));
    }
    return texts;
}

}  // namespace

std::string read_member(const Option& option, const Texts& texts, Draft& draft) {
    return std::visit([&](auto* member) { return read_all(option.form, texts, *member); },
                      option.member.in(draft));
}

Texts member_texts(const Option& option, Draft& draft) {
    return std::visit([&](const auto* member) { return show_all(option.form, *member); },
                      option.member.in(draft));
}

std::string default_text(const Option& option) {
    Draft untouched;
    return option.form.name.empty() ? std::string()
                                    : fmt::format("{}", fmt::join(member_texts(option, untouched), ","));
}

namespace {

/// A renamed value whose old name is still accepted.
struct RenamedValue {
    std::string_view flag;
    std::string_view old;
    std::string_view now;
};
constexpr auto renamed_values = std::to_array<RenamedValue>({{"tokens.detail", "expiring", "findings"}});

Texts current_texts(Given& given, const Option& option, Texts texts) {
    for (const auto& [flag, old, now] : renamed_values) {
        if (flag == option.flag && texts.front() == old) {
            given.warn(flag, "{} is now called {}; write {}", old, now, now);
            texts.front() = now;
        }
    }
    return texts;
}

}  // namespace

void read_rows(Given& given, Draft& draft, bool of_one_organization) {
    for (const Option& option : options()) {
        const base::Setting* const setting = given.find(option.flag);
        if (setting == nullptr || of_one_organization != option.member.of_organization) {
            continue;
        }
        if (const std::string fault =
                read_member(option, current_texts(given, option, setting->values), draft);
            !fault.empty()) {
            given.mistake(option.flag, "{}", fault);
        }
    }
}

}  // namespace exporter::config

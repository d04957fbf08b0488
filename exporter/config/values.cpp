// How values are read into the members of the draft, and written down again: by the member's type.
#include "base/address.h"
#include "base/text.h"
#include "config/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

namespace exporter::config {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t most_bounds = 20;
constexpr base::Duration least_duration = std::chrono::seconds(1);

bool is_percent(const Form& form) {
    return form.name == "PERCENT";
}

/// `none|all` -> `none`, `all`
Texts choices(const Form& form) {
    std::string names(form.name);
    std::replace(names.begin(), names.end(), '|', ',');
    return base::split_list(names);
}

// From a text to a member. They return what is wrong with the text, or nothing.

/// A text or a path.
template <class Text>
    requires std::is_assignable_v<Text&, std::string>
std::string read(const Form& /*form*/, const std::string& text, Text& member) {
    member = text;
    return {};
}

std::string read(const Form& /*form*/, const std::string& text, bool& member) {
    member = base::same_word(text, "true");
    return member || base::same_word(text, "false")
               ? std::string()
               : fmt::format("{} is neither true nor false", base::quote(text));
}

std::string read(const Form& form, const std::string& text, std::size_t& member) {
    std::string_view digits = text;
    const bool has_sign = digits.ends_with('%');
    if (is_percent(form) && has_sign) {
        digits.remove_suffix(1);
    }
    const auto number = base::parse_number<std::size_t>(digits);
    if (number && *number >= form.least && *number <= form.most && has_sign == is_percent(form)) {
        member = *number;
        return {};
    }
    return is_percent(form) ? fmt::format("{} is not a share from {}% to {}%, such as 10%", base::quote(text),
                                          form.least, form.most)
                            : fmt::format("{} is not a whole number from {} to {}", base::quote(text),
                                          form.least, form.most);
}

std::string read(const Form& /*form*/, const std::string& text, base::Duration& member) {
    const auto duration = base::parse_duration(text);
    if (!duration) {
        return duration.error();
    }
    if (*duration < least_duration) {
        return fmt::format("{} is too short; the least is {}", base::quote(text),
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
        return fmt::format("{} is not one of the choices; write {}", base::quote(text),
                           base::join_choices(names));
    }
    member = static_cast<Choice>(found - names.begin());
    return {};
}

// From a member to a text.

std::string show(const Form& /*form*/, const std::string& member) {
    return member;
}

std::string show(const Form& /*form*/, const std::filesystem::path& member) {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(member, error);
    return member.empty() ? std::string() : (error ? member : whole).lexically_normal().string();
}

std::string show(const Form& /*form*/, bool member) {
    return member ? "true" : "false";
}

std::string show(const Form& form, std::size_t member) {
    return fmt::format("{}{}", member, is_percent(form) ? "%" : "");
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

/// What is wrong with the bounds of buckets, or empty.
std::string_view fault_in(const std::vector<base::Duration>& bounds) {
    if (bounds.empty()) {
        return "at least one bound is needed, such as 1d,7d,30d";
    }
    if (bounds.size() > most_bounds) {
        return "at most 20 bounds are possible";
    }
    for (std::size_t i = 0; i < bounds.size(); ++i) {
        if (bounds[i] % std::chrono::seconds(1) != base::Duration::zero()) {
            return "bounds are whole seconds";
        }
        if (i > 0 && bounds[i] <= bounds[i - 1]) {
            return "bounds go from short to long, each once, as in 1d,7d,30d";
        }
    }
    return {};
}

/// The items of a list: each text may hold several, separated by commas. Empty ones become faults.
Texts list_items(const Texts& texts, Texts& faults) {
    Texts items;
    for (const std::string& text : texts) {
        for (std::string& item : base::split_list(text)) {
            if (item.empty()) {
                faults.push_back(fmt::format("{} has an empty item", base::quote(text)));
            } else {
                items.push_back(std::move(item));
            }
        }
    }
    return items;
}

template <class Item>
Texts read_list(const Form& form, const Texts& texts, std::vector<Item>& members) {
    Texts faults;
    members.clear();
    for (const std::string& text : list_items(texts, faults)) {
        if (std::string fault = read(form, text, members.emplace_back()); !fault.empty()) {
            faults.push_back(std::move(fault));
        }
    }
    return faults;
}

/// Reads all texts of an option, whether they are one or a list.
struct TextsReader {
    const Form& form;
    const Texts& texts;

    template <class Single>
    Texts operator()(Single* member) const {
        std::string fault = read(form, texts.front(), *member);
        return fault.empty() ? Texts{} : Texts{std::move(fault)};
    }
    template <class Item>
    Texts operator()(std::vector<Item>* members) const {
        return read_list(form, texts, *members);
    }
    Texts operator()(std::vector<base::Duration>* bounds) const {
        Texts faults = read_list(form, texts, *bounds);
        if (const std::string_view fault = fault_in(*bounds); faults.empty() && !fault.empty()) {
            faults.push_back(
                fmt::format("{}: {}", base::quote(fmt::format("{}", fmt::join(texts, ","))), fault));
        }
        return faults;
    }
};

struct Writer {
    const Form& form;

    template <class Single>
    Texts operator()(const Single* member) const {
        return {show(form, *member)};
    }
    template <class Item>
    Texts operator()(const std::vector<Item>* members) const {
        Texts texts;
        for (const Item& member : *members) {
            texts.push_back(show(form, member));
        }
        return texts;
    }
};

void read_rows(Given& given, Draft& draft, bool of_one_organization) {
    for (const Option& option : options()) {
        const base::Setting* const setting = given.find(option.flag);
        if (setting == nullptr || option.member == nullptr ||
            of_one_organization == option.organization_key.empty()) {
            continue;
        }
        for (const std::string& fault : read_member(option, setting->values, draft)) {
            given.mistake(option.flag, fault);
        }
    }
}

}  // namespace

Texts read_member(const Option& option, const Texts& texts, Draft& draft) {
    return std::visit(TextsReader{option.form, texts}, option.member(draft));
}

Texts member_texts(const Option& option, Draft& draft) {
    return std::visit(Writer{option.form}, option.member(draft));
}

std::string default_text(const Option& option) {
    Draft untouched;
    return option.form.name.empty() ? std::string()
                                    : fmt::format("{}", fmt::join(member_texts(option, untouched), ","));
}

void add_once(std::vector<std::string>& lines, std::string line) {
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) {
        lines.push_back(std::move(line));
    }
}

const base::Setting* Given::find(std::string_view flag) const {
    const auto found = settings_.find(flag);
    return found == settings_.end() ? nullptr : &found->second;
}

std::string Given::place(std::string_view flag) const {
    const base::Setting* const setting = find(flag);
    return setting == nullptr ? fmt::format("--{}", flag) : setting->place;
}

void Given::mistake(std::string_view flag, std::string_view what) {
    wrong_.emplace(flag);
    add_once(findings_.mistakes, fmt::format("{}: {}", place(flag), what));
}

void Given::warn(std::string_view flag, std::string_view what) {
    add_once(findings_.warnings, fmt::format("{}: {}", place(flag), what));
}

void read_options(Given& given, Draft& draft) {
    read_rows(given, draft, false);
}

void read_organization_options(Given& given, Draft& draft) {
    read_rows(given, draft, true);
}

}  // namespace exporter::config

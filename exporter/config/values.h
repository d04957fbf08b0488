// The kinds of options: how a value's text becomes the member that it fills, and the member a text again.
//
// A kind takes the path to the member as template arguments: `duration<&Draft::poll,
// &Poll::interval>(least)`.
#pragma once

#include "base/duration.h"
#include "config/draft.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <tl/expected.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace exporter::config {

enum class Kind {
    value,          ///< takes one value
    file,           ///< takes a path, which in the configuration file may be relative to that file
    list,           ///< repeatable on the command line; items between commas, or a sequence in YAML
    toggle,         ///< present or not; true/false in the environment and in YAML
    flag_only,      ///< present or not, on the command line alone (`--help`, `--version`)
    flag_or_value,  ///< with a value or without, on the command line alone
};

using Texts = std::vector<std::string>;

struct Value {
    Kind kind = Kind::flag_only;
    std::string name = {};  ///< what `--help` shows, such as `DURATION`; empty: it takes none
    /// Sets the member. What is wrong with the texts, a line each; then the member means nothing.
    std::function<Texts(const Texts& texts, Draft& draft)> read = {};
    /// The member as texts that read back as the same: one, but for lists.
    std::function<Texts(const Draft& draft)> write = {};
};

/// What a text means, or what is wrong with it.
template <class Meaning>
using Parsed = tl::expected<Meaning, std::string>;

[[nodiscard]] Parsed<std::string> any_text(const std::string& text);
[[nodiscard]] Parsed<bool> true_or_false(const std::string& text);
[[nodiscard]] Parsed<std::uint64_t> number_between(const std::string& text, std::uint64_t least,
                                                   std::uint64_t most);
[[nodiscard]] Parsed<std::uint64_t> share_up_to(const std::string& text, std::uint64_t most);
[[nodiscard]] Parsed<base::Duration> duration_from(const std::string& text, base::Duration least);
[[nodiscard]] Parsed<ListenAddress> parse_listen_address(const std::string& text);
[[nodiscard]] std::string listen_address_text(const ListenAddress& address);
[[nodiscard]] std::string whole_path(const std::string& path);
/// The items of a list: each text may hold several, separated by commas. Empty ones become faults.
[[nodiscard]] Texts list_items(const Texts& texts, Texts& faults);
/// What is wrong with bounds that ascend, 1 to 20 of them, in whole seconds; empty: nothing.
[[nodiscard]] std::string_view fault_in(const std::vector<base::Duration>& bounds);
[[nodiscard]] std::string not_a_choice(const std::string& text, const Texts& names);
[[nodiscard]] std::string quoted_list(const Texts& texts);

template <auto... path>
auto& member(auto& draft) {
    return (draft.*....*path);
}

template <auto... path>
using Member = std::remove_reference_t<decltype(member<path...>(std::declval<Draft&>()))>;

/// @param parse from a text to what `Parsed` has
/// @param show the text of a member
template <auto... path, class Parse, class Show>
Value one(Kind kind, std::string name, Parse parse, Show show) {
    return {kind, std::move(name),
            [parse](const Texts& texts, Draft& draft) -> Texts {
                auto meaning = parse(texts.front());
                if (!meaning) {
                    return {std::move(meaning.error())};
                }
                member<path...>(draft) = static_cast<Member<path...>>(*std::move(meaning));
                return {};
            },
            [show](const Draft& draft) { return Texts{show(member<path...>(draft))}; }};
}

template <auto... path, class Parse, class Show>
Value many(std::string name, Parse parse, Show show) {
    return {Kind::list, std::move(name),
            [parse](const Texts& texts, Draft& draft) {
                Texts faults;
                auto& items = member<path...>(draft);
                items.clear();
                for (const std::string& text : list_items(texts, faults)) {
                    if (auto meaning = parse(text)) {
                        items.push_back(*std::move(meaning));
                    } else {
                        faults.push_back(std::move(meaning.error()));
                    }
                }
                return faults;
            },
            [show](const Draft& draft) {
                Texts texts;
                for (const auto& item : member<path...>(draft)) {
                    texts.push_back(show(item));
                }
                return texts;
            }};
}

template <auto... path>
Value text(std::string name) {
    return one<path...>(Kind::value, std::move(name), any_text, std::identity{});
}

template <auto... path>
Value flag_or_text(std::string name) {
    return one<path...>(Kind::flag_or_value, std::move(name), any_text, std::identity{});
}

template <auto... path>
Value file() {
    return one<path...>(Kind::file, "FILE", any_text, whole_path);
}

template <auto... path>
Value toggle() {
    return one<path...>(Kind::toggle, "", true_or_false, [](bool value) { return value ? "true" : "false"; });
}

template <auto... path>
Value number(std::uint64_t least, std::uint64_t most) {
    return one<path...>(
        Kind::value, "NUMBER", [=](const std::string& text) { return number_between(text, least, most); },
        [](std::uint64_t value) { return fmt::to_string(value); });
}

/// A whole number before `%`, as in `10%`.
template <auto... path>
Value share(std::uint64_t most) {
    return one<path...>(
        Kind::value, "PERCENT", [=](const std::string& text) { return share_up_to(text, most); },
        [](auto value) { return fmt::format("{}%", value); });
}

template <auto... path>
Value duration(base::Duration least) {
    return one<path...>(
        Kind::value, "DURATION", [=](const std::string& text) { return duration_from(text, least); },
        base::format_duration);
}

template <auto... path>
Value choice(const std::vector<std::pair<std::string, Member<path...>>>& choices) {
    Texts names;
    std::transform(choices.begin(), choices.end(), std::back_inserter(names),
                   [](const auto& choice) { return choice.first; });
    return one<path...>(
        Kind::value, fmt::format("{}", fmt::join(names, "|")),
        [=](const std::string& text) -> Parsed<Member<path...>> {
            const auto found = std::find(names.begin(), names.end(), text);
            if (found == names.end()) {
                return tl::unexpected(not_a_choice(text, names));
            }
            return choices[static_cast<std::size_t>(found - names.begin())].second;
        },
        [=](Member<path...> value) {
            return std::find_if(choices.begin(), choices.end(),
                                [=](const auto& c) { return c.second == value; })
                ->first;
        });
}

template <auto... path>
Value texts(std::string name) {
    return many<path...>(std::move(name), any_text, std::identity{});
}

template <auto... path>
Value addresses() {
    return many<path...>("ADDRESS", parse_listen_address, listen_address_text);
}

/// Ascending bounds of buckets.
template <auto... path>
Value bounds() {
    Value value = many<path...>("DURATION", base::parse_duration, base::format_duration);
    value.read = [read = std::move(value.read)](const Texts& texts, Draft& draft) {
        Texts faults = read(texts, draft);
        const std::string_view fault = fault_in(member<path...>(draft));
        if (faults.empty() && !fault.empty()) {
            faults.push_back(fmt::format("{}: {}", quoted_list(texts), fault));
        }
        return faults;
    };
    return value;
}

}  // namespace exporter::config

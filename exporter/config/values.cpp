#include "config/values.h"

#include "base/address.h"
#include "base/text.h"
#include "config/options.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>

namespace exporter::config {
namespace {

constexpr std::size_t most_bounds = 20;
constexpr std::string_view unix_prefix = "unix:";
/// What `sockaddr_un::sun_path` holds beside its final zero, see unix(7).
constexpr std::size_t longest_unix_path = 107;

void read_rows(Given& given, Draft& draft, bool of_one_organization) {
    for (const Option& option : options()) {
        const base::Setting* const setting = given.find(option.flag);
        if (setting == nullptr || !option.value.read ||
            of_one_organization == option.organization_key.empty()) {
            continue;
        }
        for (const std::string& fault : option.value.read(setting->values, draft)) {
            given.mistake(option.flag, fault);
        }
    }
}

/// What is wrong with the path of a Unix socket, or empty.
std::string_view fault_in_unix_path(std::string_view path) {
    if (!path.starts_with('/')) {
        return "the path does not begin with /";
    }
    if (path.ends_with('/')) {
        return "the path is a directory's";
    }
    if (path.size() > longest_unix_path) {
        return "the path is longer than 107 bytes";
    }
    return std::none_of(path.begin(), path.end(), base::is_control) ? ""
                                                                    : "the path holds a control character";
}

/// What is wrong with an address of TCP, or empty.
std::string_view fault_in_host_port(const tl::expected<base::HostPort, std::string>& split) {
    if (!split) {
        return split.error();
    }
    if (!split->port) {
        return "the port is missing";
    }
    return split->host.empty() || base::is_host_name(split->host) || base::parse_ip(split->host)
               ? ""
               : "the host is not a name or an address";
}

tl::unexpected<std::string> not_an_address(std::string_view text, std::string_view why) {
    return tl::unexpected(
        fmt::format("{} is not an address to listen on: {}; write :10077, 127.0.0.1:10077, [::1]:10077 or "
                    "unix:/run/exporter.sock",
                    base::quote(text), why));
}

}  // namespace

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

Parsed<std::string> any_text(const std::string& text) {
    return text;
}

Parsed<bool> true_or_false(const std::string& text) {
    const bool is_true = base::same_word(text, "true");
    if (!is_true && !base::same_word(text, "false")) {
        return tl::unexpected(fmt::format("{} is neither true nor false", base::quote(text)));
    }
    return is_true;
}

Parsed<std::uint64_t> number_between(const std::string& text, std::uint64_t least, std::uint64_t most) {
    const auto number = base::parse_number<std::uint64_t>(text);
    if (!number || *number < least || *number > most) {
        return tl::unexpected(
            fmt::format("{} is not a whole number from {} to {}", base::quote(text), least, most));
    }
    return *number;
}

Parsed<std::uint64_t> share_up_to(const std::string& text, std::uint64_t most) {
    const auto number =
        text.ends_with('%')
            ? base::parse_number<std::uint64_t>(std::string_view(text).substr(0, text.size() - 1))
            : std::nullopt;
    if (!number || *number > most) {
        return tl::unexpected(
            fmt::format("{} is not a share from 0% to {}%, such as 10%", base::quote(text), most));
    }
    return *number;
}

Parsed<base::Duration> duration_from(const std::string& text, base::Duration least) {
    auto duration = base::parse_duration(text);
    if (duration && *duration < least) {
        return tl::unexpected(
            fmt::format("{} is too short; the least is {}", base::quote(text), base::format_duration(least)));
    }
    return duration;
}

Parsed<ListenAddress> parse_listen_address(const std::string& text) {
    ListenAddress address;
    if (text.starts_with(unix_prefix)) {
        address.unix_path = text.substr(unix_prefix.size());
        const std::string_view fault = fault_in_unix_path(address.unix_path);
        return fault.empty() ? Parsed<ListenAddress>(std::move(address)) : not_an_address(text, fault);
    }
    auto split = base::split_host_port(text);
    if (const std::string_view fault = fault_in_host_port(split); !fault.empty()) {
        return not_an_address(text, fault);
    }
    address.host = std::move(split->host);
    address.port = static_cast<std::uint16_t>(*split->port);
    return address;
}

std::string listen_address_text(const ListenAddress& address) {
    if (!address.unix_path.empty()) {
        return fmt::format("{}{}", unix_prefix, address.unix_path);
    }
    const bool is_v6 = address.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", address.host, is_v6 ? "]" : "", address.port);
}

std::string whole_path(const std::string& path) {
    if (path.empty()) {
        return {};
    }
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(path, error);
    return (error ? std::filesystem::path(path) : whole).lexically_normal().string();
}

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

std::string not_a_choice(const std::string& text, const Texts& names) {
    return fmt::format("{} is not one of the choices; write {}", base::quote(text),
                       base::join_choices(names));
}

std::string quoted_list(const Texts& texts) {
    return base::quote(fmt::format("{}", fmt::join(texts, ",")));
}

}  // namespace exporter::config

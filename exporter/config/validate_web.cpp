#include "config/validate_web.h"

#include "base/address.h"
#include "base/text.h"

#include <fmt/format.h>
#include <tl/expected.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

constexpr std::string_view unix_prefix = "unix:";
/// What `sockaddr_un::sun_path` holds beside its final zero, see unix(7).
constexpr std::size_t longest_unix_path = 107;

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

tl::expected<ListenAddress, std::string> parse_listen_address(std::string_view text) {
    ListenAddress address;
    if (text.starts_with(unix_prefix)) {
        address.unix_path = text.substr(unix_prefix.size());
        const std::string_view fault = fault_in_unix_path(address.unix_path);
        return fault.empty() ? tl::expected<ListenAddress, std::string>(std::move(address))
                             : not_an_address(text, fault);
    }
    auto split = base::split_host_port(text);
    if (const std::string_view fault = fault_in_host_port(split); !fault.empty()) {
        return not_an_address(text, fault);
    }
    address.host = std::move(split->host);
    address.port = static_cast<std::uint16_t>(*split->port);
    return address;
}

/// @param taken addresses that another option serves on
std::vector<ListenAddress> read_addresses(const Values& values, std::string_view flag,
                                          const std::vector<std::string>& items,
                                          const std::vector<ListenAddress>& taken) {
    std::vector<ListenAddress> addresses;
    const auto holds = [](const std::vector<ListenAddress>& list, const ListenAddress& address) {
        // Port 0 is another one each time.
        const bool is_any_port = address.port == 0 && address.unix_path.empty();
        return !is_any_port && std::find(list.begin(), list.end(), address) != list.end();
    };
    for (const std::string& item : items) {
        auto address = parse_listen_address(item);
        if (!address) {
            values.mistake(flag, address.error());
        } else if (holds(addresses, *address)) {
            values.mistake(flag, fmt::format("{} is given twice", base::quote(item)));
        } else if (holds(taken, *address)) {
            values.mistake(flag,
                           fmt::format("{} is an address of --web.listen-address too", base::quote(item)));
        } else {
            addresses.push_back(*std::move(address));
        }
    }
    return addresses;
}

void read_sockets(const Values& values, Web& web) {
    constexpr std::string_view flag = "web.listen-address";
    constexpr std::string_view probe_flag = "web.probe-listen-address";
    web.systemd_socket = values.toggle("web.systemd-socket");
    const base::Setting* const given = values.given(flag);
    if (web.systemd_socket && given != nullptr) {
        values.mistake("web.systemd-socket",
                       fmt::format("{} is given as well; either systemd says where to serve, or the address "
                                   "does: keep one of them",
                                   given->place));
    }
    if (!web.systemd_socket) {
        const std::vector<std::string> items = values.list(flag);
        web.listen_addresses = read_addresses(values, flag, items, {});
        if (items.empty()) {
            values.mistake(flag, "at least one address is needed, such as :10077");
        }
    }
    web.probe_listen_addresses =
        read_addresses(values, probe_flag, values.list(probe_flag), web.listen_addresses);
}

void read_limits(const Values& values, const base::MistakeLines& mistakes, Web& web) {
    constexpr std::string_view per_address = "web.max-connections-per-address";
    constexpr std::uint64_t most = 100'000;
    const std::size_t mistakes_before = mistakes.size();
    web.max_connections = static_cast<std::size_t>(values.number("web.max-connections", 1, most));
    web.max_connections_per_address = static_cast<std::size_t>(values.number(per_address, 1, most));
    // Clients that don't read must leave places for those who do.
    web.max_scrapes = std::min(static_cast<std::size_t>(values.number("web.max-scrapes", 1, most)),
                               std::max<std::size_t>(1, web.max_connections / 2));
    if (web.max_connections_per_address <= web.max_connections) {
        return;
    }
    if (values.given(per_address) != nullptr && mistakes.size() == mistakes_before) {
        values.mistake(per_address, fmt::format("{} is more than all connections together, {} "
                                                "(--web.max-connections)",
                                                web.max_connections_per_address, web.max_connections));
    }
    web.max_connections_per_address = web.max_connections;
}

/// What is wrong with the path of the metrics, or empty.
std::string_view fault_in_path(std::string_view path) {
    const auto is_plain = [](char c) { return base::is_visible(c) && c != '?' && c != '#' && c != '%'; };
    if (!path.starts_with('/')) {
        return "does not begin with /";
    }
    if (!std::all_of(path.begin(), path.end(), is_plain)) {
        return "holds a character that a path can't have";
    }
    constexpr std::array<std::string_view, 5> taken = {"/", "/config", "/healthz", "/livez", "/readyz"};
    return std::find(taken.begin(), taken.end(), path) != taken.end() ? "is the path of something else" : "";
}

}  // namespace

Web read_web(const Values& values, const std::filesystem::path& directory, base::MistakeLines& mistakes) {
    Web web;
    read_sockets(values, web);
    read_limits(values, mistakes, web);
    web.telemetry_path = values.text("web.telemetry-path");
    if (const std::string_view fault = fault_in_path(web.telemetry_path); !fault.empty()) {
        values.mistake("web.telemetry-path",
                       fmt::format("{} {}; write it like /metrics", base::quote(web.telemetry_path), fault));
    }
    web.config_file = values.path("web.config.file", directory).string();
    web.world_readable = values.toggle("datadog.allow-world-readable-secrets") ? base::WorldReadable::allowed
                                                                               : base::WorldReadable::refused;
    return web;
}

}  // namespace exporter::config

#include "config/environment.h"

#include "base/nearest_name.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace exporter::config {
namespace {

constexpr std::string_view own_prefix = "DATADOG_TOKEN_EXPORTER_";

/// `PORT_9100_TCP_ADDR` and its like, as Kubernetes writes them for each port of a service.
bool is_port_variable(std::string_view tail) {
    for (const std::string_view part : {"_ADDR", "_PORT", "_PROTO"}) {
        if (tail.ends_with(part)) {
            tail.remove_suffix(part.size());
            break;
        }
    }
    for (const std::string_view protocol : {"_TCP", "_UDP", "_SCTP"}) {
        if (tail.ends_with(protocol)) {
            tail.remove_suffix(protocol.size());
            const std::size_t digits = tail.find_last_not_of("0123456789") + 1;
            const std::string_view head = tail.substr(0, digits);
            return digits < tail.size() && (head == "PORT_" || head.ends_with("_PORT_"));
        }
    }
    return false;
}

/// Kubernetes sets variables named after every service of the namespace: a service that is called
/// `datadog-token-exporter` puts DATADOG_TOKEN_EXPORTER_SERVICE_HOST into the exporter's own pod.
bool is_made_by_kubernetes(std::string_view tail) {
    const auto ends_with_word = [&](std::string_view word) {
        return tail == word || (tail.ends_with(word) && tail[tail.size() - word.size() - 1] == '_');
    };
    return ends_with_word("SERVICE_HOST") || ends_with_word("PORT") || tail.starts_with("SERVICE_PORT_") ||
           tail.find("_SERVICE_PORT_") != std::string_view::npos || is_port_variable(tail);
}

std::string first_set(const Environment& environment, std::string_view name, std::string_view other) {
    return variable(environment, name).value_or(variable(environment, other).value_or(""));
}

}  // namespace

std::optional<std::string> variable(const Environment& environment, std::string_view name) {
    const auto found = environment.find(std::string(name));
    if (found == environment.end() || found->second.empty()) {
        return std::nullopt;
    }
    return found->second;
}

base::Settings read_environment(const Environment& environment, base::MistakeLines& mistakes) {
    base::Settings settings;
    std::vector<std::string> known_tails;
    for (const Option& option : options()) {
        if (is_for_command_line_alone(option)) {
            continue;
        }
        const std::string name = environment_variable(option);
        known_tails.push_back(name.substr(own_prefix.size()));
        if (const std::optional<std::string> value = variable(environment, name)) {
            settings[std::string(option.flag)] = base::Setting{base::Source::environment, name, {*value}};
        }
    }
    for (auto entry = environment.lower_bound(std::string(own_prefix));
         entry != environment.end() && entry->first.starts_with(own_prefix); ++entry) {
        const std::string tail = entry->first.substr(own_prefix.size());
        const bool is_known = std::find(known_tails.begin(), known_tails.end(), tail) != known_tails.end();
        if (!is_known && !entry->second.empty() && !is_made_by_kubernetes(tail)) {
            mistakes.push_back(fmt::format("{}: no option has this variable{}", entry->first,
                                           base::did_you_mean(tail, known_tails, own_prefix)));
        }
    }
    return settings;
}

ProxyVariables proxy_variables(const Environment& environment) {
    return ProxyVariables{first_set(environment, "https_proxy", "HTTPS_PROXY"),
                          first_set(environment, "http_proxy", "HTTP_PROXY"),
                          first_set(environment, "all_proxy", "ALL_PROXY"),
                          first_set(environment, "no_proxy", "NO_PROXY")};
}

}  // namespace exporter::config

#include "app/inherited_sockets.h"

#include <charconv>
#include <numeric>
#include <optional>

namespace exporter::app {

namespace {

/// SD_LISTEN_FDS_START of sd-daemon.h
constexpr int first_descriptor = 3;
/// More is a mistake: a unit has a handful.
constexpr int most_descriptors = 1000;

std::optional<int> number(const config::Environment& environment, const std::string& name) {
    const auto text = config::variable(environment, name);
    int value = 0;
    if (!text || text->empty()) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() ? std::optional(value) : std::nullopt;
}

}  // namespace

tl::expected<std::vector<int>, std::string> inherited_sockets(const config::Environment& environment,
                                                              pid_t process) {
    const auto count = number(environment, "LISTEN_FDS");
    if (number(environment, "LISTEN_PID") != process || !count || *count < 1 || *count > most_descriptors) {
        return tl::unexpected<std::string>(
            "--web.systemd-socket: systemd handed no socket to this process; start it through its .socket "
            "unit");
    }
    std::vector<int> descriptors(static_cast<std::size_t>(*count));
    std::iota(descriptors.begin(), descriptors.end(), first_descriptor);
    return descriptors;
}

}  // namespace exporter::app

#include "app/descriptors.h"

#include <algorithm>
#include <cstddef>

namespace exporter::app {

config::Web within_descriptors(config::Web web, std::uint64_t open_files) {
    constexpr std::uint64_t reserved =
        200;  // files, listeners, probes, polls, and connections that are turned away
    const std::uint64_t affordable = open_files > 2 * reserved ? open_files - reserved : open_files / 2;
    if (web.max_connections > affordable) {
        web.max_connections = std::max<std::size_t>(1, affordable);
        web.max_connections_per_address = std::min(web.max_connections_per_address, web.max_connections);
        web.max_scrapes = std::min(web.max_scrapes, std::max<std::size_t>(1, web.max_connections / 2));
    }
    return web;
}

}  // namespace exporter::app

#include "app/probe.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <cstdio>
#include <string>

namespace exporter::app {

namespace {

constexpr std::chrono::seconds patience{4};

struct Target {
    std::string server;  ///< `http://127.0.0.1:10077`, or the path of a Unix socket
    std::string path;
};

Target split(const std::string& url) {
    const auto path = url.find('/', url.find("://") + 3);
    return path == std::string::npos ? Target{url, "/"} : Target{url.substr(0, path), url.substr(path)};
}

Target own(const config::Web& web, bool encrypted) {
    const bool has_own_address = !web.probe_listen_addresses.empty();
    const auto& addresses = has_own_address ? web.probe_listen_addresses : web.listen_addresses;
    const config::ListenAddress address = addresses.empty() ? config::ListenAddress{} : addresses.front();
    const std::string path = "/healthz";
    if (!address.unix_path.empty()) {
        return {address.unix_path, path};
    }
    const bool is_any = address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    const std::string host = is_any    ? "127.0.0.1"
                             : is_ipv6 ? fmt::format("[{}]", address.host)
                                       : address.host;
    return {fmt::format("{}://{}:{}", encrypted && !has_own_address ? "https" : "http", host, address.port),
            path};
}

}  // namespace

int probe(const config::Config& config, bool encrypted) {
    const Target target = config.probe_url.empty() ? own(config.web, encrypted) : split(config.probe_url);
    httplib::Client client(target.server);
    if (target.server.starts_with('/')) {
        client.set_address_family(AF_UNIX);
    }
    client.enable_server_certificate_verification(false);
    client.set_connection_timeout(patience);
    client.set_read_timeout(patience);
    client.set_write_timeout(patience);
    const auto answer = client.Get(target.path);
    if (answer && (answer->status == 200 || answer->status == 401)) {
        return 0;
    }
    fmt::print(stderr, "datadog_token_exporter: {}{}: {}\n", target.server, target.path,
               answer ? fmt::format("answered {}", answer->status)
                      : fmt::format("no answer ({})", httplib::to_string(answer.error())));
    return 1;
}

}  // namespace exporter::app

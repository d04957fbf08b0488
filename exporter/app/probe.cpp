#include "app/probe.h"

#include "base/address.h"
#include "datadog/transport.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <utility>

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

/// Within the five seconds that a container's HEALTHCHECK gives it.
constexpr std::chrono::milliseconds patience = 4s;

/// Whatever can't be cut short (a search for a name's address, a Unix socket that accepts nobody).
constexpr std::chrono::milliseconds longest = patience + 500ms;

/// Whom to ask, and how to name it to people.
struct Target {
    datadog::Transport::Target server;
    std::string path;  ///< with the query
    std::string name;
};

/// In a container without IPv6 `[::]` is listened on all the same, and there is no `::1` to ask.
bool has_ipv6_loopback() {
    const int socket = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_addr = in6addr_loopback;
    const bool bound =
        socket >= 0 && ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    if (socket >= 0) {
        ::close(socket);
    }
    return bound;
}

/// Where a server that listens on `host` can be asked by who is on the same machine.
std::string reachable(const std::string& host) {
    const auto address = base::parse_ip(host);
    const bool is_any = host.empty() || (address && std::all_of(address->bytes.begin(), address->bytes.end(),
                                                                [](auto byte) { return byte == 0; }));
    if (!is_any) {
        return host;
    }
    return address && address->bits == 128 && has_ipv6_loopback() ? "::1" : "127.0.0.1";
}

Target own(const config::Web& web, bool encrypted) {
    const bool has_own_address = !web.probe_listen_addresses.empty();
    const config::ListenAddress& address =
        has_own_address ? web.probe_listen_addresses.front() : web.listen_addresses.front();
    const bool tls = encrypted && !has_own_address;
    const std::string path = "/healthz";
    if (!address.unix_path.empty()) {
        // It has no name of its own, and TLS takes no empty one for the server's.
        return {{{.tls = tls, .host = "localhost", .port = 1}, address.unix_path},
                path,
                fmt::format("unix:{}{}", address.unix_path, path)};
    }
    const config::Endpoint endpoint{.tls = tls, .host = reachable(address.host), .port = address.port};
    return {{endpoint}, path, endpoint.url() + path};
}

}  // namespace

int probe(const config::Config& config, bool encrypted) {
    const auto& url = config.probe_url;
    const Target target = url ? Target{{url->endpoint}, url->path, url->endpoint.url() + url->path}
                              : own(config.web, encrypted);
    std::packaged_task<datadog::Result<int>()> asking(
        [target] { return datadog::status_of(target.server, target.path, patience); });
    auto answer = asking.get_future();
    std::thread thread(std::move(asking));
    const bool in_time = answer.wait_for(longest) == std::future_status::ready;
    if (in_time) {
        thread.join();  // OpenSSL's own end must not meet the end of a thread that has used it.
    } else {
        thread.detach();
    }
    const datadog::Result<int> status =
        in_time ? answer.get() : tl::unexpected(datadog::Error{datadog::ErrorKind::timeout, "none in time"});
    if (status && (*status == 200 || *status == 401)) {
        return 0;
    }
    fmt::print(
        stderr, "datadog_token_exporter: {}: {}\n", target.name,
        status ? fmt::format("answered {}", *status) : fmt::format("no answer ({})", status.error().message));
    if (!in_time) {
        std::_Exit(1);  // The thread that asks is in the middle of it.
    }
    return 1;
}

}  // namespace exporter::app

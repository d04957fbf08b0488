#include "datadog/tunnel.h"

#include "datadog/base64.h"
#include "datadog/page_parser.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace exporter::datadog {

namespace {

constexpr std::size_t longest_proxy_head = std::size_t{16} << 10;

std::string connect_request(const config::Endpoint& target, const config::Proxy& proxy) {
    const bool v6 = target.host.find(':') != std::string::npos;
    const std::string authority =
        fmt::format("{}:{}", v6 ? "[" + target.host + "]" : target.host, target.port);
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
    if (!proxy.user.empty()) {
        request += fmt::format("Proxy-Authorization: Basic {}\r\n",
                               base64((proxy.user + ":").append(proxy.password.expose())));
    }
    return request + "\r\n";
}

bool send_all(int socket, std::string_view bytes, Wire& wire) {
    while (!bytes.empty() && wire.wait_for(socket, POLLOUT)) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EINTR) {
            return false;
        }
    }
    return bytes.empty();
}

/// The head of an answer; empty when there was none in full. One byte at a time: what follows it is not the
/// proxy's.
std::string receive_head(int socket, Wire& wire) {
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
        char byte = 0;
        const ssize_t received = wire.wait_for(socket, POLLIN) ? ::recv(socket, &byte, 1, 0) : 0;
        if (received < 0 && errno == EINTR) {
            continue;
        }
        if (received <= 0 || head.size() >= longest_proxy_head) {
            return {};
        }
        head.push_back(byte);
    }
    return head;
}

Error refusal(std::string message, bool definitive = false) {
    Error error{ErrorKind::connect, std::move(message), std::nullopt};
    error.definitive = definitive;
    return error;
}

}  // namespace

Result<void> open_tunnel(int socket, const config::Endpoint& target, const config::Proxy& proxy, Wire& wire) {
    const std::string head =
        send_all(socket, connect_request(target, proxy), wire) ? receive_head(socket, wire) : std::string();
    if (head.empty()) {
        return tl::unexpected(wire.was_silent()
                                  ? Error{ErrorKind::timeout, "it did not answer in time", std::nullopt}
                                  : refusal("it did not answer in full"));
    }
    const std::string_view status_line = std::string_view(head).substr(0, head.find("\r\n"));
    const bool is_http =
        status_line.size() >= 12 && status_line.starts_with("HTTP/1.") && status_line[8] == ' ';
    if (!is_http || status_line[9] != '2') {
        return tl::unexpected(
            refusal(fmt::format("it answered {}", one_line(status_line)), is_http && status_line[9] == '4'));
    }
    return {};
}

}  // namespace exporter::datadog

#include "datadog/tunnel.h"

#include "base/base64.h"
#include "datadog/answer.h"
#include "datadog/page_parser.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace exporter::datadog {

namespace {

std::string connect_request(const config::Endpoint& target, const config::Proxy& proxy) {
    const bool v6 = target.host.find(':') != std::string::npos;
    const std::string authority =
        fmt::format("{}:{}", v6 ? "[" + target.host + "]" : target.host, target.port);
    std::string request = fmt::format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n", authority);
    if (const auto authorization = proxy_authorization(proxy)) {
        request += fmt::format("Proxy-Authorization: {}\r\n", *authorization);
    }
    return request + "\r\n";
}

bool send_all(int socket, std::string_view bytes, Wire& wire) {
    while (!bytes.empty()) {
        const ssize_t sent = wire.send(socket, bytes.data(), bytes.size());
        if (sent < 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

/// One byte at a time: what follows the answer is not the proxy's.
void receive(int socket, Wire& wire, AnswerReader& answer) {
    while (!answer.is_whole() && !answer.failure()) {
        char byte = 0;
        if (wire.receive(socket, &byte, 1) > 0) {
            std::string_view bytes(&byte, 1);
            (void)answer.take(bytes);
        } else {
            answer.end_of_bytes();
        }
    }
}

Error refusal(std::string message, bool definitive = false) {
    Error error{.kind = ErrorKind::connect, .message = std::move(message), .retry_after = {}};
    error.definitive = definitive;
    return error;
}

}  // namespace

std::optional<std::string> proxy_authorization(const config::Proxy& proxy) {
    if (!proxy.has_credentials()) {
        return std::nullopt;
    }
    return "Basic " + base::encode_base64((proxy.user + ":").append(proxy.password.expose()));
}

Result<void> open_tunnel(int socket, const config::Endpoint& target, const config::Proxy& proxy, Wire& wire) {
    AnswerReader answer(AnswerReader::Method::connect);
    if (send_all(socket, connect_request(target, proxy), wire)) {
        receive(socket, wire, answer);
    }
    if (wire.was_silent()) {
        return tl::unexpected(
            Error{.kind = ErrorKind::timeout, .message = "it did not answer in time", .retry_after = {}});
    }
    const AnswerHead* const head = answer.head();
    if (head == nullptr) {
        return tl::unexpected(refusal(answer.failure() ? fmt::format("it sent {}", answer.failure()->message)
                                                       : "it broke the connection"));
    }
    if (head->status < 200 || head->status > 299) {
        const bool definitive = head->status >= 400 && head->status <= 499;
        return tl::unexpected(
            refusal(one_line(fmt::format("it answered {} {}", head->status, head->reason)), definitive));
    }
    return {};
}

}  // namespace exporter::datadog

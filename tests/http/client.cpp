#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <thread>
#include <utility>

namespace exporter::http::testing {
namespace {

using Clock = std::chrono::steady_clock;

std::string lower(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

Answer parse_head(std::string_view head) {
    Answer answer;
    auto line_end = head.find("\r\n");
    answer.status = std::stoi(std::string(head.substr(head.find(' ') + 1, 3)));
    while (line_end + 2 < head.size()) {
        head.remove_prefix(line_end + 2);
        line_end = head.find("\r\n");
        const auto line = head.substr(0, line_end);
        const auto colon = line.find(": ");
        answer.headers[lower(std::string(line.substr(0, colon)))] = std::string(line.substr(colon + 2));
    }
    return answer;
}

bool poll_for(int socket, short events, std::chrono::milliseconds limit) {
    pollfd wait{socket, events, 0};
    return ::poll(&wait, 1, static_cast<int>(std::max(limit, std::chrono::milliseconds(0)).count())) > 0;
}

void come_from(int socket, const std::string& source) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    if (::inet_pton(AF_INET, source.c_str(), &address.sin_addr) != 1 ||
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::runtime_error("cannot come from " + source);
    }
}

int connected_unix_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        ::close(socket);
        throw std::runtime_error("cannot connect to " + path);
    }
    return socket;
}

int connected_socket(const std::string& host, std::uint16_t port, const std::string& source) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
        throw std::runtime_error("not an address: " + host);
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (!source.empty()) {
        come_from(socket, source);
    }
    if (socket < 0 || ::connect(socket, found->ai_addr, found->ai_addrlen) != 0) {
        ::close(socket);
        throw std::runtime_error("cannot connect to " + host);
    }
    return socket;
}

}  // namespace

Client::Client() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

Client::Client(std::uint16_t port, const std::string& host, const std::string& source)
    : socket_(connected_socket(host, port, source)) {}

Client::Client(const std::filesystem::path& unix_socket) : socket_(connected_unix_socket(unix_socket)) {}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}

Client::~Client() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

bool Client::connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

bool Client::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

void Client::end_of_input() {
    ::shutdown(socket_, SHUT_WR);
}

bool Client::readable_within(std::chrono::milliseconds limit) {
    return poll_for(socket_, POLLIN, limit);
}

Client::Input Client::receive(Clock::time_point deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (!poll_for(socket_, POLLIN, left)) {
        return Input::nothing_yet;
    }
    std::array<char, 65536> buffer{};
    const auto received = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (received <= 0) {
        was_reset_ = received < 0;
        return Input::end;
    }
    input_.append(buffer.data(), static_cast<std::size_t>(received));
    return Input::bytes;
}

std::optional<Answer> Client::answer(Body body, std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    std::size_t head_end = 0;
    while ((head_end = input_.find("\r\n\r\n")) == std::string::npos) {
        if (receive(deadline) != Input::bytes) {
            return std::nullopt;
        }
    }
    if (!input_.starts_with("HTTP/1.1 ")) {
        return std::nullopt;  // other bytes precede the response
    }
    Answer answer = parse_head(std::string_view(input_).substr(0, head_end + 2));
    input_.erase(0, head_end + 4);
    const auto length = body == Body::absent ? 0 : std::stoul(answer.headers.at("content-length"));
    while (input_.size() < length) {
        if (receive(deadline) != Input::bytes) {
            return std::nullopt;
        }
    }
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
}

bool Client::closed_within(std::chrono::milliseconds limit) {
    const auto deadline = Clock::now() + limit;
    for (;;) {
        switch (receive(deadline)) {
            case Input::end:
                return true;
            case Input::nothing_yet:
                return false;
            case Input::bytes:
                break;
        }
    }
}

std::string get(std::string_view path, std::string_view fields) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n";
}

bool eventually(const std::function<bool()>& condition) {
    const auto deadline = Clock::now() + patience;
    while (!condition()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::yield();
    }
    return true;
}

std::unique_ptr<Server> start_server(Handler handler, ServerOptions options) {
    options.addresses = {{"127.0.0.1", 0}};
    auto server = Server::start(options, std::move(handler));
    if (!server) {
        throw std::runtime_error(server.error());
    }
    return std::move(*server);
}

Handler HugeAnswers::handler() {
    return [this](const Request& request) {
        if (request.path != "/huge") {
            return echo(request);
        }
        asked = true;
        Response response;
        response.shared_body = body;
        return response;
    };
}

bool HugeAnswers::were_asked_for() const {
    return eventually([this] { return asked.load(); });
}

Response echo(const Request& request) {
    Response response;
    response.own_body = std::string(request.method) + ' ' + std::string(request.path);
    return response;
}

}  // namespace exporter::http::testing

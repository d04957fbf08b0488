// For any bytes that a client sends before it half-closes: each request that a route saw gets one well-formed
// HTTP/1.1 response, at most one rejection ends the connection, the server then closes it cleanly without
// waiting for a deadline, and the next client is unaffected. The responses depend on the bytes alone, not on
// how the network splits them.
//
// Sessions run on the fuzzer's own thread over a socket pair. Nothing is in flight, so a server that has
// nothing to do but hasn't closed is stuck, and the same input always takes the same path.
#include "http/event_loop.h"
#include "http/session.h"
#include "require.h"
#include "support/exposition.h"
#include "web/routes.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace exporter::http;
using namespace exporter::web;

constexpr std::string_view crlf = "\r\n";

/// The result of one connection.
struct Conversation {
    std::vector<std::string> methods;  ///< of the requests passed to a route
    std::string output;                ///< everything the server sent
};

class ServedConnections {
  public:
    ServedConnections() {
        expositions_.publish(exporter::testing::exposition_of(
            [](exporter::metrics::Format) { return std::string("# TYPE stored gauge\nstored 1\n"); }));
    }

    /// Sends `input` in pieces of `piece` bytes, half-closes, and reads to the end.
    Conversation converse(std::string_view input, std::size_t piece) {
        std::array<int, 2> ends{};
        require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
        const int client = ends[0];
        conversation_ = {};
        begin_session(Socket(ends[1]), Peer(), service_, std::nullopt);

        bool input_ended = false;
        bool output_ended = false;
        // The output may end first: after a rejection the server keeps reading, so that the response isn't
        // lost to a reset.
        while (!input_ended || !output_ended) {
            bool moved = false;
            if (!input_ended) {
                moved = send_some(client, input, piece);
                input_ended = input.empty();
            }
            moved = service_.loop->turn({}) || moved;
            if (!output_ended) {
                moved = receive_all(client, output_ended) || moved;
            }
            require(moved);
        }
        while (service_.loop->turn({})) {
        }
        require(service_.roster.size() == 0);
        close(client);
        return std::move(conversation_);
    }

  private:
    /// Removes what was sent from `input`, and half-closes after the last byte.
    static bool send_some(int client, std::string_view& input, std::size_t piece) {
        bool moved = false;
        if (!input.empty()) {
            const ssize_t sent = send(client, input.data(), std::min(piece, input.size()), MSG_NOSIGNAL);
            // Closing with unread input would reset the connection, and the client could lose its response.
            require(sent > 0 || errno == EAGAIN);
            input.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
            moved = sent > 0;
        }
        if (input.empty()) {
            require(shutdown(client, SHUT_WR) == 0);
            moved = true;
        }
        return moved;
    }

    bool receive_all(int client, bool& ended) {
        std::array<char, 65536> buffer;
        bool moved = false;
        for (;;) {
            const ssize_t received = recv(client, buffer.data(), buffer.size(), 0);
            if (received < 0) {
                require(errno == EAGAIN);
                return moved;
            }
            moved = true;
            if (received == 0) {
                ended = true;
                return moved;
            }
            conversation_.output.append(buffer.data(), static_cast<std::size_t>(received));
        }
    }

    Handler recording_handler() {
        auto routes = make_handler({.expositions = &expositions_,
                                    .alive = [] { return true; },
                                    .ready = [] { return false; },
                                    .status_page = [] { return std::string("<!DOCTYPE html>\n"); },
                                    .configuration = [] { return std::string("poll: {}\n"); }});
        return [this, routes](const Request& request) {
            conversation_.methods.emplace_back(request.method);
            return routes(request);
        };
    }

    exporter::metrics::ExpositionStore expositions_{
        [](exporter::metrics::Format) { return std::string("# TYPE live gauge\nlive 1\n"); }};
    Conversation conversation_;
    // Deadlines are never checked, because nothing here waits.
    const ServerOptions options_{.addresses = {}, .max_answers = 2};
    const Handler handler_ = recording_handler();
    Service service_{.options = options_,
                     .handler = handler_,
                     .loop = std::make_shared<EventLoop>(),
                     .roster = Roster({}),
                     .crowd = service_.roster};
};

struct Answer {
    unsigned status = 0;
    std::size_t content_length = 0;
    bool closes = false;
    std::string body;

    bool operator==(const Answer&) const = default;
};

bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != std::string_view::npos;
    });
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// Takes a header line and its line end from `input`.
std::string_view take_line(std::string_view& input) {
    const std::size_t end = input.find(crlf);
    require(end != std::string_view::npos);
    const std::string_view line = input.substr(0, end);
    input.remove_prefix(end + crlf.size());
    require(is_printable(line));
    return line;
}

/// Parses `HTTP/1.1 404 Not Found`, and allows only the statuses that routes and rejections return.
unsigned read_status(std::string_view line) {
    constexpr std::array<unsigned, 9> known = {200, 400, 404, 405, 413, 414, 431, 503, 505};
    constexpr std::string_view version = "HTTP/1.1 ";
    require(line.starts_with(version) && line.size() > version.size() + 4 && line[version.size() + 3] == ' ');
    unsigned status = 0;
    const char* const digits = line.data() + version.size();
    const auto [end, error] = std::from_chars(digits, digits + 3, status);
    require(error == std::errc{} && end == digits + 3);
    require(std::ranges::find(known, status) != known.end());
    return status;
}

Answer take_head(std::string_view& input) {
    Answer answer;
    answer.status = read_status(take_line(input));
    std::vector<std::string> names;
    for (std::string_view line = take_line(input); !line.empty(); line = take_line(input)) {
        const std::size_t colon = line.find(": ");
        require(colon != std::string_view::npos && is_token(line.substr(0, colon)));
        const std::string_view value = line.substr(colon + 2);
        names.emplace_back(line.substr(0, colon));
        if (names.back() == "Content-Length") {
            const auto [end, error] =
                std::from_chars(value.data(), value.data() + value.size(), answer.content_length);
            require(error == std::errc{} && end == value.data() + value.size());
        } else if (names.back() == "Connection") {
            require(value == "close");
            answer.closes = true;
        }
    }
    std::ranges::sort(names);
    require(std::ranges::adjacent_find(names) == names.end());
    for (const char* const needed : {"Content-Length", "Content-Type", "Date"}) {
        require(std::ranges::binary_search(names, needed));
    }
    return answer;
}

/// Checks everything the server sent, and returns the routes' responses. A rejection may follow them.
std::vector<Answer> routed_answers(const Conversation& conversation) {
    std::vector<Answer> answers;
    std::string_view rest = conversation.output;
    for (const std::string& method : conversation.methods) {
        require(answers.empty() || !answers.back().closes);
        Answer answer = take_head(rest);
        if (method != "HEAD") {
            require(rest.size() >= answer.content_length);
            answer.body = rest.substr(0, answer.content_length);
            rest.remove_prefix(answer.content_length);
        }
        // Such a request may have a body, which must not be parsed as the next request.
        const bool is_reading = method == "GET" || method == "HEAD";
        require(is_reading || (answer.status == 405 && answer.closes));
        answers.push_back(std::move(answer));
    }
    if (!rest.empty()) {
        require(answers.empty() || !answers.back().closes);
        const Answer refusal = take_head(rest);
        require(refusal.closes && refusal.status >= 400);
        // Only the server knows whether it rejected a HEAD request, whose response has no body.
        require(rest.empty() || rest.size() == refusal.content_length);
    }
    return answers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static ServedConnections server;
    static std::uint64_t executions = 0;
    const std::string_view input(reinterpret_cast<const char*>(data), size);

    // An incomplete request may be rejected with one split and dropped with another: Beast finds some errors
    // in a head only at its end, which never arrives. So compare only requests that a route saw.
    const auto whole = routed_answers(server.converse(input, size + 1));
    const auto in_pieces = routed_answers(server.converse(input, size / 32 + 1));
    require(whole == in_pieces);

    if (++executions % 1000 == 0) {
        const auto good = routed_answers(server.converse("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 65536));
        require(good.size() == 1 && good.front().status == 200 && good.front().body == "ok\n");
    }
    return 0;
}

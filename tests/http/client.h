// Helpers for the server's tests: a blocking client that sends exactly the bytes given, and a server on
// loopback. Every wait has a time limit; exceeding it fails the test.
#pragma once

#include "http/server.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::http::testing {

/// Far longer than any operation that succeeds should take.
inline constexpr std::chrono::seconds patience{20};

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

enum class Body { follows, absent };

class Client {
  public:
    /// An unconnected socket.
    Client();
    /// @param source local address to connect from; empty: the system's choice
    explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1",
                    const std::string& source = {});
    /// Connected to a Unix socket.
    explicit Client(const std::filesystem::path& unix_socket);
    Client(Client&& other) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client& operator=(Client&&) = delete;
    ~Client();

    /// False if the port has no listener.
    bool connect(std::uint16_t port);

    /// False if the server has closed.
    bool send(std::string_view bytes);
    void end_of_input();  ///< half-closes

    /// The next response. nullopt if the connection ends or `limit` passes before it is complete, or if other
    /// bytes precede it.
    std::optional<Answer> answer(Body body = Body::follows, std::chrono::milliseconds limit = patience);

    /// Whether the server closes within `limit`. Keeps the bytes it sends before that for `answer()`.
    bool closed_within(std::chrono::milliseconds limit);

    /// Whether bytes or end of file arrive within `limit`. Does not read them.
    bool readable_within(std::chrono::milliseconds limit);

    /// Whether the connection ended with a reset, which may lose the last response.
    [[nodiscard]] bool was_reset() const { return was_reset_; }

    [[nodiscard]] const std::string& unread() const { return input_; }

  private:
    enum class Input { bytes, end, nothing_yet };
    Input receive(std::chrono::steady_clock::time_point deadline);

    int socket_ = -1;
    std::string input_;
    bool was_reset_ = false;
};

/// `GET path`, HTTP/1.1, with `fields` such as "Accept-Encoding: gzip\r\n".
[[nodiscard]] std::string get(std::string_view path, std::string_view fields = {});

/// Polls `condition` until it is true; false if `patience` runs out first.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// Listens on a free loopback port.
[[nodiscard]] std::unique_ptr<Server> start_server(Handler handler, ServerOptions options = {});

/// Answers `<method> <path>`.
[[nodiscard]] Response echo(const Request& request);

/// Answers `/huge` with more than the kernel buffers for a client that doesn't read, and anything else as
/// `echo` does. Must outlive the server.
struct HugeAnswers {
    [[nodiscard]] Handler handler();
    /// Whether `/huge` is requested before `patience` runs out.
    [[nodiscard]] bool were_asked_for() const;

    const std::shared_ptr<const std::string> body = std::make_shared<const std::string>(64 << 20, 'x');
    std::atomic<bool> asked = false;
};

}  // namespace exporter::http::testing

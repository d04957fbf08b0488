// The other end of the server's tests: a blocking client that sends exactly the bytes it is told to, and a
// server on loopback. Every wait has a limit; passing it fails the test.
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

/// Far longer than anything takes that goes right.
inline constexpr std::chrono::seconds patience{20};

struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;
};

enum class Body { follows, absent };

class Client {
  public:
    /// A socket that is not connected yet.
    Client();
    /// @param source the address to come from; empty: the system's choice
    explicit Client(std::uint16_t port, const std::string& host = "127.0.0.1",
                    const std::string& source = {});
    /// Connected to a Unix socket.
    explicit Client(const std::filesystem::path& unix_socket);
    Client(Client&& other) noexcept;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    Client& operator=(Client&&) = delete;
    ~Client();

    /// False when nobody listens.
    bool connect(std::uint16_t port);

    /// False when the server has closed.
    bool send(std::string_view bytes);
    void end_of_input();  ///< half-closes

    /// The next answer; none when the connection ends, or `limit` passes, before it is whole, and when other
    /// bytes are in front of it.
    std::optional<Answer> answer(Body body = Body::follows, std::chrono::milliseconds limit = patience);

    /// Whether the server closes within `limit`. Bytes that come first are kept for `answer()`.
    bool closed_within(std::chrono::milliseconds limit);

    /// Whether bytes or the end arrive within `limit`. Does not read them.
    bool readable_within(std::chrono::milliseconds limit);

    /// Whether the end was a reset, which may cost a client the last answer.
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

/// Polls `condition` until it holds; false when `patience` is over first.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// Listens on a free loopback port.
[[nodiscard]] std::unique_ptr<Server> start_server(Handler handler, ServerOptions options = {});

/// Answers `<method> <path>`.
[[nodiscard]] Response echo(const Request& request);

/// Answers `/huge` with more than the kernel buffers for a client that does not read, all else as `echo`.
/// Must outlive the server.
struct HugeAnswers {
    [[nodiscard]] Handler handler();
    /// Whether `/huge` was asked for, before `patience` is up.
    [[nodiscard]] bool were_asked_for() const;

    const std::shared_ptr<const std::string> body = std::make_shared<const std::string>(64 << 20, 'x');
    std::atomic<bool> asked = false;
};

}  // namespace exporter::http::testing

// A request's head, from bytes to what routes and refusals need of it. Pure: knows neither sockets nor time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace exporter::http {

/// The most bytes of a head (431 beyond, or 414 while still in the first line) and of its target (414).
inline constexpr std::size_t head_limit = 16384;
inline constexpr std::size_t target_limit = 8192;

struct RequestHead {
    std::string method;
    std::string path;  ///< without the query
    // All fields of the name, joined by commas; empty when there is none:
    std::string accept;
    std::string accept_encoding;
    std::string authorization;
    bool is_head = false;     ///< the answer has no body
    bool keep_alive = false;  ///< another request may follow
};

/// Collects what a client sends and takes it apart, head by head.
class HeadReader {
  public:
    enum class State {
        incomplete,  ///< more bytes are needed
        complete,    ///< `head()` is the next request's
        refused      ///< `refusal()` answers it; nothing that follows can be told apart
    };

    void feed(std::string_view bytes) { input_ += bytes; }

    /// Looks for the next head in what was fed.
    [[nodiscard]] State next();

    /// Whether nothing of a next request has arrived.
    [[nodiscard]] bool empty() const { return input_.empty(); }

    /// Of the last `next()` that said `complete`.
    [[nodiscard]] const RequestHead& head() const { return head_; }
    /// The status of the last `next()` that said `refused`.
    [[nodiscard]] unsigned refusal() const { return refusal_; }

    /// Drops what was fed.
    void clear();

  private:
    State refuse(unsigned status);

    std::string input_;
    std::size_t searched_ = 0;  ///< bytes of `input_` in which no head ends
    RequestHead head_;
    unsigned refusal_ = 0;
};

}  // namespace exporter::http

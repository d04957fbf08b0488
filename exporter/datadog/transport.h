// cpp-httplib's clients with our own hands on the wire: what they read is bounded byte by byte, and HTTPS
// goes through a proxy by our own tunnel (see tunnel.h).
//
// Left alone, the library reads a line of an answer's head to its end, however long, and matches the first
// with a regular expression that recurses for each of its characters: a status line of 100 kB overflows the
// stack and ends the process.
#pragma once

#include "config/endpoint.h"
#include "datadog/tunnel.h"

#include <httplib.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::datadog {

/// Bounds of one exchange, and which of them was met. Used by one exchange at a time.
class Wire {
  public:
    /// @param max_bytes of the whole answer
    /// @param silence how long to wait for its next byte
    /// @param deadline when there is no waiting any more
    void begin(std::uint64_t max_bytes, std::chrono::milliseconds silence,
               std::chrono::steady_clock::time_point deadline);

    /// How long to wait for the next byte from now on.
    [[nodiscard]] std::chrono::milliseconds patience() const;
    /// Takes note of what has come. False: it is too much.
    [[nodiscard]] bool note(std::string_view bytes);
    void note_silence() { silent_ = true; }

    /// The server was silent for too long.
    [[nodiscard]] bool was_silent() const { return silent_; }
    /// What there was too much of; empty: nothing.
    [[nodiscard]] const std::string& excess() const { return excess_; }

  private:
    [[nodiscard]] bool note_head(std::string_view bytes);

    std::uint64_t bytes_left_ = 0;
    std::chrono::milliseconds silence_{0};
    std::chrono::steady_clock::time_point deadline_;
    bool silent_ = false;
    std::string excess_;
    // The head of the answer, line by line:
    bool in_head_ = true;
    bool interim_ = false;  ///< 100: another head follows
    std::size_t head_bytes_ = 0;
    std::string line_;  ///< so far, without its end
    bool first_line_ = true;
};

class PlainClient final : public httplib::ClientImpl {
  public:
    /// @param wire must outlive the client
    PlainClient(const config::Endpoint& target, const std::optional<config::Proxy>& proxy, Wire& wire);

  private:
    bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) override;

    Wire& wire_;
};

class TlsClient final : public httplib::SSLClient {
  public:
    /// @param wire must outlive the client
    TlsClient(const config::Endpoint& target, const std::optional<config::Proxy>& proxy, Wire& wire);

    /// Why the proxy gave the last connection no tunnel; nullopt: it did, or was not reached.
    [[nodiscard]] const std::optional<TunnelRefusal>& refusal() const { return refusal_; }

  private:
    bool create_and_connect_socket(Socket& socket, httplib::Error& error) override;
    bool process_socket(const Socket& socket, std::function<bool(httplib::Stream&)> callback) override;
    /// To the proxy that the library knows of, otherwise to the host.
    bool connect(Socket& socket, httplib::Error& error);

    const config::Endpoint target_;
    const std::optional<config::Proxy> proxy_;
    Wire& wire_;
    std::optional<TunnelRefusal> refusal_;
};

}  // namespace exporter::datadog

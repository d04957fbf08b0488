// Listening sockets: on addresses, on Unix sockets, and those that systemd hands over, and what accepts their
// connections. Internal to the server.
#pragma once

#include "base/address.h"
#include "http/session.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace exporter::http {

/// The file of a Unix socket, removed at the end unless another has taken its place.
class SocketFile {
  public:
    SocketFile() = default;  ///< of no file
    explicit SocketFile(std::string path);
    SocketFile(SocketFile&& other) noexcept;
    SocketFile& operator=(SocketFile&& other) noexcept;
    SocketFile(const SocketFile&) = delete;
    SocketFile& operator=(const SocketFile&) = delete;
    ~SocketFile();

  private:
    std::string path_;
    std::uint64_t device_ = 0;
    std::uint64_t inode_ = 0;
};

struct Listening {
    Socket socket;
    SocketFile file;
};

/// A non-blocking socket that listens on `address`. The error is a sentence for the operator.
[[nodiscard]] tl::expected<Listening, std::string> listen_on(const base::ListenAddress& address);

/// What went wrong with listening on `address`, and what would help.
[[nodiscard]] std::string listen_error(const base::ListenAddress& address, const std::error_code& reason);

/// Takes over a socket that came with the process (sd_listen_fds(3)). The error is a sentence for the
/// operator.
[[nodiscard]] tl::expected<Listening, std::string> take_over(int descriptor);

/// Where a listening socket is bound.
[[nodiscard]] base::ListenAddress bound_address(const Socket& socket);

/// Turns accepted sockets into sessions until stopped.
class Listener final : private EventLoop::Waiter {
  public:
    using Time = EventLoop::Time;

    /// Throws where the kernel has no room.
    /// @param service must outlive the listener
    Listener(Listening&& listening, Service& service);
    ~Listener() override { stop(); }

    [[nodiscard]] const base::ListenAddress& address() const { return address_; }

    /// Starts to accept, unless it does already or backs off.
    /// @return when it has to be called again
    Time resume(Time now);
    void stop();

  private:
    void ready() override;
    void await_connection();
    [[nodiscard]] bool accept_some();
    void admit(Socket socket, const std::optional<Peer>& peer);

    Service& service_;
    const base::ListenAddress address_;  ///< as bound
    Socket socket_;
    SocketFile file_;
    bool awaiting_ = false;
    Time backs_off_until_{};
};

}  // namespace exporter::http

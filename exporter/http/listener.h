// Listening sockets (TCP, Unix, and passed by systemd), and the listener that accepts their connections.
// Internal to the server.
#pragma once

#include "base/address.h"
#include "http/session.h"

#include <sys/types.h>
#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace exporter::http {

struct Listening {
    Socket socket;
    base::ListenAddress address;                    ///< the bound address
    std::optional<std::pair<dev_t, ino_t>> file{};  ///< file created by a Unix socket at its path
};

/// A non-blocking socket that listens on `address`. The error is a sentence for the operator.
[[nodiscard]] tl::expected<Listening, std::string> listen_on(const base::ListenAddress& address);

/// What went wrong when listening on `address`, and how to fix it.
[[nodiscard]] std::string listen_error(const base::ListenAddress& address, const std::error_code& reason);

/// Takes over an inherited socket (sd_listen_fds(3)). The error is a sentence for the operator.
[[nodiscard]] tl::expected<Listening, std::string> take_over(int descriptor);

/// Accepts connections and starts a session for each. The destructor removes the file of a Unix socket,
/// unless another file has taken its place.
class Listener final : private EventLoop::Waiter {
  public:
    /// Throws if the kernel is out of resources.
    /// @param service must outlive the listener
    Listener(Listening listening, Service& service);
    ~Listener() override;

    /// Accepts connections until a resource such as file descriptors runs out. Call this regularly.
    void resume();

  private:
    void ready() override;
    void admit(Socket socket, const Peer& peer);

    const Listening listening_;
    Service& service_;
};

}  // namespace exporter::http

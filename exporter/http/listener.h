// Listening sockets: on addresses, on Unix sockets, and those that systemd hands over, and what accepts their
// connections. Internal to the server.
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
    base::ListenAddress address;                    ///< as bound
    std::optional<std::pair<dev_t, ino_t>> file{};  ///< that a Unix socket made at its path
};

/// A non-blocking socket that listens on `address`. The error is a sentence for the operator.
[[nodiscard]] tl::expected<Listening, std::string> listen_on(const base::ListenAddress& address);

/// What went wrong with listening on `address`, and what would help.
[[nodiscard]] std::string listen_error(const base::ListenAddress& address, const std::error_code& reason);

/// Takes over a socket that came with the process (sd_listen_fds(3)). The error is a sentence for the
/// operator.
[[nodiscard]] tl::expected<Listening, std::string> take_over(int descriptor);

/// Turns accepted sockets into sessions for as long as it lives. Removes the file of a Unix socket at the
/// end, unless another has taken its place.
class Listener final : private EventLoop::Waiter {
  public:
    /// Throws where the kernel has no room.
    /// @param service must outlive the listener
    Listener(Listening listening, Service& service);
    ~Listener() override;

    /// Accepts connections, until there is a lack of something such as file descriptors. To be called now and
    /// again.
    void resume();

  private:
    void ready() override;
    void admit(Socket socket, const Peer& peer);

    const Listening listening_;
    Service& service_;
};

}  // namespace exporter::http

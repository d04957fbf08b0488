// Listening sockets: on addresses, on Unix sockets, and those that systemd hands over. Internal to the
// server.
#pragma once

#include "base/descriptor.h"
#include "http/server.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <system_error>

namespace exporter::http {

using Socket = base::Descriptor;

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

}  // namespace exporter::http

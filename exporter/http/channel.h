// One connection's bytes, plain or encrypted. Never waits: an operation that can't go on tells what to wait
// for. Internal to the server.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace exporter::http {

enum class Progress {
    done,
    want_read,   ///< nothing happened; again when the socket is readable
    want_write,  ///< nothing happened; again when it is writable
    end,         ///< the peer has finished sending
    failed       ///< broken; only closing is left
};

struct Transfer {
    Progress progress = Progress::done;
    std::size_t bytes = 0;  ///< with `done` at least 1, else 0
};

class Channel {
  public:
    Channel() = default;
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    virtual ~Channel() = default;

    /// To be called until it is done, before anything else.
    [[nodiscard]] virtual Progress handshake() = 0;

    /// @param into not empty
    [[nodiscard]] virtual Transfer read(std::span<char> into) = 0;

    /// Writes a beginning of the concatenation of `pieces`, of which at least one is not empty. After a want,
    /// the next call must begin with the same bytes.
    [[nodiscard]] virtual Transfer write(std::span<const std::string_view> pieces) = 0;

    /// Tells the peer that nothing more is sent. Once, after the last write.
    virtual void finish() = 0;
};

/// @param socket stays the caller's, must be non-blocking and outlive the channel
[[nodiscard]] std::unique_ptr<Channel> plain_channel(int socket);

/// @param ssl for a server, without a socket; null: every handshake fails
/// @param owner kept until after `ssl`
[[nodiscard]] std::unique_ptr<Channel> tls_channel(std::shared_ptr<SSL> ssl, int socket,
                                                   std::shared_ptr<const void> owner);

}  // namespace exporter::http

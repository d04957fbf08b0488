// One connection's bytes, plain or encrypted. Never blocks: an operation that can't continue reports what to
// wait for. Internal to the server.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace exporter::base {
class TlsSocket;
}

namespace exporter::http {

enum class Progress {
    done,
    want_read,   ///< nothing happened; retry when the socket is readable
    want_write,  ///< nothing happened; retry when it is writable
    end,         ///< the peer has finished sending
    failed       ///< broken; only closing is left
};

struct Transfer {
    Progress progress = Progress::done;
    std::size_t bytes = 0;  ///< with `done` at least 1, else 0
};

class Channel {
  public:
    /// Plain.
    /// @param socket stays the caller's, must be non-blocking and outlive the channel
    explicit Channel(int socket) : socket_(socket) {}

    /// Encrypted. Throws if out of memory.
    /// @param ssl for a server, without a socket; null: out of memory
    Channel(int socket, std::shared_ptr<SSL> ssl);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() = default;

    /// Call this until it is done, before anything else.
    [[nodiscard]] Progress handshake();

    /// @param into not empty
    [[nodiscard]] Transfer read(std::span<char> into);

    /// Writes a prefix of the concatenated `pieces`, at least one of which is not empty. After a "want"
    /// result, the next call must start with the same bytes.
    [[nodiscard]] Transfer write(std::span<const std::string_view> pieces);

    /// Tells the peer that nothing more will be sent. Call it once, after the last write.
    void finish();

  private:
    void begin_turn();
    template <class Call>
    [[nodiscard]] Transfer by_tls(Call call);

    const int socket_;
    const std::shared_ptr<SSL> ssl_ = nullptr;  ///< null: plain
    base::TlsSocket* bytes_ = nullptr;  ///< `ssl_` must not be used any more, not even for a shutdown.
    bool broken_ = false;
};

}  // namespace exporter::http

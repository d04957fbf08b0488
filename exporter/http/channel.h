// Reads and writes one connection, plain or encrypted. Never blocks: an operation that can't continue reports
// what to wait for. Internal to the server.
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
    std::size_t bytes = 0;  ///< at least 1 if `done`, else 0
};

class Channel {
  public:
    /// Plain.
    /// @param socket owned by the caller; must be non-blocking and outlive the channel
    explicit Channel(int socket) : socket_(socket) {}

    /// Encrypted. Throws if out of memory.
    /// @param ssl a server's, without a socket; null: allocating it failed
    Channel(int socket, std::shared_ptr<SSL> ssl);
    Channel(const Channel&) = delete;
    Channel& operator=(const Channel&) = delete;
    ~Channel() = default;

    /// Call this first, until it is done.
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
    base::TlsSocket* bytes_ = nullptr;          ///< owned by `ssl_`; null: plain
    bool broken_ = false;                       ///< `ssl_` must not be used again, not even for a shutdown
};

}  // namespace exporter::http

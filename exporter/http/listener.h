// A listening socket's accept loop. Internal to the server.
#pragma once

#include "http/boost.h"
#include "http/listening.h"
#include "http/session.h"

#include <optional>

namespace exporter::http {

/// Turns accepted sockets into sessions until stopped. Must outlive the run of its `io_context`.
class Listener {
  public:
    Listener(Listening&& listening, Service& service);

    [[nodiscard]] const base::ListenAddress& address() const { return address_; }

    /// Starts to accept, unless it does already.
    void resume();
    void stop();

  private:
    void await_connection();
    void accept_some();
    void admit(Socket socket, const std::optional<Peer>& peer);
    void back_off();

    Service& service_;
    const base::ListenAddress address_;  ///< as bound
    boost::asio::posix::stream_descriptor socket_;
    SocketFile file_;  ///< behind the socket: while that is open, no other file can have its number
    boost::asio::steady_timer back_off_timer_;
    bool awaiting_ = false;  ///< a connection, or better times
};

}  // namespace exporter::http

// A listening socket's accept loop. Internal to the server.
#pragma once

#include "web/boost.h"
#include "web/listening.h"
#include "web/session.h"

#include <optional>

namespace exporter::web {

/// Turns accepted sockets into sessions until stopped. Must outlive the run of its `io_context`.
class Listener {
  public:
    Listener(Listening&& listening, Service& service);

    [[nodiscard]] const Address& address() const { return address_; }

    void start();
    void stop();

  private:
    void await_connection();
    void accept_some();
    void admit(Socket socket, const std::optional<Peer>& peer);
    void back_off();

    Service& service_;
    const Address address_;  ///< as bound
    SocketFile file_;
    boost::asio::posix::stream_descriptor socket_;
    boost::asio::steady_timer back_off_timer_;
};

}  // namespace exporter::web

// A listening socket and its accept loop. Internal to the server.
#pragma once

#include "web/boost.h"
#include "web/server.h"
#include "web/session.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <system_error>

namespace exporter::web {

/// A socket that listens on `address`. The error is a sentence for the operator.
[[nodiscard]] tl::expected<boost::asio::ip::tcp::acceptor, std::string> listen_on(boost::asio::io_context& io,
                                                                                  const Address& address);

/// What went wrong with listening on `address`, and what would help.
[[nodiscard]] std::string listen_error(const Address& address, const std::error_code& reason);

/// Turns accepted sockets into sessions until stopped. Must outlive the run of its `io_context`.
class Listener {
  public:
    Listener(boost::asio::ip::tcp::acceptor acceptor, Service& service);

    [[nodiscard]] std::uint16_t port() const;

    void start();
    void stop();

  private:
    void await_connection();
    void accept();
    void admit(boost::asio::ip::tcp::socket socket);
    void back_off();

    Service& service_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer back_off_timer_;
};

}  // namespace exporter::web

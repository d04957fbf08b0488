// One connection: reads requests one after another and answers each in turn. Internal to the server.
#pragma once

#include "web/boost.h"
#include "web/roster.h"
#include "web/server.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace exporter::web {

/// What all connections of a server share. Outlives them.
struct Service {
    const Handler handler;
    const std::chrono::milliseconds request_deadline;
    const std::chrono::milliseconds response_deadline;
    Roster roster;
};

/// Lives as long as an operation of it is pending: the completion handlers own it.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(boost::asio::ip::tcp::socket socket, Service& service);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    void start();

    /// At once, whatever is under way. May be called again.
    void close();

  private:
    using ErrorCode = boost::system::error_code;

    void await_request();
    void on_request(const ErrorCode& error);
    void on_unreadable_request(const ErrorCode& error);
    void refuse(unsigned status);
    [[nodiscard]] Response call_handler() const;

    void answer(Response response, bool keep_alive);
    void on_answered(const ErrorCode& error);

    void linger();
    void discard_input();

    Service& service_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    std::optional<boost::beast::http::request_parser<boost::beast::http::empty_body>>
        parser_;         ///< one for each request
    Response response_;  ///< with `head_`, what is being written
    std::string head_;
    bool keep_alive_ = false;
    bool closed_ = false;
    Roster::Place place_;  ///< valid until closed
};

}  // namespace exporter::web

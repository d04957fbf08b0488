#include "web/listener.h"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <new>
#include <utility>

namespace exporter::web {
namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

/// How long to wait after an accept failed for lack of something, such as file descriptors.
constexpr std::chrono::milliseconds accept_back_off{100};

constexpr std::uint16_t first_unprivileged_port = 1024;

std::string text_of(const Address& address) {
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                   : fmt::format("{}:{}", address.host, address.port);
}

tl::expected<tcp::acceptor, error_code> open(net::io_context& io, const tcp::endpoint& endpoint) {
    tcp::acceptor acceptor(io);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        // Without it a restart would fail while connections of the previous run are in TIME_WAIT.
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error) {
        acceptor.non_blocking(true, error);
    }
    if (!error) {
        // Asio would wait for the next connection when the client of this one has gone, non-blocking or not.
        acceptor.set_option(net::socket_base::enable_connection_aborted(true), error);
    }
    if (!error && endpoint.address() == net::ip::address_v6::any()) {
        acceptor.set_option(net::ip::v6_only(false), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(net::socket_base::max_listen_connections, error);
    }
    if (error) {
        return tl::unexpected(error);
    }
    return acceptor;
}

/// One socket for IPv6 and IPv4; for IPv4 alone where the kernel has no IPv6.
tl::expected<tcp::acceptor, error_code> open_for_all(net::io_context& io, std::uint16_t port) {
    auto both = open(io, {net::ip::address_v6::any(), port});
    if (!both && (both.error() == net::error::address_family_not_supported ||
                  both.error() == boost::system::errc::address_not_available)) {
        return open(io, {net::ip::address_v4::any(), port});
    }
    return both;
}

/// Reads `host` as an address, else asks the resolver and takes its first answer.
tl::expected<net::ip::address, error_code> address_of(net::io_context& io, const std::string& host) {
    error_code error;
    if (auto address = net::ip::make_address(host, error); !error) {
        return address;
    }
    const auto found = tcp::resolver(io).resolve(host, "0", tcp::resolver::passive, error);
    if (error || found.empty()) {
        return tl::unexpected(error ? error : error_code(net::error::host_not_found));
    }
    return found.begin()->endpoint().address();
}

std::string explain(const Address& address, const std::error_code& reason) {
    if (reason == std::errc::permission_denied && address.port < first_unprivileged_port) {
        return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, choose another with "
               "--web.listen-address";
    }
    if (reason == std::errc::permission_denied) {
        return "permission denied; choose another port with --web.listen-address";
    }
    if (reason == std::errc::address_in_use) {
        return "address already in use; another process (perhaps another exporter) listens there";
    }
    if (reason == std::errc::address_not_available) {
        return "no interface of this machine has that address; choose another with --web.listen-address";
    }
    return reason.message();
}

bool is_shortage(const error_code& error) {
    namespace errc = boost::system::errc;
    return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
           error == errc::no_buffer_space || error == errc::not_enough_memory;
}

/// The connection ended before it could be accepted.
bool has_gone(const error_code& error) {
    return error == net::error::would_block || error == net::error::try_again ||
           error == net::error::connection_aborted || error == boost::system::errc::protocol_error;
}

}  // namespace

std::string listen_error(const Address& address, const std::error_code& reason) {
    return fmt::format("cannot listen on {}: {}", text_of(address), explain(address, reason));
}

tl::expected<tcp::acceptor, std::string> listen_on(net::io_context& io, const Address& address) {
    const auto explained = [&address](const error_code& error) { return listen_error(address, error); };
    if (address.host.empty()) {
        return open_for_all(io, address.port).map_error(explained);
    }
    return address_of(io, address.host)
        .and_then([&](const net::ip::address& host) { return open(io, {host, address.port}); })
        .map_error(explained);
}

Listener::Listener(tcp::acceptor acceptor, Service& service)
    : service_(service), acceptor_(std::move(acceptor)), back_off_timer_(acceptor_.get_executor()) {}

std::uint16_t Listener::port() const {
    return acceptor_.local_endpoint().port();
}

void Listener::start() {
    await_connection();
}

void Listener::stop() {
    error_code ignored;
    acceptor_.close(ignored);
    back_off_timer_.cancel();
}

// Not async_accept: the kernel looks for a free file descriptor before it looks for a connection, so when
// there is none accepting fails with nobody at the door, and a connection would be closed for no newcomer.
void Listener::await_connection() {
    acceptor_.async_wait(tcp::acceptor::wait_read, [this](const error_code& error) {
        if (!acceptor_.is_open()) {
            return;
        }
        if (error) {
            back_off();
        } else {
            accept();
        }
    });
}

void Listener::accept() {
    error_code error;
    auto socket = acceptor_.accept(error);
    // Whoever idles on all file descriptors must not keep a scrape out.
    if (is_shortage(error) && service_.roster.close_longest_waiting()) {
        socket = acceptor_.accept(error);
    }
    if (!error) {
        admit(std::move(socket));
        await_connection();
    } else if (has_gone(error)) {
        await_connection();
    } else {
        back_off();
    }
}

void Listener::admit(tcp::socket socket) {
    if (!service_.roster.make_room()) {
        return;  // the socket closes
    }
    try {
        std::make_shared<Session>(std::move(socket), service_)->start();
    } catch (const std::bad_alloc&) {
        // This connection is lost; accepting goes on.
    }
}

void Listener::back_off() {
    back_off_timer_.expires_after(accept_back_off);
    back_off_timer_.async_wait([this](const error_code& error) {
        if (!error && acceptor_.is_open()) {
            await_connection();
        }
    });
}

}  // namespace exporter::web

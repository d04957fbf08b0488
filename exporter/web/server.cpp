#include "web/server.h"

#include "web/boost.h"
#include "web/listener.h"
#include "web/session.h"

#include <exception>
#include <future>
#include <thread>
#include <utility>

namespace exporter::web {

class Server::Impl {
  public:
    Impl(const ServerOptions& options, Handler handler)
        : service_{std::move(handler), options.request_deadline, options.response_deadline,
                   Roster(options.max_connections)} {}
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { stop(std::chrono::milliseconds(0)); }

    tl::expected<void, std::string> listen(const std::vector<Address>& addresses) {
        for (const auto& address : addresses) {
            auto acceptor = listen_on(io_, address);
            if (!acceptor) {
                return tl::unexpected(std::move(acceptor.error()));
            }
            listeners_.push_back(std::make_unique<Listener>(std::move(*acceptor), service_));
            ports_.push_back(listeners_.back()->port());
        }
        return {};
    }

    void run() {
        for (const auto& listener : listeners_) {
            listener->start();
        }
        std::promise<void> finished;
        finished_ = finished.get_future();
        thread_ = std::jthread([this, done = std::move(finished)]() mutable {
            serve();
            done.set_value();
        });
    }

    void stop(std::chrono::milliseconds grace) {
        if (!thread_.joinable()) {
            return;
        }
        boost::asio::post(io_, [this] {
            for (const auto& listener : listeners_) {
                listener->stop();
            }
            service_.roster.drain();
        });
        // The thread ends when nothing is left to wait for, that is with the last connection.
        if (finished_.wait_for(grace) == std::future_status::timeout) {
            boost::asio::post(io_, [this] { service_.roster.close_all(); });
        }
        thread_.join();
    }

    [[nodiscard]] const std::vector<std::uint16_t>& ports() const { return ports_; }
    [[nodiscard]] std::size_t connections() const { return service_.roster.size(); }

  private:
    void serve() {
        for (;;) {
            try {
                io_.run();
                return;
            } catch (const std::exception&) {
                // Memory ran out in a completion handler: its connection is gone with it, the others go on.
            }
        }
    }

    Service service_;
    boost::asio::io_context io_{1};
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::uint16_t> ports_;
    std::future<void> finished_;
    std::jthread thread_;
};

tl::expected<std::unique_ptr<Server>, std::string> Server::start(const ServerOptions& options,
                                                                 Handler handler) {
    if (options.addresses.empty()) {
        return tl::unexpected<std::string>("no address to listen on; give one with --web.listen-address");
    }
    try {
        auto impl = std::make_unique<Impl>(options, std::move(handler));
        if (auto listening = impl->listen(options.addresses); !listening) {
            return tl::unexpected(std::move(listening.error()));
        }
        impl->run();
        return std::unique_ptr<Server>(new Server(std::move(impl)));
    } catch (const std::exception& error) {
        return tl::unexpected(std::string("cannot start the web server: ") + error.what());
    }
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() = default;

const std::vector<std::uint16_t>& Server::ports() const {
    return impl_->ports();
}

std::size_t Server::connections() const {
    return impl_->connections();
}

void Server::stop(std::chrono::milliseconds grace) {
    impl_->stop(grace);
}

}  // namespace exporter::web

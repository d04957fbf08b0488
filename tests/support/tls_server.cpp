#include "support/tls_server.h"

#include <httplib.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <utility>

namespace exporter::support {

class TlsServer::Impl {
  public:
    Impl(const Certificate& certificate, Handler handler, std::uint16_t port)
        : handler_(std::move(handler)),
          server_(certificate.certificate_file().c_str(), certificate.key_file().c_str()) {
        server_.Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
            ++requests_;
            const Reply reply = handler_(request.target);
            response.set_content(reply.body, "application/json");
            if (!reply.location.empty()) {
                response.set_redirect(reply.location);
            }
        });
        port_ = port == 0 ? server_.bind_to_any_port("127.0.0.1")
                          : (server_.bind_to_port("127.0.0.1", port) ? int{port} : -1);
        if (port_ <= 0) {
            throw std::runtime_error("no port on loopback");
        }
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) {  // A stop before the accept loop runs is lost.
            std::this_thread::yield();
        }
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        server_.stop();
        thread_.join();
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::size_t requests() const { return requests_; }

  private:
    const Handler handler_;
    std::atomic<std::size_t> requests_ = 0;
    httplib::SSLServer server_;
    int port_ = 0;
    std::thread thread_;
};

TlsServer::TlsServer(const Certificate& certificate, Handler handler, std::uint16_t port)
    : impl_(std::make_unique<Impl>(certificate, std::move(handler), port)) {}

TlsServer::~TlsServer() = default;

std::uint16_t TlsServer::port() const {
    return static_cast<std::uint16_t>(impl_->port());
}

std::size_t TlsServer::requests() const {
    return impl_->requests();
}

}  // namespace exporter::support

#include "demo/server.h"

#include "demo/api.h"
#include "demo/connections.h"
#include "demo/listing_json.h"

#include <httplib.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace exporter::demo {
namespace {

/// A worker serves one connection as long as it lives, so this bounds the clients served at once.
constexpr std::size_t worker_count = 24;
constexpr std::size_t requests_per_connection = 1'000'000;
constexpr int keep_alive_seconds = 30;

std::string lower(std::string text) {
    for (char& letter : text) {
        letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    return text;
}

/// The library adds what it knows of the connection to the headers.
bool was_on_the_wire(std::string_view header) {
    static constexpr std::array<std::string_view, 4> added = {"REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR",
                                                              "LOCAL_PORT"};
    return std::find(added.begin(), added.end(), header) == added.end();
}

RecordedRequest to_recorded(const httplib::Request& request) {
    RecordedRequest recorded;
    recorded.target = request.target;
    for (const auto& [name, value] : request.headers) {
        if (was_on_the_wire(name)) {
            recorded.headers.emplace_back(lower(name), value);
        }
    }
    return recorded;
}

/// Through a content provider: bodies given as such the library compresses once more, or in its own way.
void send(CannedAnswer answer, httplib::Response& response) {
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) {
        response.set_header(name, value);
    }
    if (answer.body.empty()) {
        response.set_header("Content-Type", answer.content_type);
        return;
    }
    const auto body = std::make_shared<const std::string>(std::move(answer.body));
    response.set_content_provider(body->size(), answer.content_type,
                                  [body](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
                                      return sink.write(body->data() + offset, length);
                                  });
}

}  // namespace

class SimulatedDatadog::Impl {
  public:
    explicit Impl(SimulatedDatadogOptions options) : port_(options.port), api_(std::move(options)) {
        configure();
        bind();
        start();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ~Impl() {
        api_.stop();
        server_.stop();
        shut_down_connections(port_);
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Api& api() { return api_; }

  private:
    void configure() {
        server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            send(api_.answer(request.method, to_recorded(request)), response);
            return httplib::Server::HandlerResponse::Handled;
        });
        // Without it the library puts the exception's text in a header.
        server_.set_exception_handler([](const httplib::Request& /*request*/, httplib::Response& response,
                                         const std::exception_ptr& /*error*/) {
            send({500, "application/json", errors_json("Internal error"), {}}, response);
        });
        server_.new_task_queue = [] { return new httplib::ThreadPool(worker_count); };
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_max_count(requests_per_connection);
        server_.set_keep_alive_timeout(keep_alive_seconds);
        // The library's own would be SO_REUSEPORT, with which a second server takes the same port unnoticed.
        server_.set_socket_options([this](int listener) {
            const int on = 1;
            ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            listening_socket_ = listener;
        });
    }

    void bind() {
        if (port_ == 0) {
            port_ = static_cast<std::uint16_t>(std::max(server_.bind_to_any_port("127.0.0.1"), 0));
        } else if (!server_.bind_to_port("127.0.0.1", port_)) {
            throw std::runtime_error("can't listen on 127.0.0.1:" + std::to_string(port_) +
                                     "; is the port taken?");
        }
        if (port_ == 0) {
            throw std::runtime_error("can't listen on any port of 127.0.0.1");
        }
        // The library's backlog of 5 makes connections that come at once wait for a retransmission.
        ::listen(listening_socket_, SOMAXCONN);
    }

    void start() {
        listener_ = std::jthread([this] {
            server_.listen_after_bind();
            ended_ = true;
        });
        // Version 0.11.4 loses a stop() that comes before its loop runs.
        while (!server_.is_running() && !ended_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (ended_) {
            throw std::runtime_error("can't accept connections on 127.0.0.1:" + std::to_string(port_));
        }
    }

    std::uint16_t port_;
    int listening_socket_ = -1;
    Api api_;
    httplib::Server server_;
    std::atomic<bool> ended_ = false;
    std::jthread listener_;  // last: joined before the rest goes
};

SimulatedDatadog::SimulatedDatadog(SimulatedDatadogOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
SimulatedDatadog::~SimulatedDatadog() = default;

std::uint16_t SimulatedDatadog::port() const {
    return impl_->port();
}
std::string SimulatedDatadog::url() const {
    return "http://127.0.0.1:" + std::to_string(port());
}
void SimulatedDatadog::set_faults(Faults faults) {
    impl_->api().set_faults(std::move(faults));
}
void SimulatedDatadog::with_organization(const std::function<void(SimulatedOrganization&)>& look) {
    impl_->api().with_organization(look);
}
std::size_t SimulatedDatadog::requests() const {
    return impl_->api().requests();
}
std::vector<RecordedRequest> SimulatedDatadog::recorded() const {
    return impl_->api().recorded();
}

}  // namespace exporter::demo

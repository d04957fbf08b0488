#include "http/session.h"

#include "http/authenticator.h"
#include "http/channel.h"
#include "http/rate_limiter.h"
#include "http/request.h"
#include "http/tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace exporter::http {
namespace {

/// How much of an answer is written before others get their turn.
constexpr std::size_t write_turn_bytes = std::size_t{1} << 18;

/// How long a client may stop reading its answer while others wait for their turn.
constexpr std::chrono::milliseconds patience_with_readers{100};

Roster::Time now() {
    return std::chrono::steady_clock::now();
}

/// Removes `bytes` from the front of the concatenated `pieces`.
void skip(std::size_t bytes, std::span<std::string_view> pieces) {
    for (auto& piece : pieces) {
        const auto part = std::min(bytes, piece.size());
        piece.remove_prefix(part);
        bytes -= part;
    }
}

/// The first bytes of the concatenated `pieces`, up to a limit.
std::array<std::string_view, 3> first_of(std::array<std::string_view, 3> pieces, std::size_t bytes) {
    for (auto& piece : pieces) {
        piece = piece.substr(0, bytes);
        bytes -= piece.size();
    }
    return pieces;
}

/// One connection. Lives until it is closed.
class Session final : public std::enable_shared_from_this<Session>,
                      public Connection,
                      private EventLoop::Waiter {
  public:
    using Step = void (Session::*)();

    Session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal)
        : service_(service),
          roster_(refusal ? service.overflow : service.roster),
          peer_(peer),
          refusal_(refusal),
          security_(service.security),
          socket_(std::move(socket)),
          channel_(security_ && security_->tls ? security_->tls->accept(socket_.get())
                                               : std::make_unique<Channel>(socket_.get())),
          place_(roster_.enter(*this, peer, now())) {}

    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override { close(); }

    void start() {
        self_ = shared_from_this();
        run(&Session::handshake);
    }

    /// Closes immediately, whatever it is doing. May be called again.
    void close() override {
        if (!place_) {
            return;
        }
        roster_.leave(*std::exchange(place_, std::nullopt));
        service_.loop->leave(socket_.get(), *this);
        channel_.reset();
        socket_ = Socket(-1);
        // Last, because it may be the only reference to this object.
        const auto self = std::exchange(self_, nullptr);
    }

  private:
    /// Runs a step of an open session, and closes only that session if memory runs out.
    void run(Step step) {
        const auto self = shared_from_this();  // the step may close it
        if (!place_) {
            return;
        }
        try {
            (this->*step)();
        } catch (const std::exception&) {
            close();
        }
    }

    void wait(Progress want, Step step) {
        next_step_ = step;
        service_.loop->wait(socket_.get(), want, *this);
    }

    /// Whether a channel operation is done. Otherwise the session waits to retry `step`, or closes.
    [[nodiscard]] bool goes_on(Progress progress, Step step) {
        if (progress == Progress::want_read || progress == Progress::want_write) {
            wait(progress, step);
        } else if (progress != Progress::done) {
            close();
        }
        return progress == Progress::done;
    }

    void ready() override {
        // Broken sockets are also reported without a wait; the next operation shows what is broken.
        if (const Step step = std::exchange(next_step_, nullptr)) {
            run(step);
        }
    }

    void enter(Phase phase) { roster_.move(*place_, phase, now()); }

    void handshake() {
        if (goes_on(channel_->handshake(), &Session::handshake)) {
            receive();
        }
    }

    void receive() {
        const auto [progress, bytes] = channel_->read(service_.input);
        if (!goes_on(progress, &Session::receive)) {
            return;
        }
        if ((*place_)->phase == Phase::idle) {
            enter(Phase::receiving);
        }
        reader_.feed({service_.input.data(), bytes});
        take_next();
    }

    void take_next() {
        auto next = reader_.next();
        if (next && !*next) {
            wait(Progress::want_read, &Session::receive);
            return;
        }
        head_ = next ? std::move(**next) : RequestHead();
        keep_alive_ = head_.keep_alive && !refusal_;
        is_probe_ = next && service_.options.is_probe && service_.options.is_probe(head_.request.path);
        if (!next) {
            answer(next.error());
        } else if (!is_probe_ && service_.probes_only) {
            answer(404);
        } else if (!is_probe_ && refusal_) {
            answer(*refusal_);
        } else {
            admit();
        }
    }

    void admit() {
        using Kind = RateLimiter::Kind;
        const bool asks_passwords = security_ && security_->authenticator;
        verdict_ = asks_passwords ? security_->authenticator->known(head_.authorization, peer_)
                                  : std::optional(Verdict::right);
        const auto kind = !verdict_                                       ? Kind::check
                          : asks_passwords && *verdict_ == Verdict::right ? Kind::known
                                                                          : Kind::anonymous;
        // Probes are exempt from the limit, unless they have a password to check: exempting those would
        // attract guessers.
        const bool is_limited = security_ && security_->rate_limiter && (!is_probe_ || kind == Kind::check);
        if (is_limited && !security_->rate_limiter->allow(kind, peer_, now())) {
            answer(429);
        } else if (verdict_) {
            respond();
        } else {
            verify();
        }
    }

    void verify() {
        enter(Phase::verifying);
        // The result arrives on another thread, which must not destroy this object.
        auto done = [loop = service_.loop, session = weak_from_this()](Verdict verdict) {
            loop->post([session, verdict] {
                if (const auto self = session.lock()) {
                    self->verdict_ = verdict;
                    self->run(&Session::respond);
                }
            });
        };
        security_->authenticator->verify(head_.authorization, peer_, std::move(done));
    }

    void respond() {
        if (verdict_ == Verdict::wrong) {
            answer(401);
            return;
        }
        const bool is_crowded = !is_probe_ && roster_.answering() >= service_.options.max_answers;
        if (verdict_ == Verdict::too_many ||
            (is_crowded && !roster_.close_longest_stalled(now() - patience_with_readers))) {
            answer(503);
            return;
        }
        Response response;
        try {
            response = service_.handler(head_.request);
        } catch (...) {
            // The exception's text is not sent: it is for developers, not for clients.
            answer(500);
            return;
        }
        answer(std::move(response));
    }

    /// False if the settings have changed since the client was admitted, or while the server stops.
    [[nodiscard]] bool is_welcome_to_stay() const {
        return security_ == service_.security && !roster_.draining();
    }

    void answer(unsigned status) {
        Response response;
        response.status = status;
        response.own_body = fmt::format("{}\n", reason_phrase(status));
        if (status == 429 || status == 503) {
            response.headers.emplace_back("Retry-After", "1");
        } else if (status == 401) {
            response.headers.emplace_back(
                "WWW-Authenticate",
                fmt::format(R"(Basic realm="{}", charset="UTF-8")", service_.options.realm));
        }
        answer(std::move(response));
    }

    void answer(Response response) {
        enter(Phase::answering);
        keep_alive_ = keep_alive_ && is_welcome_to_stay();
        if (security_) {
            add_missing(security_->headers, response.headers);
        }
        response_ = std::move(response);
        response_head_ =
            response_head(response_, !keep_alive_,
                          std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
        unwritten_ = {response_head_};
        if (head_.request.method != "HEAD") {
            unwritten_[1] =
                response_.shared_body ? std::string_view(*response_.shared_body) : std::string_view();
            unwritten_[2] = response_.own_body;
        }
        write();
    }

    void write() {
        roster_.note_progress(*place_, now());
        const auto is_written = [](std::string_view piece) { return piece.empty(); };
        std::size_t turn_left = write_turn_bytes;
        while (!std::ranges::all_of(unwritten_, is_written)) {
            if (turn_left == 0) {
                wait(Progress::want_write, &Session::write);
                return;
            }
            const auto [progress, bytes] = channel_->write(first_of(unwritten_, turn_left));
            if (!goes_on(progress, &Session::write)) {
                return;
            }
            skip(bytes, unwritten_);
            turn_left -= bytes;
        }
        on_written();
    }

    void on_written() {
        response_ = {};
        response_head_ = {};
        if (roster_.draining()) {
            close();
        } else if (!keep_alive_ || !is_welcome_to_stay()) {
            // Closing while input is unread resets the connection: the client may lose the response.
            enter(Phase::lingering);
            reader_.clear();
            channel_->finish();
            discard();
        } else if (reader_.empty()) {
            enter(Phase::idle);
            wait(Progress::want_read, &Session::receive);
        } else {
            enter(Phase::receiving);
            // Not immediately, so that a client that pipelines many requests takes turns with others.
            wait(Progress::want_write, &Session::take_next);
        }
    }

    void discard() {
        if (goes_on(channel_->read(service_.input).progress, &Session::discard)) {
            wait(Progress::want_read, &Session::discard);
        }
    }

    Service& service_;
    Roster& roster_;
    const Peer peer_;
    const std::optional<unsigned> refusal_;
    const std::shared_ptr<const Security> security_;  ///< may be null
    Socket socket_;
    std::unique_ptr<Channel> channel_;
    HeadReader reader_;
    std::optional<Roster::Place> place_;  ///< none once closed
    std::shared_ptr<Session> self_;       ///< set until it is closed
    Step next_step_ = nullptr;            ///< called when the awaited event has occurred

    RequestHead head_;                ///< empty: rejected while parsing
    std::optional<Verdict> verdict_;  ///< verdict on the request's login; nullopt: it must be checked
    bool keep_alive_ = false;
    bool is_probe_ = false;

    std::string response_head_;
    Response response_;
    std::array<std::string_view, 3> unwritten_;  ///< parts of `response_head_` and `response_`
};

}  // namespace

void begin_session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal) {
    std::make_shared<Session>(std::move(socket), peer, service, refusal)->start();
}

}  // namespace exporter::http

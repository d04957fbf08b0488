#include "http/session.h"

#include "http/tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <span>
#include <utility>

namespace exporter::http {
namespace {

/// How much of an answer is written before others have their turn.
constexpr std::size_t write_turn_bytes = std::size_t{1} << 18;

/// How long a client may take nothing of its answer while others wait for their turn.
constexpr std::chrono::milliseconds patience_with_readers{100};

Roster::Time now() {
    return std::chrono::steady_clock::now();
}

Response plain_response(unsigned status) {
    Response response;
    response.status = status;
    response.own_body = fmt::format("{}\n", reason_phrase(status));
    if (status == 429 || status == 503) {
        response.headers.emplace_back("Retry-After", "1");
    }
    return response;
}

Response unauthorized() {
    auto response = plain_response(401);
    response.headers.emplace_back("WWW-Authenticate",
                                  R"(Basic realm="datadog_token_exporter", charset="UTF-8")");
    return response;
}

/// @param verdict none: the password has to be checked
RateLimiter::Kind rate_kind(bool asks_passwords, const std::optional<Verdict>& verdict) {
    if (!verdict) {
        return RateLimiter::Kind::check;
    }
    return asks_passwords && verdict == Verdict::right ? RateLimiter::Kind::known
                                                       : RateLimiter::Kind::anonymous;
}

/// Cuts `bytes` off the front of the concatenation of `pieces`.
void skip(std::size_t bytes, std::span<std::string_view> pieces) {
    for (auto& piece : pieces) {
        const auto part = std::min(bytes, piece.size());
        piece.remove_prefix(part);
        bytes -= part;
    }
}

/// The first so many bytes of the concatenation of `pieces`.
std::array<std::string_view, 3> first_of(std::array<std::string_view, 3> pieces, std::size_t bytes) {
    for (auto& piece : pieces) {
        piece = piece.substr(0, bytes);
        bytes -= piece.size();
    }
    return pieces;
}

}  // namespace

Session::Session(Socket socket, const std::optional<Peer>& peer, Service& service,
                 std::optional<unsigned> refusal)
    : service_(service),
      roster_(refusal ? service.overflow : service.roster),
      peer_(peer),
      refusal_(refusal),
      security_(service.security),
      socket_(std::move(socket)),
      channel_(security_ && security_->tls ? security_->tls->accept(socket_.get())
                                           : plain_channel(socket_.get())),
      place_(roster_.enter(*this, peer, now())) {}

Session::~Session() {
    close();
}

void Session::start() {
    self_ = shared_from_this();
    guard([this] {
        entered_ = service_.loop->enter(socket_.get(), *this);
        if (entered_) {
            handshake();
        } else {
            close();
        }
    });
}

void Session::close() {
    if (!place_) {
        return;
    }
    roster_.leave(*std::exchange(place_, std::nullopt));
    if (entered_) {
        service_.loop->leave(socket_.get(), *this);
    }
    channel_.reset();
    socket_ = Socket(-1);
    // Last: it may be all that keeps this object.
    const auto self = std::exchange(self_, nullptr);
}

void Session::enter(Phase phase) {
    roster_.move(*place_, phase, now());
}

void Session::wait(Progress want, Step step) {
    next_step_ = step;
    service_.loop->wait(socket_.get(), want, *this);
}

void Session::ready() {
    // Broken sockets are reported unasked, too: what is broken shows in the next operation.
    if (const Step step = std::exchange(next_step_, nullptr)) {
        guard([this, step] { ((*this).*step)(); });
    }
}

void Session::handshake() {
    const auto progress = channel_->handshake();
    if (progress == Progress::done) {
        receive();
    } else if (progress == Progress::want_read || progress == Progress::want_write) {
        wait(progress, &Session::handshake);
    } else {
        close();
    }
}

void Session::receive() {
    const auto [progress, bytes] = channel_->read(service_.input);
    if (progress == Progress::done) {
        if ((*place_)->phase == Phase::idle) {
            enter(Phase::receiving);
        }
        reader_.feed({service_.input.data(), bytes});
        take_next();
    } else if (progress == Progress::want_read || progress == Progress::want_write) {
        wait(progress, &Session::receive);
    } else {
        close();
    }
}

void Session::take_next() {
    switch (reader_.next()) {
        case HeadReader::State::complete:
            without_body_ = reader_.head().request.method == "HEAD";
            judge();
            break;
        case HeadReader::State::refused:
            without_body_ = false;
            refuse(reader_.refusal());
            break;
        case HeadReader::State::incomplete:
            wait(Progress::want_read, &Session::receive);
            break;
    }
}

void Session::judge() {
    is_probe_ = service_.is_probe && service_.is_probe(reader_.head().request.path);
    keep_alive_ = reader_.head().keep_alive && !refusal_;
    if (!is_probe_ && service_.probes_only) {
        answer(plain_response(404));
    } else if (!is_probe_ && refusal_) {
        refuse(*refusal_);
    } else {
        admit();
    }
}

void Session::admit() {
    const bool asks_passwords = security_ && security_->authenticator;
    const auto verdict = asks_passwords
                             ? security_->authenticator->known(reader_.head().authorization, peer_key())
                             : std::optional(Verdict::right);
    const auto kind = rate_kind(asks_passwords, verdict);
    // Probes are answered beyond the limit, but no password is checked beyond it: guessers would go there.
    if ((!is_probe_ || kind == RateLimiter::Kind::check) && !is_within_rate(kind)) {
        answer(plain_response(429));
    } else if (verdict) {
        on_verified(*verdict);
    } else {
        verify();
    }
}

bool Session::is_within_rate(RateLimiter::Kind kind) {
    return !security_ || !security_->rate_limiter || security_->rate_limiter->allow(kind, peer_key(), now());
}

void Session::verify() {
    enter(Phase::verifying);
    // The result comes on another thread, where this object must not end.
    auto done = [loop = service_.loop, session = weak_from_this()](Verdict verdict) {
        loop->post([session, verdict] {
            if (const auto self = session.lock()) {
                self->guard([&self, verdict] { self->on_verified(verdict); });
            }
        });
    };
    security_->authenticator->verify(reader_.head().authorization, peer_key(), std::move(done));
}

void Session::on_verified(Verdict verdict) {
    switch (verdict) {
        case Verdict::right:
            respond();
            break;
        case Verdict::wrong:
            answer(unauthorized());
            break;
        case Verdict::too_many:
            answer(plain_response(503));
            break;
    }
}

void Session::respond() {
    if (!is_probe_ && roster_.answering() >= service_.max_answers &&
        !roster_.close_longest_stalled(now() - patience_with_readers)) {
        answer(plain_response(503));
        return;
    }
    Response response;
    try {
        response = service_.handler(reader_.head().request);
    } catch (...) {
        // Without the exception's text: it is for the program's author, not for whoever can reach the port.
        response = plain_response(500);
    }
    answer(std::move(response));
}

std::string Session::peer_key() const {
    return peer_ ? peer_->key() : std::string();
}

/// Whoever came in under settings that no longer hold does not stay.
bool Session::is_welcome_to_stay() const {
    return security_ == service_.security && !roster_.draining();
}

void Session::refuse(unsigned status) {
    keep_alive_ = false;
    answer(plain_response(status));
}

void Session::answer(Response response) {
    enter(Phase::answering);
    keep_alive_ = keep_alive_ && is_welcome_to_stay();
    if (security_) {
        add_missing(security_->headers, response.headers);
    }
    response_ = std::move(response);
    head_ = response_head(response_, !keep_alive_,
                          std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()));
    written_ = 0;
    write();
}

void Session::write() {
    std::array<std::string_view, 3> pieces{head_, {}, {}};
    if (!without_body_) {
        pieces[1] = response_.shared_body ? std::string_view(*response_.shared_body) : std::string_view();
        pieces[2] = response_.own_body;
    }
    const std::size_t total = pieces[0].size() + pieces[1].size() + pieces[2].size();
    skip(written_, pieces);
    roster_.note_progress(*place_, now());
    for (const std::size_t turn_end = written_ + write_turn_bytes; written_ < total;) {
        if (written_ == turn_end) {
            wait(Progress::want_write, &Session::write);
            return;
        }
        const auto [progress, bytes] = channel_->write(first_of(pieces, turn_end - written_));
        if (progress == Progress::want_read || progress == Progress::want_write) {
            wait(progress, &Session::write);
            return;
        }
        if (progress != Progress::done) {
            close();
            return;
        }
        written_ += bytes;
        skip(bytes, pieces);
    }
    on_written();
}

void Session::on_written() {
    response_ = {};
    head_ = {};
    if (roster_.draining()) {
        close();
    } else if (!keep_alive_ || !is_welcome_to_stay()) {
        linger();
    } else {
        enter(reader_.empty() ? Phase::idle : Phase::receiving);
        // Not at once, so that a client that sends many requests at a time has its turn like others.
        service_.loop->post([self = shared_from_this()] { self->guard([&self] { self->take_next(); }); });
    }
}

// Closing while input is unread resets the connection, and the client may lose the response it was about to
// read.
void Session::linger() {
    enter(Phase::lingering);
    reader_.clear();
    channel_->finish();
    discard();
}

void Session::discard() {
    const auto progress = channel_->read(service_.input).progress;
    if (progress == Progress::done) {
        wait(Progress::want_read, &Session::discard);
    } else if (progress == Progress::want_read || progress == Progress::want_write) {
        wait(progress, &Session::discard);
    } else {
        close();
    }
}

}  // namespace exporter::http

// One connection: reads requests one after another and answers each in turn. Internal to the server.
#pragma once

#include "base/descriptor.h"
#include "http/authenticator.h"
#include "http/channel.h"
#include "http/event_loop.h"
#include "http/rate_limiter.h"
#include "http/request.h"
#include "http/roster.h"
#include "http/server.h"

#include <array>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::http {

using Socket = base::Descriptor;

/// Read of a connection before others have their turn.
inline constexpr std::size_t read_turn_bytes = 16384;

/// What the connections of one kind of listener share. Outlives them; used on the server's thread alone.
struct Service {
    const Handler handler;
    const std::function<bool(std::string_view path)> is_probe;  ///< served beyond every limit
    const std::size_t max_answers;
    std::shared_ptr<EventLoop> loop;  ///< shared with checks of passwords, which may outlive the server
    Roster roster;
    Roster* crowd = nullptr;  ///< of whose connections one makes room when file descriptors run out
    Roster overflow;          ///< beyond the limits: told so, unless they are probes
    std::shared_ptr<const Security> security;  ///< null: plain HTTP for everybody
    const bool probes_only;
    std::array<char, read_turn_bytes> input{};  ///< of whichever connection is being read
};

/// Lives until it is closed.
class Session final : public std::enable_shared_from_this<Session>,
                      public Connection,
                      private EventLoop::Waiter {
  public:
    /// @param socket connected and non-blocking
    /// @param refusal the status for all but probes, of a connection that is beyond a limit: it is in the
    /// overflow
    Session(Socket socket, const std::optional<Peer>& peer, Service& service,
            std::optional<unsigned> refusal);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    void start();

    /// At once, whatever is under way. May be called again.
    void close() override;

  private:
    using Step = void (Session::*)();

    /// Makes a step of an open session, and closes it when memory runs out: the others go on.
    template <class Action>
    void guard(Action action) {
        const auto self = shared_from_this();  // a step may close it
        if (!place_) {
            return;
        }
        try {
            action();
        } catch (const std::exception&) {
            close();
        }
    }

    void wait(Progress want, Step step);
    void ready() override;
    void enter(Phase phase);

    void handshake();
    void receive();
    void take_next();
    void judge();
    void admit();
    [[nodiscard]] bool is_within_rate(RateLimiter::Kind kind);
    void verify();
    void on_verified(Verdict verdict);
    void respond();

    [[nodiscard]] std::string peer_key() const;
    [[nodiscard]] bool is_welcome_to_stay() const;
    void refuse(unsigned status);
    void answer(Response response);
    void write();
    void on_written();

    void linger();
    void discard();

    Service& service_;
    Roster& roster_;
    const std::optional<Peer> peer_;
    const std::optional<unsigned> refusal_;
    const std::shared_ptr<const Security> security_;  ///< may be null
    Socket socket_;
    std::unique_ptr<Channel> channel_;
    HeadReader reader_;
    std::optional<Roster::Place> place_;  ///< none once closed
    std::shared_ptr<Session> self_;       ///< from the start until it is closed
    bool entered_ = false;                ///< `service_.loop` knows it
    Step next_step_ = nullptr;            ///< when what is waited for has come

    Response response_;  ///< with `head_`, what is being written
    std::string head_;
    std::size_t written_ = 0;
    bool keep_alive_ = false;
    bool without_body_ = false;  ///< what was asked by HEAD
    bool is_probe_ = false;
};

}  // namespace exporter::http

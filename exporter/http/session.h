// One connection: reads requests one after another and answers each in turn. Internal to the server.
#pragma once

#include "base/descriptor.h"
#include "http/authenticator.h"
#include "http/channel.h"
#include "http/event_loop.h"
#include "http/request.h"
#include "http/roster.h"
#include "http/server.h"

#include <array>
#include <cstddef>
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
    const ServerOptions& options;
    const Handler& handler;
    std::shared_ptr<EventLoop> loop;  ///< shared with checks of passwords, which may outlive the server
    Roster roster;
    Roster overflow;  ///< beyond the limits: told so, unless they are probes
    Roster& crowd;    ///< of whose connections one makes room when file descriptors run out
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
    Session(Socket socket, const Peer& peer, Service& service, std::optional<unsigned> refusal);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session() override;

    void start();

    /// At once, whatever is under way. May be called again.
    void close() override;

  private:
    using Step = void (Session::*)();

    void run(Step step);
    void wait(Progress want, Step step);
    [[nodiscard]] bool goes_on(Progress progress, Step step);
    void ready() override;
    void enter(Phase phase);

    void handshake();
    void receive();
    void take_next();
    void admit();
    void verify();
    void respond();

    [[nodiscard]] bool is_welcome_to_stay() const;
    void answer(unsigned status);
    void answer(Response response);
    void write();
    void on_written();
    void discard();

    Service& service_;
    Roster& roster_;
    const Peer peer_;
    const std::optional<unsigned> refusal_;
    const std::shared_ptr<const Security> security_;  ///< may be null
    Socket socket_;
    std::unique_ptr<Channel> channel_;
    HeadReader reader_;
    std::optional<Roster::Place> place_;  ///< none once closed
    std::shared_ptr<Session> self_;       ///< from the start until it is closed
    Step next_step_ = nullptr;            ///< when what is waited for has come

    std::optional<Verdict> verdict_;  ///< on the request's login; none: it has to be checked
    bool keep_alive_ = false;
    bool without_body_ = false;  ///< what was asked by HEAD
    bool is_probe_ = false;

    std::string head_;
    Response response_;
    std::array<std::string_view, 3> unwritten_;  ///< of `head_` and `response_`
};

}  // namespace exporter::http

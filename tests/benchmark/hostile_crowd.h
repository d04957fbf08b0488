// A crowd of hostile clients on one thread.
#pragma once

#include <netinet/in.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace exporter::comparison {

enum class Manner : std::uint8_t {
    byte_a_second,  ///< of a header that never ends
    no_newline,     ///< a request line that goes on, 64 bytes a second
    half_open,      ///< silence; every tenth asks once and closes its side for good
    never_reading,  ///< asks many times at once, with little room to receive, and reads nothing
};
inline constexpr std::array<std::string_view, 4> manner_names{"byte_a_second", "no_newline", "half_open",
                                                              "never_reading"};

struct CrowdOptions {
    std::uint16_t port = 0;  ///< on 127.0.0.1
    std::size_t connections = 1000;
    std::size_t first_connects_per_second = 2000;
    std::size_t connects_per_second = 1000;
    /// A client that does not read can't see that the server has gone, so after so long it tries again.
    std::chrono::seconds never_reading_patience{40};
};

/// As the clients saw it: a connection is open from the handshake on, also while it waits to be accepted.
struct CrowdReport {
    double open_average = 0;
    std::array<double, manner_names.size()> open_average_by_manner{};
    std::size_t open_least = 0;
    std::uint64_t connected = 0;        ///< in all
    std::uint64_t ended_by_server = 0;  ///< closed or reset
    std::uint64_t failed = 0;           ///< connects that were refused or had no answer
};

/// Connections come from 127.0.0.2 to 127.0.0.250 in turn. Throws std::system_error where the system has no
/// means left.
class Crowd {
  public:
    explicit Crowd(const CrowdOptions& options);
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd();

    /// Until each connection has been tried once.
    void gather();

    /// Keeps up the pressure, and reports what it was.
    [[nodiscard]] CrowdReport hold(std::chrono::seconds duration);

  private:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { absent, connecting, open };
    struct Client {
        int socket = -1;
        State state = State::absent;
        Manner manner{};
        bool closes_its_side = false;
        Clock::time_point since;  ///< of the state
    };

    void tick(std::size_t connects);
    void connect(std::size_t index);
    void open(std::size_t index);
    void drip(const Client& client) const;
    void leave(Client& client);
    void handle_events(Clock::time_point until);
    void handle_event(std::size_t index, std::uint32_t events);
    void count_open();

    const CrowdOptions options_;
    const sockaddr_in server_;
    const int epoll_;
    std::vector<Client> clients_;
    std::size_t next_ = 0;  ///< the client whose turn it is to connect
    std::uint64_t ticks_ = 0;
    std::uint64_t samples_ = 0;
    std::array<std::uint64_t, manner_names.size()> open_sums_{};
    CrowdReport report_;
};

}  // namespace exporter::comparison

// A crowd of hostile clients, all on one thread.
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
    byte_a_second,  ///< of an endless header
    no_newline,     ///< an endless request line, 64 bytes a second
    half_open,      ///< silent; every tenth sends a request, then half-closes
    never_reading,  ///< sends many requests at once, has a small receive buffer, and reads nothing
};
inline constexpr std::array<std::string_view, 4> manner_names{"byte_a_second", "no_newline", "half_open",
                                                              "never_reading"};

struct CrowdOptions {
    std::uint16_t port = 0;  ///< on 127.0.0.1
    std::size_t connections = 1000;
    std::size_t first_connects_per_second = 2000;
    std::size_t connects_per_second = 1000;
    /// A client that doesn't read can't see that the server has closed, so it reconnects after this long.
    std::chrono::seconds never_reading_patience{40};
};

/// As seen by the clients: a connection is open once its TCP handshake is done, even before accept().
struct CrowdReport {
    double open_average = 0;
    std::array<double, manner_names.size()> open_average_by_manner{};
    std::size_t open_least = 0;
    std::uint64_t connected = 0;        ///< total
    std::uint64_t ended_by_server = 0;  ///< closed or reset
    std::uint64_t failed = 0;           ///< connects that were refused or timed out
};

/// Connections rotate through source addresses 127.0.0.2 to 127.0.0.250. Throws std::system_error if the
/// system runs out of resources.
class Crowd {
  public:
    explicit Crowd(const CrowdOptions& options);
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;
    ~Crowd();

    /// Returns once each connection has been tried.
    void gather();

    /// Keeps the connections open for `duration`, and reports what was achieved.
    [[nodiscard]] CrowdReport hold(std::chrono::seconds duration);

  private:
    using Clock = std::chrono::steady_clock;
    enum class State : std::uint8_t { absent, connecting, open };
    struct Client {
        int socket = -1;
        State state = State::absent;
        Manner manner{};
        bool closes_its_side = false;
        Clock::time_point since;  ///< start of the state
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
    std::size_t next_ = 0;  ///< next client to connect
    std::uint64_t ticks_ = 0;
    std::uint64_t samples_ = 0;
    std::array<std::uint64_t, manner_names.size()> open_sums_{};
    CrowdReport report_;
};

}  // namespace exporter::comparison

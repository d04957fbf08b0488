// Floods a TLS server with records that carry no data. Reconnects a second after the server closes a
// connection. Prints `holding` once every connection has completed its first handshake, and a line of JSON at
// the end.
#include "support/tls_flood.h"

#include "support/guarded_main.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <latch>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace exporter;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr auto pause_before_coming_back = std::chrono::seconds(1);

struct Arguments {
    std::uint16_t port = 0;
    std::string kind;
    std::ptrdiff_t connections = 8;
    int records = 20'000;  ///< in each burst of KeyUpdates
    std::int64_t seconds = 10;
};

struct Counts {
    std::atomic<std::uint64_t> connected = 0;
    std::atomic<std::uint64_t> ended_by_server = 0;
    std::atomic<std::uint64_t> failed = 0;
};

/// Whether the server closed the connection within `limit`.
bool send(support::KeyUpdateBurst& burst, milliseconds limit) {
    burst.send();
    return burst.ended_within(limit);
}

bool send(support::RenegotiationFlood& flood, milliseconds limit) {
    return flood.send(limit);
}

class Flood {
  public:
    explicit Flood(const Arguments& arguments)
        : arguments_(arguments), first_handshakes_(arguments.connections) {
        for (std::ptrdiff_t i = 0; i < arguments.connections; ++i) {
            threads_.emplace_back([this, i] { keep_up("127.0.0." + std::to_string(2 + i % 249)); });
        }
        first_handshakes_.wait();
        end_ = Clock::now() + std::chrono::seconds(arguments.seconds);
        may_send_.count_down();
    }

    const Counts& finish() {
        threads_.clear();
        return counts_;
    }

  private:
    void keep_up(const std::string& source) {
        bool first = true;
        do {
            try {
                if (arguments_.kind == "key_updates") {
                    flood_with(support::KeyUpdateBurst(arguments_.port, arguments_.records, source), first);
                } else {
                    flood_with(support::RenegotiationFlood(arguments_.port, source), first);
                }
            } catch (const std::exception&) {
                ++counts_.failed;
                wait_for_the_others(first);
            }
            std::this_thread::sleep_for(
                std::min<Clock::duration>(pause_before_coming_back, end_ - Clock::now()));
        } while (Clock::now() < end_);
    }

    void flood_with(auto connection, bool& first) {
        ++counts_.connected;
        wait_for_the_others(first);
        const bool ended = send(connection, std::chrono::ceil<milliseconds>(end_ - Clock::now()));
        counts_.ended_by_server += ended ? 1U : 0U;
    }

    void wait_for_the_others(bool& first) {
        if (std::exchange(first, false)) {
            first_handshakes_.count_down();
            may_send_.wait();
        }
    }

    const Arguments arguments_;
    Counts counts_;
    std::latch first_handshakes_;
    std::latch may_send_{1};
    Clock::time_point end_;  ///< constant once `may_send_` is released
    std::vector<std::jthread> threads_;
};

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Floods a TLS server on 127.0.0.1 with records that carry no data");
    app.add_option("--port", arguments.port, "port of the server")->required();
    app.add_option("--kind", arguments.kind, "kind of flood, for TLS 1.3 or 1.2")
        ->required()
        ->check(CLI::IsMember({"key_updates", "renegotiations"}));
    app.add_option("--connections", arguments.connections, "number of connections")
        ->check(CLI::Range(1, 1000));
    app.add_option("--records", arguments.records, "records in a burst of KeyUpdates");
    app.add_option("--seconds", arguments.seconds, "duration, once all handshakes are done");
    CLI11_PARSE(app, argc, argv);

    Flood flood(arguments);
    fmt::print("holding\n");
    std::fflush(stdout);
    const Counts& counts = flood.finish();
    fmt::print(R"({{"connected": {}, "ended_by_server": {}, "failed": {}}})"
               "\n",
               counts.connected.load(), counts.ended_by_server.load(), counts.failed.load());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}

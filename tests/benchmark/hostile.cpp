// Keeps thousands of connections to a server open in four abusive ways, from many loopback addresses, and
// reconnects where the server closes one. Prints `holding` once all have been tried, and a line of JSON at
// the end.
#include "hostile_crowd.h"
#include "support/guarded_main.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdio>

namespace {

using namespace exporter::comparison;

void raise_file_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

void print(const CrowdReport& report) {
    fmt::print(R"({{"open_average": {:.1f}, "open_least": {}, "connected": {}, "ended_by_server": {}, )"
               R"("failed": {}, "open_by_manner": {{)",
               report.open_average, report.open_least, report.connected, report.ended_by_server,
               report.failed);
    const char* separator = "";
    for (std::size_t i = 0; i < manner_names.size(); ++i) {
        fmt::print(R"({}"{}": {:.1f})", separator, manner_names[i], report.open_average_by_manner[i]);
        separator = ", ";
    }
    fmt::print("}}}}\n");
}

int run(int argc, char** argv) {
    CrowdOptions options;
    std::int64_t seconds = 60;
    CLI::App app("Holds hostile connections to a server on 127.0.0.1 open");
    app.add_option("--port", options.port, "port of the server")->required();
    app.add_option("--connections", options.connections, "number of connections, a quarter of each kind");
    app.add_option("--seconds", seconds, "duration, once all have been tried");
    app.add_option("--ramp", options.first_connects_per_second,
                   "connection attempts per second until all have been tried");
    app.add_option("--rate", options.connects_per_second,
                   "maximum connection attempts per second after that");
    CLI11_PARSE(app, argc, argv);

    raise_file_limit();
    Crowd crowd(options);
    crowd.gather();
    fmt::print("holding\n");
    std::fflush(stdout);
    print(crowd.hold(std::chrono::seconds(seconds)));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}

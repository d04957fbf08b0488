// Holds thousands of connections to a server open in four bad manners, from many addresses of the loopback
// network, and connects anew where the server ends one. Prints `holding` once all were tried, and a line of
// JSON at the end.
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
    app.add_option("--port", options.port, "the server's")->required();
    app.add_option("--connections", options.connections, "how many, a quarter in each manner");
    app.add_option("--seconds", seconds, "how long, from when all have been tried");
    app.add_option("--ramp", options.first_connects_per_second, "connects a second until all were tried");
    app.add_option("--rate", options.connects_per_second, "connects a second from then on, at most");
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

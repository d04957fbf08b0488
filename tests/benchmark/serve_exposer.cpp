// prometheus-cpp's server over the same families and the exporter's own metrics, for comparison.
#include "exposition_adapter.h"
#include "families.h"
#include "lifetime.h"
#include "support/guarded_main.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <prometheus/exposer.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>

namespace {

using namespace exporter;

int run(int argc, char** argv) {
    std::size_t series = 10'000;
    std::int64_t max_seconds = 600;
    CLI::App app("Serves families that stand still with prometheus-cpp's Exposer");
    app.add_option("--series", series, "number of series");
    app.add_option("--max-seconds", max_seconds, "exit after this many seconds");
    CLI11_PARSE(app, argc, argv);

    comparison::hold_signals();
    const auto families = std::make_shared<comparison::FixedCollectable>(comparison::families_of(series));
    const auto exporter = comparison::exporter_metrics();
    prometheus::Exposer exposer("127.0.0.1:0");  // with its default of two threads
    exposer.RegisterCollectable(families);
    exposer.RegisterCollectable(exporter);
    comparison::serve_until_told(static_cast<std::uint16_t>(exposer.GetListeningPorts().at(0)),
                                 std::chrono::seconds(max_seconds));
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}

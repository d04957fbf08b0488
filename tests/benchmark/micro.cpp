// The cost of each part of a poll and of a scrape. The argument is the number of series.
#include "exposition_adapter.h"
#include "families.h"
#include "http/request.h"

#include <benchmark/benchmark.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace exporter;

std::vector<prometheus::MetricFamily> families_for(const benchmark::State& state) {
    return comparison::families_of(static_cast<std::size_t>(state.range(0)));
}

void count_series(benchmark::State& state) {
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

void render(benchmark::State& state) {
    const auto families = families_for(state);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::rendered(families));
    }
    count_series(state);
}

/// prometheus-cpp's renderer, for comparison.
void render_with_library(benchmark::State& state) {
    const auto families = families_for(state);
    const prometheus::TextSerializer serializer;
    while (state.KeepRunning()) {
        std::ostringstream text;
        serializer.Serialize(text, families);
        benchmark::DoNotOptimize(text.str());
    }
    count_series(state);
}

/// Runs once per poll.
void render_and_compress(benchmark::State& state) {
    const auto families = families_for(state);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::exposition_of(families));
    }
    count_series(state);
}

void live_part(benchmark::State& state) {
    const auto exporter = comparison::exporter_metrics();
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::rendered(exporter->Collect()));
    }
}

/// The extra cost with thousands of connections, as the process metrics count the open files.
void live_part_among_5000_files(benchmark::State& state) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::vector<int> files(5000);
    std::generate(files.begin(), files.end(), [] { return dup(STDERR_FILENO); });
    if (std::find(files.begin(), files.end(), -1) != files.end()) {
        state.SkipWithError("too few files may be open");
    }
    live_part(state);
    std::for_each(files.begin(), files.end(), close);
}

/// A scrape's body, including the live part.
void scrape(benchmark::State& state, bool gzip) {
    const auto store = comparison::make_store();
    store->publish(comparison::exposition_of(families_for(state)));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::scrape(*store, gzip));
    }
}

/// Uses the headers that Prometheus 2.42 sends.
void negotiate(benchmark::State& state) {
    const std::string accept =
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
        "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    const std::string accept_encoding = "gzip";
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::negotiated_gzip(accept, accept_encoding));
    }
}

void http_head(benchmark::State& state) {
    http::Response response;
    response.content_type = metrics::content_type(metrics::Format::text);
    response.headers = {{"Vary", "Accept-Encoding"}, {"Content-Encoding", "gzip"}};
    response.own_body.assign(1000, 'x');
    const base::Timestamp now(std::chrono::seconds(1'750'000'000));
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(http::response_head(response, false, now));
    }
}

// Generic, because the type's name differs between releases of the library.
constexpr auto series = [](auto* registered) {
    registered->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(50'000)->Unit(benchmark::kMicrosecond);
};

BENCHMARK(render)->Apply(series);
BENCHMARK(render_with_library)->Apply(series);
BENCHMARK(render_and_compress)->Apply(series);
BENCHMARK_CAPTURE(scrape, identity, false)->Apply(series);
BENCHMARK_CAPTURE(scrape, gzip, true)->Apply(series);
BENCHMARK(live_part)->Unit(benchmark::kMicrosecond);
BENCHMARK(live_part_among_5000_files)->Unit(benchmark::kMicrosecond);
BENCHMARK(negotiate)->Unit(benchmark::kMicrosecond);
BENCHMARK(http_head)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();

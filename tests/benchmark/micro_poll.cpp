// The cost of each part of a poll, without the network. The argument is the number of tokens. Subtract `copy`
// from `parse` and `parse_into_nothing`: both overwrite each page and so need a new copy.
#include "pages.h"
#include "poll_adapter.h"
#include "support/gzip.h"

#include <benchmark/benchmark.h>
#include <rapidjson/reader.h>
#include <rapidjson/stream.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace exporter;

constexpr std::size_t page_size = 100;

const std::vector<std::string>& pages_for(const benchmark::State& state) {
    static std::map<std::int64_t, std::vector<std::string>> made;
    auto& pages = made[state.range(0)];
    if (pages.empty()) {
        comparison::for_each_page(static_cast<std::size_t>(state.range(0)), page_size,
                                  [&pages](std::string page) { pages.push_back(std::move(page)); });
    }
    return pages;
}

std::vector<datadog::Page> parsed_for(const benchmark::State& state) {
    std::vector<datadog::Page> parsed;
    for (const auto& page : pages_for(state)) {
        parsed.push_back(comparison::parsed(page));
    }
    return parsed;
}

base::Timestamp now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

void count_tokens(benchmark::State& state) {
    state.SetItemsProcessed(state.iterations() * state.range(0));
}

/// zlib alone, which any client that requests gzip needs.
void inflate_pages(benchmark::State& state) {
    constexpr int largest_window_as_gzip = 15 + 16;
    std::vector<std::string> compressed;
    std::size_t longest = 0;
    for (const auto& page : pages_for(state)) {
        compressed.push_back(support::gzip(page, support::Effort::least));
        longest = std::max(longest, page.size());
    }
    std::vector<Bytef> text(longest + 1);
    while (state.KeepRunning()) {
        for (auto& page : compressed) {
            z_stream stream{};
            inflateInit2(&stream, largest_window_as_gzip);
            stream.next_in = reinterpret_cast<Bytef*>(page.data());
            stream.avail_in = static_cast<uInt>(page.size());
            stream.next_out = text.data();
            stream.avail_out = static_cast<uInt>(text.size());
            if (inflate(&stream, Z_FINISH) != Z_STREAM_END) {
                throw std::runtime_error("zlib: inflate failed");
            }
            inflateEnd(&stream);
        }
    }
    count_tokens(state);
}

void copy(benchmark::State& state) {
    std::vector<char> body;
    while (state.KeepRunning()) {
        for (const auto& page : pages_for(state)) {
            body.assign(page.begin(), page.end());
            body.push_back('\0');
            benchmark::DoNotOptimize(body.data());
        }
    }
    count_tokens(state);
}

/// RapidJSON's in-place reader with an empty handler: the minimum cost of reading JSON with it.
void parse_into_nothing(benchmark::State& state) {
    std::vector<char> body;
    while (state.KeepRunning()) {
        for (const auto& page : pages_for(state)) {
            body.assign(page.begin(), page.end());
            body.push_back('\0');
            rapidjson::InsituStringStream stream(body.data());
            rapidjson::BaseReaderHandler<> nothing;
            rapidjson::Reader reader;
            if (!reader.Parse<rapidjson::kParseInsituFlag>(stream, nothing)) {
                throw std::runtime_error("a page that is not JSON");
            }
        }
    }
    count_tokens(state);
}

void parse(benchmark::State& state) {
    while (state.KeepRunning()) {
        for (const auto& page : pages_for(state)) {
            benchmark::DoNotOptimize(comparison::parsed(page));
        }
    }
    count_tokens(state);
}

void deduplicate(benchmark::State& state) {
    const auto pages = parsed_for(state);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::distinct_ids(pages));
    }
    count_tokens(state);
}

/// As in every poll but the first, compares with the previous census.
void aggregate(benchmark::State& state) {
    const auto pages = parsed_for(state);
    const auto rules = comparison::default_rules();
    const auto census = comparison::counted(rules, pages, now(), nullptr).census;
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::counted(rules, pages, now(), census));
    }
    count_tokens(state);
}

/// Collects, renders in both formats and compresses.
void publish(benchmark::State& state) {
    const auto rules = comparison::default_rules();
    const auto inventory = std::make_shared<const inventory::Inventory>(
        comparison::counted(rules, parsed_for(state), now(), nullptr).inventory);
    while (state.KeepRunning()) {
        benchmark::DoNotOptimize(comparison::published(inventory));
    }
    count_tokens(state);
}

// Generic, because the type's name differs between releases of the library.
constexpr auto tokens = [](auto* registered) {
    registered->Arg(10'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);
};

BENCHMARK(inflate_pages)->Apply(tokens);
BENCHMARK(copy)->Apply(tokens);
BENCHMARK(parse_into_nothing)->Apply(tokens);
BENCHMARK(parse)->Apply(tokens);
BENCHMARK(deduplicate)->Apply(tokens);
BENCHMARK(aggregate)->Apply(tokens);
BENCHMARK(publish)->Apply(tokens);

}  // namespace

BENCHMARK_MAIN();

// Fetches the pages of a listing as the exporter's client does (cpp-httplib, one keep-alive connection,
// decompression by the library, the same request) and discards them, to measure the cost of fetching alone.
// Prints the number of bytes.
#include "support/guarded_main.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <httplib.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace {

struct Arguments {
    int port = 0;
    std::size_t pages = 0;
    std::size_t page_size = 100;
};

/// Targets are already encoded. The setter's name depends on the version of cpp-httplib.
void encode_nothing(auto& client) {
    if constexpr (requires { client.set_path_encode(false); }) {
        client.set_path_encode(false);
    } else {
        client.set_url_encode(false);
    }
}

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Fetches the pages of a listing and throws them away");
    app.add_option("--port", arguments.port, "port of the server on 127.0.0.1")->required();
    app.add_option("--pages", arguments.pages, "number of pages to fetch, from page 0")->required();
    app.add_option("--page-size", arguments.page_size, "tokens per page");
    CLI11_PARSE(app, argc, argv);

    httplib::Client client("127.0.0.1", arguments.port);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_follow_location(false);
    encode_nothing(client);
    client.set_decompress(true);
    const httplib::Headers headers = {{"Accept", "application/json"},
                                      {"Accept-Encoding", "gzip"},
                                      {"User-Agent", "fetch_discard"},
                                      {"Authorization", "Bearer ddpat_demo_0123456789abcdef"}};
    std::uint64_t bytes = 0;
    for (std::size_t page = 0; page < arguments.pages; ++page) {
        const std::string target = fmt::format(
            "/api/v2/personal_access_tokens?page%5Bsize%5D={}&page%5Bnumber%5D={}&sort=created_at",
            arguments.page_size, page);
        const auto answer = client.Get(target, headers, [&bytes](const char* /*data*/, std::size_t length) {
            bytes += length;
            return true;
        });
        if (!answer || answer->status != 200) {
            fmt::print(
                stderr, "page {}: {}\n", page,
                answer ? fmt::format("status {}", answer->status) : httplib::to_string(answer.error()));
            return 1;
        }
    }
    fmt::print("{}\n", bytes);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}

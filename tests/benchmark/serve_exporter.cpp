// The exporter's own server over static families, with the process metrics as the live part.
#include "exposition_adapter.h"
#include "families.h"
#include "http/server.h"
#include "http/tls.h"
#include "lifetime.h"
#include "support/certificate.h"
#include "support/guarded_main.h"
#include "web/routes.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

namespace {

using namespace exporter;

struct Arguments {
    std::size_t series = 10'000;
    std::size_t max_connections = http::ServerOptions{}.max_connections;
    std::int64_t max_seconds = 600;
    bool tls = false;
    bool print = false;
};

std::shared_ptr<const http::Security> security(bool tls) {
    auto made = std::make_shared<http::Security>();
    if (tls) {
        const auto identity = support::Authority("servers").issue({"IP:127.0.0.1"});
        made->tls =
            http::TlsContext::make({.certificate = identity.certificate, .key = base::Secret(identity.key)})
                .value();
    }
    return made;
}

int serve(const Arguments& arguments) {
    comparison::hold_signals();
    const auto store = comparison::make_store();
    store->publish(comparison::exposition_of(comparison::families_of(arguments.series)));

    web::RouteOptions routes;
    routes.expositions = store.get();
    routes.alive = routes.ready = [] { return true; };
    routes.status_page = [] { return std::string(); };

    http::ServerOptions options;
    options.addresses = {{"127.0.0.1", 0}};
    options.max_connections = arguments.max_connections;
    options.is_probe = web::is_probe;
    if (arguments.tls) {
        options.probe_addresses = options.addresses;
    }
    const auto server =
        http::Server::start(options, web::make_handler(std::move(routes)), security(arguments.tls));
    if (!server) {
        fmt::print(stderr, "{}\n", server.error());
        return 1;
    }
    const auto port = (*server)->addresses()[0].port;
    if (arguments.tls) {
        fmt::print("TLS at {}\n", port);
    }
    comparison::serve_until_told(arguments.tls ? (*server)->probe_addresses()[0].port : port,
                                 std::chrono::seconds(arguments.max_seconds));
    return 0;
}

int run(int argc, char** argv) {
    Arguments arguments;
    CLI::App app("Serves families that stand still with the exporter's own server");
    app.add_option("--series", arguments.series, "number of series");
    app.add_option("--max-connections", arguments.max_connections, "as --web.max-connections");
    app.add_option("--max-seconds", arguments.max_seconds, "exit after this many seconds");
    app.add_flag("--tls", arguments.tls,
                 "with TLS, its port as `TLS at N`, and a plain address of the probes' own");
    app.add_flag("--print", arguments.print, "print the families as text and exit");
    CLI11_PARSE(app, argc, argv);
    if (arguments.print) {
        fmt::print("{}", comparison::rendered(comparison::families_of(arguments.series)));
        return 0;
    }
    return serve(arguments);
}

}  // namespace

int main(int argc, char** argv) {
    return exporter::support::guarded_main(run, argc, argv);
}

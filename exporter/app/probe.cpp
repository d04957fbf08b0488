#include "app/probe.h"

#include <fmt/format.h>
#include <httplib.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

namespace exporter::app {

namespace {

constexpr std::chrono::seconds patience{4};

/// Whom to ask, and how to name it to people.
struct Target {
    std::unique_ptr<httplib::ClientImpl> client;
    std::string name;
    std::string path;
};

std::unique_ptr<httplib::ClientImpl> client_of(const std::string& host, int port, bool encrypted) {
    if (!encrypted) {
        return std::make_unique<httplib::ClientImpl>(host, port);
    }
    auto client = std::make_unique<httplib::SSLClient>(host, port);
    client->enable_server_certificate_verification(false);
    return client;
}

Target own(const config::Web& web, bool encrypted) {
    const bool has_own_address = !web.probe_listen_addresses.empty();
    const config::ListenAddress& address =
        has_own_address ? web.probe_listen_addresses.front() : web.listen_addresses.front();
    const bool tls = encrypted && !has_own_address;
    const std::string path = "/healthz";
    if (!address.unix_path.empty()) {
        auto client = client_of(address.unix_path, 1, tls);
        client->set_address_family(AF_UNIX);
        return {std::move(client), "unix:" + address.unix_path, path};
    }
    const bool is_any = address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
    const std::string host = is_any ? "127.0.0.1" : address.host;
    return {client_of(host, address.port, tls),
            fmt::format("{}://{}:{}", tls ? "https" : "http", host, address.port), path};
}

int report(const std::string& where, const httplib::Result& answer) {
    if (answer && (answer->status == 200 || answer->status == 401)) {
        return 0;
    }
    fmt::print(stderr, "datadog_token_exporter: {}: {}\n", where,
               answer ? fmt::format("answered {}", answer->status)
                      : fmt::format("no answer ({})", httplib::to_string(answer.error())));
    return 1;
}

template <class Client>
httplib::Result ask(Client& client, const std::string& path) {
    client.set_connection_timeout(patience);
    client.set_read_timeout(patience);
    client.set_write_timeout(patience);
    return client.Get(path);
}

}  // namespace

int probe(const config::Config& config, bool encrypted) {
    const std::string& url = config.probe_url;
    if (url.empty()) {
        const Target target = own(config.web, encrypted);
        return report(target.name + target.path, ask(*target.client, target.path));
    }
    const auto path = url.find('/', url.find("://") + 3);
    httplib::Client client(url.substr(0, path));
    client.enable_server_certificate_verification(false);
    return report(url, ask(client, path == std::string::npos ? "/" : url.substr(path)));
}

}  // namespace exporter::app

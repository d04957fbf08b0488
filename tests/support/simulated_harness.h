// A simulated Datadog with a stopped clock, and a client that connects to it over a real socket.
#pragma once

#include "support/json.h"
#include "support/simulated_datadog.h"

#include <httplib.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace exporter::support {

inline const std::string listing = "/api/v2/personal_access_tokens";

inline httplib::Headers key_headers() {
    return {{"DD-API-KEY", "demo-api-key"}, {"DD-APPLICATION-KEY", "demo-app-key"}};
}

/// A response. `status` 0: none arrived.
struct Reply {
    int status = 0;
    httplib::Headers headers;
    std::string body;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? "" : found->second;
    }
    [[nodiscard]] Json json() const { return Json::parse(body); }
};

class Harness {
  public:
    explicit Harness(SimulatedDatadogOptions options = still_options())
        : server(std::move(options)), client_("127.0.0.1", server.port()) {
        client_.set_keep_alive(true);
        client_.set_tcp_nodelay(true);
    }

    Reply get(const std::string& target, const httplib::Headers& headers = key_headers()) {
        const auto result = client_.Get(target, headers);
        return result ? Reply{result->status, result->headers, result->body} : Reply{};
    }

    /// The IDs on a page, in order.
    std::vector<std::string> ids(const std::string& arguments) {
        std::vector<std::string> found;
        const auto document = get(listing + "?" + arguments).json();
        if (document.is_object() && document.has("data")) {
            for (const auto& element : document["data"].elements()) {
                found.emplace_back(element["id"].text());
            }
        }
        return found;
    }

    /// Copies of the organization's tokens, by ID.
    std::map<std::string, demo::SimulatedToken> tokens() {
        std::map<std::string, demo::SimulatedToken> copies;
        server.with_organization([&](demo::SimulatedOrganization& organization) {
            for (const auto& token : organization.tokens()) {
                copies.emplace(token.id, token);
            }
        });
        return copies;
    }

    SimulatedDatadog server;

  private:
    httplib::Client client_;
};

}  // namespace exporter::support

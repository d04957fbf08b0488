#include "app/demo.h"

#include "demo/server.h"
#include "scan/clock.h"

namespace exporter::app {

Demo::Demo(config::Config& config) {
    if (!config.demo.enabled) {
        return;
    }
    demo::SimulatedDatadogOptions options;
    options.organization.tokens = config.demo.tokens;
    options.organization.seed = config.demo.seed;
    options.rate_limit = demo::SimulatedRateLimit{.limit = 300, .period = std::chrono::seconds(60)};
    options.clock = [] { return scan::system_clock().now(); };
    // An access token, not a pair of keys: the exporter then finds its own credential in the listing.
    config::Organization organization;
    organization.name = "demo";
    organization.site = "127.0.0.1";
    organization.credentials.bearer_token = base::Secret(options.access_token);
    server_ = std::make_unique<demo::SimulatedDatadog>(std::move(options));
    organization.endpoint = {.tls = false, .host = "127.0.0.1", .port = server_->port()};
    config.organizations = {organization};
}

Demo::~Demo() = default;

}  // namespace exporter::app

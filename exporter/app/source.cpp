#include "app/source.h"

#include "app/client_source.h"
#include "demo/simulated_api.h"
#include "scan/clock.h"

#include <utility>

namespace exporter::app {
namespace {

constexpr demo::SimulatedRateLimit demo_rate_limit{.limit = 300, .period = std::chrono::seconds(60)};

demo::OrganizationOptions options_of(const config::Demo& demo) {
    demo::OrganizationOptions options;
    options.tokens = demo.tokens;
    options.seed = demo.seed;
    return options;
}

/// Needs no network and no credentials; finds the exporter's own token in the listing all the same.
class DemoSource final : public Source {
  public:
    DemoSource(const config::Organization& organization, const config::Config& config)
        : options_(options_of(config.demo)),
          request_(first_page(organization, config)),
          api_(options_, demo_rate_limit, scan::system_clock().now()) {}

    datadog::Result<void> prepare() override { return {}; }

    datadog::Answer page(std::size_t number, scan::SteadyTime /*deadline*/) override {
        scan::Clock& clock = scan::system_clock();
        datadog::PageRequest request = request_;
        request.number = number;
        const auto began = clock.steady_now();
        datadog::Answer answer = api_.page(request, clock.now());
        answer.exchange.duration = clock.steady_now() - began;
        return answer;
    }

    [[nodiscard]] bool is_own_token(std::string_view listed) const override {
        return datadog::is_own_token(options_.exporter_public_portion, listed);
    }

  private:
    const demo::OrganizationOptions options_;
    const datadog::PageRequest request_;  ///< but for the page's number
    demo::SimulatedApi api_;
};

}  // namespace

std::unique_ptr<Source> make_source(const config::Organization& organization, const config::Config& config,
                                    std::shared_ptr<datadog::Commons> commons) {
    if (config.demo.enabled) {
        return std::make_unique<DemoSource>(organization, config);
    }
    return std::make_unique<ClientSource>(organization, config, std::move(commons));
}

datadog::PageRequest first_page(const config::Organization& organization, const config::Config& config) {
    return {.number = 0,
            .size = static_cast<std::size_t>(config.poll.page_size),
            .sort = "created_at",
            .filter = organization.filter,
            .owned_by = organization.owned_by};
}

config::Organization demo_organization() {
    config::Organization organization;
    organization.name = "demo";
    organization.site = "demo.invalid";
    organization.endpoint = {.tls = true, .host = organization.site, .port = 443};
    return organization;
}

}  // namespace exporter::app

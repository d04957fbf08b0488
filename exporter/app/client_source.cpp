#include "app/client_source.h"

#include "app/build_info.h"

#include <utility>

namespace exporter::app {

namespace {

datadog::ClientOptions client_options(const config::Organization& organization,
                                      const config::Config& config) {
    datadog::ClientOptions options;
    options.endpoint = organization.endpoint;
    options.proxy = organization.proxy;
    options.ca_file = config.ca_file;
    options.user_agent = user_agent();
    return options;
}

/// By creation, oldest first: what is created while pages are read then comes last, where it is seen.
constexpr const char* order_of_creation = "created_at";

}  // namespace

ClientSource::ClientSource(const config::Organization& organization, const config::Config& config)
    : credential_sources_(organization.credentials),
      request_{.number = 0,
               .size = static_cast<std::size_t>(config.poll.page_size),
               .sort = order_of_creation,
               .filter = organization.filter,
               .owned_by = organization.owned_by},
      client_(client_options(organization, config)) {}

datadog::Result<void> ClientSource::prepare() {
    auto credentials = config::read_credentials(credential_sources_);
    credentials_problem_ = credentials ? std::string() : credentials.error();
    if (credentials) {
        credentials_ = *std::move(credentials);
        own_public_portion_ = datadog::public_portion(*credentials_).value_or("");
    } else if (!credentials_) {
        return tl::unexpected(
            datadog::Error{datadog::ErrorKind::credentials, std::move(credentials_problem_), std::nullopt});
    }
    client_.disconnect();
    return {};
}

datadog::Answer ClientSource::page(std::size_t number, scan::SteadyTime deadline) {
    request_.number = number;
    return client_.list(request_, *credentials_, deadline);
}

bool ClientSource::is_own_token(std::string_view listed) const {
    return datadog::is_own_token(own_public_portion_, listed);
}

}  // namespace exporter::app

#include "app/client_source.h"

#include "app/build_info.h"

#include <fmt/format.h>

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

bool refused(const datadog::Answer& answer) {
    return !answer.page && (answer.page.error().kind == datadog::ErrorKind::unauthorized ||
                            answer.page.error().kind == datadog::ErrorKind::forbidden);
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
    polls_with_old_credentials_ = credentials ? 0 : polls_with_old_credentials_ + 1;
    if (credentials) {
        credentials_ = *std::move(credentials);
        own_public_portion_ = datadog::public_portion(*credentials_).value_or("");
    } else if (!credentials_ || polls_with_old_credentials_ > polls_of_grace) {
        return tl::unexpected(
            datadog::Error{datadog::ErrorKind::credentials, credentials_problem_, std::nullopt});
    }
    client_.disconnect();
    return {};
}

datadog::Answer ClientSource::page(std::size_t number, scan::SteadyTime deadline) {
    // After a long wait for the rate limit the other side has closed the connection.
    constexpr std::chrono::seconds longest_idle{30};
    if (std::chrono::steady_clock::now() - last_exchange_ > longest_idle) {
        client_.disconnect();
    }
    request_.number = number;
    datadog::Answer answer = client_.list(request_, *credentials_, deadline);
    last_exchange_ = std::chrono::steady_clock::now();
    if (!credentials_problem_.empty() && refused(answer)) {
        answer.page.error().message += fmt::format(" (old credentials: {})", credentials_problem_);
    }
    return answer;
}

bool ClientSource::is_own_token(std::string_view listed) const {
    return datadog::is_own_token(own_public_portion_, listed);
}

}  // namespace exporter::app

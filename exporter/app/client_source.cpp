#include "app/client_source.h"

#include "app/build_info.h"

#include <fmt/format.h>

#include <utility>

namespace exporter::app {

namespace {

datadog::ClientOptions client_options(const config::Organization& organization,
                                      std::shared_ptr<datadog::Commons> commons) {
    datadog::ClientOptions options;
    options.endpoint = organization.endpoint;
    options.proxy = organization.proxy;
    options.answers = std::make_shared<datadog::AnswerMemory>(commons->answers);
    options.commons = std::move(commons);
    options.user_agent = user_agent();
    return options;
}

bool refused(const datadog::Answer& answer) {
    return !answer.page && (answer.page.error().kind == datadog::ErrorKind::unauthorized ||
                            answer.page.error().kind == datadog::ErrorKind::forbidden);
}

}  // namespace

ClientSource::ClientSource(const config::Organization& organization, const config::Config& config,
                           std::shared_ptr<datadog::Commons> commons)
    : credential_sources_(organization.credentials),
      request_(first_page(organization, config)),
      client_options_(client_options(organization, std::move(commons))) {}

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
    return {};
}

/// A connection for one exchange.
class ClientSource::Lease {
  public:
    explicit Lease(ClientSource& source) : source_(source), connection_(source.take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { source_.give_back(std::move(connection_)); }

    Connection& operator*() { return connection_; }

  private:
    ClientSource& source_;
    Connection connection_;
};

datadog::Answer ClientSource::page(std::size_t number, scan::SteadyTime deadline) {
    Lease lease(*this);
    Connection& connection = *lease;
    // After a long wait for the rate limit the other side has closed the connection.
    constexpr std::chrono::seconds longest_idle{30};
    if (std::chrono::steady_clock::now() - connection.last_exchange > longest_idle) {
        connection.client->disconnect();
    }
    datadog::PageRequest request = request_;
    request.number = number;
    connection.usable = false;  // Until an answer tells; an exception may leave by here.
    datadog::Answer answer = connection.client->list(request, *credentials_, deadline);
    connection.last_exchange = std::chrono::steady_clock::now();
    connection.usable = answer.page || answer.page.error().kind != datadog::ErrorKind::internal;
    if (!credentials_problem_.empty() && refused(answer)) {
        answer.page.error().message += fmt::format(" (old credentials: {})", credentials_problem_);
    }
    return answer;
}

ClientSource::Connection ClientSource::take() {
    const std::lock_guard lock(mutex_);
    Connection connection;
    if (idle_.empty()) {
        connection.client = std::make_shared<datadog::Client>(client_options_);
    } else {
        connection = std::move(idle_.back());
        idle_.pop_back();
    }
    if (cancelled_) {
        connection.client->cancel();
    }
    under_way_.push_back(connection.client);
    idle_.reserve(idle_.size() + under_way_.size());  // Giving back needs no memory.
    return connection;
}

void ClientSource::give_back(Connection connection) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase(under_way_, connection.client);
    if (connection.usable) {
        idle_.push_back(std::move(connection));
    }
}

void ClientSource::release() {
    const std::vector<Connection> closing = [this] {
        const std::lock_guard lock(mutex_);
        return std::exchange(idle_, {});
    }();
}

void ClientSource::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    for (const auto& client : under_way_) {
        client->cancel();
    }
}

bool ClientSource::is_own_token(std::string_view listed) const {
    return datadog::is_own_token(own_public_portion_, listed);
}

}  // namespace exporter::app

#include "app/source.h"

#include "app/process.h"
#include "demo/simulated_api.h"
#include "scan/clock.h"

#include <fmt/format.h>

#include <chrono>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

bool is_refusal(const datadog::Error& error) {
    return error.kind == datadog::ErrorKind::unauthorized || error.kind == datadog::ErrorKind::forbidden;
}

/// Keeps one connection per concurrent request alive, from `prepare` to `release`.
class ClientSource final : public Source {
  public:
    ClientSource(const config::Organization& organization, const config::Config& config,
                 const std::shared_ptr<datadog::Commons>& commons)
        : credential_sources_(organization.credentials),
          request_{.number = 0,
                   .size = config.poll.page_size,
                   .sort = "created_at",
                   .filter = organization.filter,
                   .owned_by = organization.owned_by},
          client_options_{.endpoint = organization.endpoint,
                          .proxy = organization.proxy,
                          .commons = commons,
                          .answers = std::make_shared<datadog::AnswerMemory>(commons->answers),
                          .user_agent = user_agent()} {}

    datadog::Result<void> prepare() override {
        auto credentials = config::read_credentials(credential_sources_);
        credentials_problem_ = credentials ? std::string() : credentials.error();
        old_credentials_used_ = credentials ? 0 : old_credentials_used_ + 1;
        if (credentials) {
            credentials_ = *std::move(credentials);
            own_public_portion_ = datadog::public_portion(*credentials_).value_or("");
        } else if (!credentials_ || old_credentials_used_ > polls_with_old_credentials) {
            return tl::unexpected(datadog::Error{datadog::ErrorKind::credentials, credentials_problem_});
        }
        return {};
    }

    datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override {
        datadog::PageRequest request = request_;
        request.number = number;
        Connection connection = take();
        datadog::Answer answer = connection.client->list(request, *credentials_, deadline);
        put_back(std::move(connection), answer.page ? nullptr : &answer.page.error());
        return answer;
    }

    datadog::UserAnswer user(std::string_view id, scan::SteadyTime deadline) override {
        Connection connection = take();
        datadog::UserAnswer answer = connection.client->user(id, *credentials_, deadline);
        put_back(std::move(connection), answer.user ? nullptr : &answer.user.error());
        return answer;
    }

    void release() override {
        std::vector<Connection> closing;  // Destroyed after releasing the lock: closing may take a while.
        const std::lock_guard lock(mutex_);
        closing.swap(idle_);
    }

    void cancel() override {
        const std::lock_guard lock(mutex_);
        cancelled_ = true;
        for (const auto& known : clients_) {
            if (const auto client = known.lock()) {
                client->cancel();
            }
        }
    }

    [[nodiscard]] bool is_own_token(std::string_view listed) const override {
        return datadog::is_own_token(own_public_portion_, listed);
    }

    [[nodiscard]] std::string credentials_problem() const override { return credentials_problem_; }

  private:
    /// A client, and when it was last used.
    struct Connection {
        std::shared_ptr<datadog::Client> client;
        std::chrono::steady_clock::time_point last_exchange;
    };

    /// An idle connection, or a new one.
    [[nodiscard]] Connection take() {
        std::unique_lock lock(mutex_);
        if (!idle_.empty()) {
            Connection connection = std::move(idle_.back());
            idle_.pop_back();
            lock.unlock();
            // After a long wait for the rate limit, the server will have closed the connection.
            constexpr std::chrono::seconds longest_idle{30};
            if (std::chrono::steady_clock::now() - connection.last_exchange > longest_idle) {
                connection.client->disconnect();
            }
            return connection;
        }
        Connection connection{std::make_shared<datadog::Client>(client_options_), {}};
        if (cancelled_) {
            connection.client->cancel();
        }
        std::erase_if(clients_, [](const auto& client) { return client.expired(); });
        clients_.push_back(connection.client);
        return connection;
    }

    /// @param error of the exchange, or null; a problem with the credentials is added to it
    void put_back(Connection connection, datadog::Error* error) {
        connection.last_exchange = std::chrono::steady_clock::now();
        if (!credentials_problem_.empty() && error != nullptr && is_refusal(*error)) {
            error->message += fmt::format(" (old credentials: {})", credentials_problem_);
        }
        // After an exception from cpp-httplib, the client's state is unknown.
        if (error == nullptr || error->kind != datadog::ErrorKind::internal) {
            const std::lock_guard lock(mutex_);
            idle_.push_back(std::move(connection));
        }
    }

    const config::CredentialSources credential_sources_;
    /// Sorted by creation, so that tokens created while pages are being read come last, where they are
    /// noticed.
    const datadog::PageRequest request_;  ///< except for the page number
    const datadog::ClientOptions client_options_;

    // Changed only by `prepare`, while no request is in flight:
    std::optional<config::Credentials> credentials_;
    std::string credentials_problem_;
    int old_credentials_used_ = 0;
    std::string own_public_portion_;  ///< empty: the credential is not an access token

    std::mutex mutex_;
    // Protected by mutex_:
    std::vector<Connection> idle_;
    std::vector<std::weak_ptr<datadog::Client>> clients_;  ///< all existing clients
    bool cancelled_ = false;
};

constexpr demo::SimulatedRateLimit demo_rate_limit{.limit = 300, .period = std::chrono::seconds(60)};

/// Needs no network and no credentials, but has the exporter's own token in its listing.
class DemoSource final : public Source {
  public:
    explicit DemoSource(const config::Config& config)
        : options_{.tokens = config.demo.tokens, .seed = config.demo.seed},
          page_size_(config.poll.page_size),
          api_(options_, demo_rate_limit, scan::system_clock().now()) {}

    datadog::Result<void> prepare() override { return {}; }

    datadog::Answer page(std::size_t number, scan::SteadyTime /*deadline*/) override {
        scan::Clock& clock = scan::system_clock();
        const auto began = clock.steady_now();
        datadog::Answer answer = api_.page(number, page_size_, clock.now());
        answer.exchange.duration = clock.steady_now() - began;
        return answer;
    }

    datadog::UserAnswer user(std::string_view id, scan::SteadyTime /*deadline*/) override {
        return api_.user(id, scan::system_clock().now());
    }

    [[nodiscard]] bool is_own_token(std::string_view listed) const override {
        return datadog::is_own_token(options_.exporter_public_portion, listed);
    }

  private:
    const demo::OrganizationOptions options_;
    const std::size_t page_size_;
    demo::SimulatedApi api_;
};

}  // namespace

std::unique_ptr<Source> make_source(const config::Organization& organization, const config::Config& config,
                                    const std::shared_ptr<datadog::Commons>& commons) {
    if (config.demo.enabled) {
        return std::make_unique<DemoSource>(config);
    }
    return std::make_unique<ClientSource>(organization, config, commons);
}

config::Organization demo_organization() {
    config::Organization organization;
    organization.name = "demo";
    organization.site = "demo.invalid";
    organization.endpoint = {.tls = true, .host = organization.site, .port = 443};
    return organization;
}

}  // namespace exporter::app

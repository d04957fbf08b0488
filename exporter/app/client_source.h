// One organization's listing through the real client.
#pragma once

#include "app/source.h"
#include "datadog/client.h"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::app {

/// Keeps a connection alive for each page that is fetched at once, from `prepare` to `release`.
class ClientSource final : public Source {
  public:
    /// An hour of the default interval. Who takes the file away for good wants the access to end.
    static constexpr int polls_of_grace = 12;

    /// @param commons shared by all clients of the program
    ClientSource(const config::Organization& organization, const config::Config& config,
                 std::shared_ptr<datadog::Commons> commons);

    /// Reads the credentials again. Where they can't be read those of the poll before stay in use for
    /// `polls_of_grace` polls: a file is missing for a moment while a secret is rotated.
    [[nodiscard]] datadog::Result<void> prepare() override;
    [[nodiscard]] datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override;
    void release() override;
    void cancel() override;
    [[nodiscard]] bool is_own_token(std::string_view listed) const override;
    [[nodiscard]] std::string credentials_problem() const override { return credentials_problem_; }

  private:
    /// A client, and when it was last used.
    struct Connection {
        std::shared_ptr<datadog::Client> client;
        std::chrono::steady_clock::time_point last_exchange;
        bool usable = true;  ///< false: cpp-httplib threw, and nobody knows what state that left it in
    };

    class Lease;

    /// An idle one, or a new one. It can be cancelled until it is given back.
    [[nodiscard]] Connection take();
    void give_back(Connection connection) noexcept;

    const config::CredentialSources credential_sources_;
    const datadog::PageRequest request_;  ///< but for the page's number
    const datadog::ClientOptions client_options_;

    // Changed by `prepare` alone, while no page is being fetched:
    std::optional<config::Credentials> credentials_;
    std::string credentials_problem_;
    int polls_with_old_credentials_ = 0;
    std::string own_public_portion_;  ///< empty: not an access token

    std::mutex mutex_;
    // Protected by mutex_:
    std::vector<Connection> idle_;
    std::vector<std::shared_ptr<datadog::Client>> under_way_;
    bool cancelled_ = false;
};

}  // namespace exporter::app

// One organization's listing through the real client: scan's view of the network.
#pragma once

#include "config/config.h"
#include "datadog/client.h"
#include "scan/page_source.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::app {

class ClientSource final : public scan::PageSource {
  public:
    /// An hour of the default interval. Who takes the file away for good wants the access to end.
    static constexpr int polls_of_grace = 12;

    ClientSource(const config::Organization& organization, const config::Config& config);

    /// Reads the credentials again and starts on a fresh connection. Where they can't be read those of the
    /// poll before stay in use for `polls_of_grace` polls: a file is missing for a moment while a secret is
    /// rotated.
    [[nodiscard]] datadog::Result<void> prepare() override;
    [[nodiscard]] datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override;

    /// Whether `listed`, a token's public portion, is that of the token used since the last `prepare`.
    [[nodiscard]] bool is_own_token(std::string_view listed) const;

    /// Why the last `prepare` kept the credentials of the poll before; empty: it did not.
    [[nodiscard]] const std::string& credentials_problem() const { return credentials_problem_; }

    /// Ends a request under way and refuses later ones. From any thread.
    void cancel() { client_.cancel(); }

  private:
    const config::CredentialSources credential_sources_;
    datadog::PageRequest request_;
    datadog::Client client_;
    std::optional<config::Credentials> credentials_;
    std::string credentials_problem_;
    int polls_with_old_credentials_ = 0;
    std::chrono::steady_clock::time_point last_exchange_;
    std::string own_public_portion_;  ///< empty: not an access token
};

}  // namespace exporter::app

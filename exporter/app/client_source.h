// One organization's listing through the real client: scan's view of the network.
#pragma once

#include "config/config.h"
#include "datadog/client.h"
#include "scan/page_source.h"

#include <string>
#include <string_view>

namespace exporter::app {

class ClientSource final : public scan::PageSource {
  public:
    ClientSource(const config::Organization& organization, const config::Config& config);

    /// Reads the credentials again and starts on a fresh connection.
    [[nodiscard]] datadog::Result<void> prepare() override;
    [[nodiscard]] datadog::Answer page(std::size_t number, scan::SteadyTime deadline) override;

    /// Whether `listed`, a token's public portion, is that of the token used since the last `prepare`.
    [[nodiscard]] bool is_own_token(std::string_view listed) const;

    /// Ends a request under way and refuses later ones. From any thread.
    void cancel() { client_.cancel(); }

  private:
    const config::CredentialSources credential_sources_;
    datadog::PageRequest request_;
    datadog::Client client_;
    config::Credentials credentials_;
    std::string own_public_portion_;  ///< empty: not an access token
};

}  // namespace exporter::app

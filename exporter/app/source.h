// Where an organization's pages and its owners' names come from: Datadog's API, or under `--demo` a simulated
// organization.
#pragma once

#include "config/config.h"
#include "datadog/client.h"
#include "scan/scan.h"

#include <memory>
#include <string>
#include <string_view>

namespace exporter::app {

/// An hour of the default interval. Removing the file for good means that access should end.
inline constexpr int polls_with_old_credentials = 12;

/// What a monitor needs beyond scan's interface. With the API `prepare` reads the credentials again; where
/// they can't be read, the previous ones stay in use for `polls_with_old_credentials` polls: a file is
/// missing for a moment while a secret is rotated.
class Source : public scan::PageSource {
  public:
    /// Looks up one owner of tokens, after a `prepare` that succeeded. The whole exchange is over by
    /// `deadline`.
    [[nodiscard]] virtual datadog::UserAnswer user(std::string_view id, scan::SteadyTime deadline) = 0;
    /// Closes the connections: between polls an organization holds none.
    virtual void release() {}
    /// Ends requests under way and refuses later ones. From any thread.
    virtual void cancel() {}
    /// Whether `listed`, a token's public portion, is that of the token used since the last `prepare`.
    [[nodiscard]] virtual bool is_own_token(std::string_view listed) const = 0;
    /// Why the last `prepare` kept the credentials of the poll before; empty: it did not.
    [[nodiscard]] virtual std::string credentials_problem() const { return {}; }
};

/// @param commons shared by all clients of the program
[[nodiscard]] std::unique_ptr<Source> make_source(const config::Organization& organization,
                                                  const config::Config& config,
                                                  const std::shared_ptr<datadog::Commons>& commons);

/// The one organization that `--demo` polls, instead of any that are configured.
[[nodiscard]] config::Organization demo_organization();

}  // namespace exporter::app

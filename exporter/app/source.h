// Provides an organization's pages and its owners' names: from Datadog's API or, with `--demo`, from a
// simulated organization.
#pragma once

#include "config/config.h"
#include "datadog/client.h"
#include "scan/scan.h"

#include <memory>
#include <string>
#include <string_view>

namespace exporter::app {

/// An hour at the default interval. If the file has been removed for good, access is supposed to end.
inline constexpr int polls_with_old_credentials = 12;

/// What a monitor needs in addition to scan's interface. For the API, `prepare` reads the credentials again.
/// If they can't be read, it keeps the previous ones for another `polls_with_old_credentials` polls, because
/// a file may be missing briefly while a secret is rotated.
class Source : public scan::PageSource {
  public:
    /// Looks up a token's owner, after a successful `prepare`. The whole exchange ends by `deadline`.
    [[nodiscard]] virtual datadog::UserAnswer user(std::string_view id, scan::SteadyTime deadline) = 0;
    /// Closes the connections; an organization keeps none open between polls.
    virtual void release() {}
    /// Ends requests in flight and refuses later ones. From any thread.
    virtual void cancel() {}
    /// Whether `listed` is the public portion of the token in use since the last `prepare`.
    [[nodiscard]] virtual bool is_own_token(std::string_view listed) const = 0;
    /// Why the last `prepare` kept the previous credentials; empty if it did not.
    [[nodiscard]] virtual std::string credentials_problem() const { return {}; }
};

/// @param commons shared by all clients of the program
[[nodiscard]] std::unique_ptr<Source> make_source(const config::Organization& organization,
                                                  const config::Config& config,
                                                  const std::shared_ptr<datadog::Commons>& commons);

/// The organization that `--demo` polls instead of the configured ones.
[[nodiscard]] config::Organization demo_organization();

}  // namespace exporter::app

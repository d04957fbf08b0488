// The settings of `--web.config.file` as the server's protection, taken up anew when a file changes.
#pragma once

#include "app/log.h"
#include "config/config.h"
#include "http/security.h"
#include "http/web_file.h"
#include "metrics/reloads.h"
#include "scan/clock.h"

#include <tl/expected.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace exporter::app {

/// One thread at a time.
class WebProtection {
  public:
    /// Without a file there is nothing to protect with. The error is all mistakes, with their places.
    ///
    /// @param reloads is told of each reading, as `web`; must outlive the object, as log and clock must
    [[nodiscard]] static tl::expected<WebProtection, base::MistakeLines> load(
        const config::Web& web, Log& log, metrics::Reloads& reloads,
        base::FileReader reader = base::file_reader(), scan::Clock& clock = scan::system_clock());

    /// What holds now; null: plain HTTP for everybody.
    [[nodiscard]] const std::shared_ptr<const http::Security>& security() const { return security_; }

    /// Reads the files again. True: they have changed, the call before found the same change, and `security`
    /// is new: exactly what both found. What can't be used, or would weaken protection, is logged, once, and
    /// leaves the one before in use: a file that was cut in the middle reads like one whose other settings
    /// were given up.
    [[nodiscard]] bool refresh();

    /// Refreshes every second until `stop` is requested, and hands over what is new. An exception, such as
    /// when memory runs out, is a reading that failed: it is logged, and tried again.
    void watch(const std::stop_token& stop,
               const std::function<void(std::shared_ptr<const http::Security>)>& take_up);

  private:
    WebProtection(const config::Web& web, Log& log, metrics::Reloads& reloads, base::FileReader reader,
                  scan::Clock& clock);
    [[nodiscard]] http::WebFileReading read() const;
    [[nodiscard]] tl::expected<void, base::MistakeLines> use(http::WebFileReading reading);
    [[nodiscard]] tl::expected<void, std::string> take_up(http::WebFile file);
    void fail(const std::string& error);
    void fail_by(const std::exception& exception) noexcept;

    std::string path_;
    base::WorldReadable world_readable_;
    Log* log_;  ///< never null, nor are the next pointers
    metrics::Reloads* reloads_;
    base::FileReader reader_;
    scan::Clock* clock_;
    std::vector<http::ReadFile> read_files_;  ///< as last used, or refused
    std::vector<http::ReadFile> seen_;        ///< a change that the last look found; empty: none
    std::vector<std::string>
        warnings_;  ///< of the last reading; at the start the configuration tells them itself
    /// One for life, as its end may have to wait for a check; null until there are users.
    std::shared_ptr<http::Authenticator> authenticator_;
    std::shared_ptr<const http::Security> security_;
    std::optional<http::WebFile> file_;  ///< what `security_` was made of; none at first
};

/// As `config::WebFileCheck` has it.
void check_web_file(const config::Web& web, base::MistakeLines& mistakes, std::vector<std::string>& warnings);

}  // namespace exporter::app

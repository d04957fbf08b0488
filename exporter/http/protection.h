// The web file as the server's protection, loaded anew when a file changes: exporter-toolkit's reload, with a
// check that no half-written file takes protection away.
#pragma once

#include "base/regular_file.h"
#include "base/yaml_reader.h"
#include "http/server.h"
#include "http/web_file.h"

#include <tl/expected.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace exporter::http {

/// One thread at a time.
class Protection {
  public:
    /// The error is all mistakes, with their places.
    ///
    /// @param path of the web file; empty: there is nothing to protect with
    [[nodiscard]] static tl::expected<Protection, base::MistakeLines> load(
        std::string path, base::WorldReadable world_readable = base::WorldReadable::refused,
        base::FileReader reader = base::file_reader());

    [[nodiscard]] const std::string& path() const { return path_; }
    /// What holds now; null: plain HTTP, open to everyone.
    [[nodiscard]] const std::shared_ptr<const Security>& security() const { return security_; }
    /// Of the reading that `security` was made of.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    /// Reads the files again. True: they have changed, the call before found the same change, and `security`
    /// is new: exactly what both found. What can't be used, or would weaken protection, is an error, once,
    /// and leaves the one before in use: a file that was cut in the middle reads like one whose other
    /// settings were given up.
    [[nodiscard]] tl::expected<bool, std::string> refresh();

  private:
    Protection(std::string path, base::WorldReadable world_readable, base::FileReader reader);
    [[nodiscard]] tl::expected<void, base::MistakeLines> use(WebFileReading reading);
    [[nodiscard]] tl::expected<void, base::MistakeLines> apply(WebFile file);

    std::string path_;
    base::WorldReadable world_readable_;
    base::FileReader reader_;
    ReadFiles read_files_;  ///< as last used, or refused
    ReadFiles seen_;        ///< a change that the last look found; empty: none
    std::vector<std::string> warnings_;
    /// One for life, as its end may have to wait for a check; null until there are users.
    std::shared_ptr<Authenticator> authenticator_;
    std::shared_ptr<const Security> security_;
    std::optional<WebFile> file_;  ///< what `security_` was made of; none at first
};

}  // namespace exporter::http

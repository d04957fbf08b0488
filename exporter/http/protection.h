// Builds the server's protection from the web file, and rebuilds it when a file changes, like
// exporter-toolkit, but without letting a half-written file weaken it.
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

/// Not thread-safe.
class Protection {
  public:
    /// The error lists all mistakes with their places.
    ///
    /// @param path of the web file; empty: no protection
    [[nodiscard]] static tl::expected<Protection, base::MistakeLines> load(
        std::string path, base::WorldReadable world_readable = base::WorldReadable::refused,
        base::FileReader reader = base::file_reader());

    [[nodiscard]] const std::string& path() const { return path_; }
    /// The current protection; null: plain HTTP, open to everyone.
    [[nodiscard]] const std::shared_ptr<const Security>& security() const { return security_; }
    /// Warnings about the web file that `security` is based on.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

    /// Reads the files again. Returns true if they have changed, the previous call found the same change, and
    /// `security` reflects it. A change that is unusable or would weaken the protection is reported once as
    /// an error, and the previous protection stays in use: a truncated file looks like one from which
    /// settings were removed.
    [[nodiscard]] tl::expected<bool, std::string> refresh();

  private:
    Protection(std::string path, base::WorldReadable world_readable, base::FileReader reader);
    [[nodiscard]] tl::expected<void, base::MistakeLines> use(WebFileReading reading);
    [[nodiscard]] tl::expected<void, base::MistakeLines> apply(WebFile file);

    std::string path_;
    base::WorldReadable world_readable_;
    base::FileReader reader_;
    ReadFiles read_files_;  ///< as last used or refused
    ReadFiles seen_;        ///< a change found by the last read; empty: none
    std::vector<std::string> warnings_;
    /// Kept until the end, because destroying it may have to wait for a check; null until there are users.
    std::shared_ptr<Authenticator> authenticator_;
    std::shared_ptr<const Security> security_;
    std::optional<WebFile> file_;  ///< source of `security_`; none at first
};

}  // namespace exporter::http

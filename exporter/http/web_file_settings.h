// What stands in a web configuration file, and what its reading leaves behind: mistakes, warnings, files.
#pragma once

#include "base/setting.h"
#include "http/web_file.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::http {

/// What is wrong with a PEM text, or empty.
using PemFault = std::function<std::string_view(std::string_view pem)>;

class WebFileSettings {
  public:
    struct Origin {
        std::string path;
        unsigned mode = 0600;
        base::WorldReadable world_readable = base::WorldReadable::refused;
    };

    /// `reader` is used until the end.
    WebFileSettings(Origin origin, base::Settings settings, const base::FileReader& reader);

    /// nullptr: absent or blank, which means the same.
    [[nodiscard]] const base::Setting* given(std::string_view key) const;
    /// Empty if not given.
    [[nodiscard]] std::string text(std::string_view key) const;
    /// `fallback` if not given; it also stands in for what is neither true nor false.
    [[nodiscard]] bool toggle(std::string_view key, bool fallback);
    /// A list's items. nullopt: not given.
    [[nodiscard]] std::optional<std::vector<std::string>> list(std::string_view key);

    /// The text of `inline_key`, or of the file that `file_key` names. nullopt: neither is given, or there
    /// was a mistake.
    [[nodiscard]] std::optional<base::Secret> pem(std::string_view inline_key, std::string_view file_key,
                                                  const PemFault& fault_in, bool is_secret);

    void mistake(std::string_view key, std::string_view what);
    void warn(std::string_view key, std::string_view what);

    [[nodiscard]] base::MistakeLines take_mistakes() { return std::move(mistakes_); }
    [[nodiscard]] std::vector<std::string> take_warnings() { return std::move(warnings_); }
    [[nodiscard]] std::vector<ReadFile> take_read_files() { return std::move(read_files_); }

  private:
    [[nodiscard]] std::optional<base::Secret> pem_of_file(std::string_view key, const PemFault& fault_in,
                                                          bool is_secret);
    [[nodiscard]] std::string place(std::string_view key) const;

    const Origin origin_;
    const base::Settings settings_;
    const base::FileReader& reader_;
    base::MistakeLines mistakes_;
    std::vector<std::string> warnings_;
    std::vector<ReadFile> read_files_;
};

/// `tls_server_config`. nullopt: there is none, or mistakes.
[[nodiscard]] std::optional<TlsOptions> read_web_tls(WebFileSettings& settings);

}  // namespace exporter::http

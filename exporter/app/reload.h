// Reading the configuration again while the program runs: by SIGHUP, or because a watched file changed.
#pragma once

#include "app/log.h"
#include "app/monitoring.h"
#include "base/regular_file.h"
#include "base/yaml_reader.h"
#include "config/load.h"
#include "metrics/catalog.h"

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::app {

/// Of the reload metrics of what `Reloader` reads.
inline constexpr const char* config_reload_label = "config";

/// Tells when files have other texts than those last taken up, as soon as two looks in a row agree: a file
/// may be half-written. By their texts, not by inotify: Kubernetes replaces mounted files by renaming a
/// symbolic link two levels above them.
class FileWatch {
  public:
    explicit FileWatch(base::FileReader reader = base::file_reader()) : reader_(std::move(reader)) {}

    /// What the files hold now needs no reload.
    void take_up(const std::vector<std::filesystem::path>& paths);
    /// Looks at them. True: they have changed, and hold what they held at the look before. Once for each
    /// change.
    [[nodiscard]] bool have_changed(const std::vector<std::filesystem::path>& paths);

  private:
    [[nodiscard]] std::string fingerprint_of(const std::vector<std::filesystem::path>& paths) const;

    const base::FileReader reader_;
    std::string taken_up_;
    std::string seen_;
};

/// Reloads the configuration whole or not at all: a wrong one changes nothing, and each of its mistakes is
/// logged.
class Reloader {
  public:
    /// Reads the configuration anew. The one in effect is its argument.
    using Load = std::function<config::Outcome(const config::Config& running)>;

    /// All must outlive this object.
    Reloader(Load load, Monitoring& monitoring, Log& log, metrics::Reloads& reloads)
        : load_(std::move(load)), monitoring_(monitoring), log_(log), reloads_(reloads) {}

    /// Asks for a reload. Requests that come before it begins are one. From any thread; doesn't wait.
    void request();

    /// Reloads when asked to, and with `config.watch` when a watched file changes, until `stop` is requested.
    /// While the watched configuration is wrong, it is tried again: in Kubernetes, the Secret with the keys
    /// of an added organization may be mounted later than the ConfigMap.
    void run(const std::stop_token& stop);

  private:
    void reload(bool by_request);
    void fail(const base::MistakeLines& mistakes, bool by_request) noexcept;

    const Load load_;
    Monitoring& monitoring_;
    Log& log_;
    metrics::Reloads& reloads_;

    base::MistakeLines told_;  ///< mistakes of the last reload; used by `run`'s thread alone

    std::mutex mutex_;
    std::condition_variable_any requested_;
    bool is_requested_ = false;  ///< protected by mutex_
};

}  // namespace exporter::app

// Reloads the configuration while the program runs: on SIGHUP, or because a watched file has changed.
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

/// The `file` label of the reload metrics.
inline constexpr const char* config_reload_label = "config";

/// Detects new content in files once two consecutive checks find the same content, because a file may be
/// half-written. Compares content instead of using inotify: Kubernetes replaces mounted files by renaming a
/// symbolic link two levels above them.
class FileWatch {
  public:
    explicit FileWatch(base::FileReader reader = base::file_reader()) : reader_(std::move(reader)) {}

    /// Records the current content as loaded.
    void take_up(const std::vector<std::filesystem::path>& paths);
    /// Checks the files. True: their content differs from what was loaded, and is the same as at the previous
    /// check. Returns true once per change.
    [[nodiscard]] bool have_changed(const std::vector<std::filesystem::path>& paths);

  private:
    [[nodiscard]] std::string fingerprint_of(const std::vector<std::filesystem::path>& paths) const;

    const base::FileReader reader_;
    std::string taken_up_;
    std::string seen_;
};

/// Reloads the configuration as a whole or not at all: a wrong one changes nothing, and each mistake is
/// logged.
class Reloader {
  public:
    /// Reads the configuration again. Its argument is the one in effect.
    using Load = std::function<config::Outcome(const config::Config& running)>;

    /// All references must outlive this object.
    Reloader(Load load, Monitoring& monitoring, Log& log, metrics::Reloads& reloads)
        : load_(std::move(load)), monitoring_(monitoring), log_(log), reloads_(reloads) {}

    /// Requests a reload. Requests made before it begins are merged. From any thread; doesn't block.
    void request();

    /// Reloads on request and, with `config.watch`, when a watched file changes, until `stop` is requested.
    /// While the watched configuration is wrong, it retries: in Kubernetes, the Secret with an added
    /// organization's keys may be mounted later than the ConfigMap.
    void run(const std::stop_token& stop);

  private:
    void reload(bool by_request);
    void fail(const base::MistakeLines& mistakes, bool by_request) noexcept;

    const Load load_;
    Monitoring& monitoring_;
    Log& log_;
    metrics::Reloads& reloads_;

    base::MistakeLines told_;  ///< mistakes of the last reload; used only by `run`'s thread

    std::mutex mutex_;
    std::condition_variable_any requested_;
    bool is_requested_ = false;  ///< protected by mutex_
};

}  // namespace exporter::app

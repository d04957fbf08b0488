#include "app/reload.h"

#include "base/text_hash.h"
#include "scan/clock.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <variant>

namespace exporter::app {

namespace {

/// Credential files are read again at each poll, and the web configuration has its own watcher.
std::vector<std::filesystem::path> watched_files(const config::Config& config) {
    std::vector<std::filesystem::path> files = {config.config_file, config.ca_file};
    std::erase(files, std::filesystem::path());
    return files;
}

}  // namespace

void FileWatch::take_up(const std::vector<std::filesystem::path>& paths) {
    taken_up_ = fingerprint_of(paths);
    seen_ = taken_up_;
}

bool FileWatch::have_changed(const std::vector<std::filesystem::path>& paths) {
    std::string now = fingerprint_of(paths);
    const bool is_settled = now == seen_;
    seen_ = std::move(now);
    if (!is_settled || seen_ == taken_up_) {
        return false;
    }
    taken_up_ = seen_;
    return true;
}

std::string FileWatch::fingerprint_of(const std::vector<std::filesystem::path>& paths) const {
    std::string fingerprint;
    for (const std::filesystem::path& path : paths) {
        const auto file = reader_(path.string());
        fingerprint += file ? base::text_fingerprint(file->text.expose()) : "unreadable";
    }
    return fingerprint;
}

void Reloader::request() {
    const std::lock_guard lock(mutex_);
    is_requested_ = true;
    requested_.notify_one();
}

void Reloader::run(const std::stop_token& stop) {
    constexpr std::chrono::seconds between_looks{1};
    constexpr int looks_until_another_try = 10;
    int looks = 0;
    const bool is_watching = monitoring_.config()->config_watch;
    FileWatch watch;
    watch.take_up(watched_files(*monitoring_.config()));
    const auto is_requested = [this] { return is_requested_; };
    while (!stop.stop_requested()) {
        std::unique_lock lock(mutex_);
        if (is_watching) {
            requested_.wait_for(lock, stop, between_looks, is_requested);
        } else {
            requested_.wait(lock, stop, is_requested);
        }
        const bool by_request = std::exchange(is_requested_, false);
        lock.unlock();
        if (stop.stop_requested()) {
            return;
        }
        if (by_request) {
            // Before the files are read, so that a later change is detected.
            watch.take_up(watched_files(*monitoring_.config()));
        }
        const bool try_again = is_watching && !told_.empty() && ++looks >= looks_until_another_try;
        if (by_request || try_again ||
            (is_watching && watch.have_changed(watched_files(*monitoring_.config())))) {
            looks = 0;
            reload(by_request);
        }
    }
}

void Reloader::reload(bool by_request) {
    try {
        auto outcome = load_(*monitoring_.config());
        if (const auto* const mistakes = std::get_if<config::Mistakes>(&outcome)) {
            fail(mistakes->lines, by_request);
            return;
        }
        auto config = std::get<config::Config>(std::move(outcome));
        const auto warnings = std::move(config.warnings);
        const config::LogLevel level = config.log.level;
        monitoring_.reconfigure(std::move(config));
        log_.set_level(level);
        for (const std::string& warning : warnings) {
            log_.warn(warning);
        }
        log_.info("configuration reloaded", {{"organizations", monitoring_.config()->organizations.size()}});
        reloads_.succeeded(config_reload_label, scan::system_clock().now());
        told_.clear();
    } catch (const std::exception& exception) {
        fail({exception.what()}, by_request);
    }
}

void Reloader::fail(const base::MistakeLines& mistakes, bool by_request) noexcept {
    try {
        reloads_.failed(config_reload_label);
        if (by_request || mistakes != told_) {
            for (const std::string& mistake : mistakes) {
                log_.error("the configuration can't be reloaded; the previous one stays in effect",
                           {{"error", mistake}});
            }
        }
        told_ = mistakes;
    } catch (const std::exception&) {
        // Not enough memory to log; the metric shows the failure.
    }
}

}  // namespace exporter::app

#include "app/web_protection.h"

#include <chrono>
#include <exception>
#include <utility>

namespace exporter::app {

namespace {

/// Of this file's reload metrics.
constexpr const char* reload_label = "web";

void fail(const std::string& error, Log& log, metrics::Reloads& reloads) {
    reloads.failed(reload_label);
    log.error("the web configuration can't be used; the one before stays in use", {{"error", error}});
}

void fail_by(const std::exception& exception, Log& log, metrics::Reloads& reloads) noexcept {
    try {
        fail(exception.what(), log, reloads);
    } catch (const std::exception&) {
        // No memory for a line in the log: the metric tells.
    }
}

void refresh(http::Protection& protection, Log& log, metrics::Reloads& reloads) {
    const auto refreshed = protection.refresh();
    if (!refreshed) {
        fail(refreshed.error(), log, reloads);
    } else if (*refreshed) {
        log.info("the web configuration was taken up", {{"file", protection.path()}});
        for (const std::string& warning : protection.warnings()) {
            log.warn(warning);
        }
    }
}

}  // namespace

tl::expected<http::Protection, base::MistakeLines> load_web_protection(const config::Web& web,
                                                                       metrics::Reloads& reloads,
                                                                       base::FileReader reader,
                                                                       scan::Clock& clock) {
    auto protection = http::Protection::load(web.config_file, web.world_readable, std::move(reader));
    if (protection && !web.config_file.empty()) {
        reloads.succeeded(reload_label, clock.now());
    }
    return protection;
}

void watch_web_protection(http::Protection& protection, Log& log, metrics::Reloads& reloads,
                          const std::stop_token& stop,
                          const std::function<void(std::shared_ptr<const http::Security>)>& take_up,
                          scan::Clock& clock) {
    // Not inotify: Kubernetes replaces mounted files by renaming a symbolic link two levels above them.
    constexpr std::chrono::seconds interval{1};
    auto in_use = protection.security();
    while (clock.wait_until(clock.steady_now() + interval, stop)) {
        try {
            refresh(protection, log, reloads);
            // Not by what it returns: it may have thrown after the change, and so may `take_up`.
            if (protection.security() != in_use) {
                take_up(protection.security());
                in_use = protection.security();
                reloads.succeeded(reload_label, clock.now());
            }
        } catch (const std::exception& exception) {
            fail_by(exception, log, reloads);
        }
    }
}

void check_web_file(const config::Web& web, base::MistakeLines& mistakes,
                    std::vector<std::string>& warnings) {
    http::WebFileReading reading =
        http::read_web_file(web.config_file, base::file_reader(), web.world_readable);
    if (!reading.file) {
        mistakes.insert(mistakes.end(), reading.file.error().begin(), reading.file.error().end());
    }
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
}

}  // namespace exporter::app

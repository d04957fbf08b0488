#include "app/web_protection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace exporter::app {

namespace {

/// Of this file's reload metrics.
constexpr const char* reload_label = "web";

using http::TlsOptions;
using http::WebFile;

/// Compares what both files have.
template <bool (*IsWeaker)(const TlsOptions& before, const TlsOptions& after)>
bool in_tls(const WebFile& before, const WebFile& after) {
    return before.tls && after.tls && IsWeaker(*before.tls, *after.tls);
}

bool is_tls_gone(const WebFile& before, const WebFile& after) {
    return before.tls && !after.tls;
}

bool lets_more_clients_in(const TlsOptions& before, const TlsOptions& after) {
    return (http::is_required(before.client_auth) && !http::is_required(after.client_auth)) ||
           (http::is_verified(before.client_auth) && !http::is_verified(after.client_auth));
}

/// An empty list is no restriction.
template <std::vector<std::string> TlsOptions::* list>
bool is_list_gone(const TlsOptions& before, const TlsOptions& after) {
    return !(before.*list).empty() && (after.*list).empty();
}

bool takes_older_versions(const TlsOptions& before, const TlsOptions& after) {
    return after.min_version < before.min_version;
}

/// Other values are fine.
bool is_a_header_gone(const WebFile& before, const WebFile& after) {
    return std::any_of(before.headers.begin(), before.headers.end(), [&](const auto& header) {
        return std::none_of(after.headers.begin(), after.headers.end(),
                            [&](const auto& other) { return other.first == header.first; });
    });
}

bool are_users_gone(const WebFile& before, const WebFile& after) {
    return !before.users.empty() && after.users.empty();
}

bool allows_more_requests(const WebFile& before, const WebFile& after) {
    return before.rate_limit &&
           (!after.rate_limit || after.rate_limit->interval < before.rate_limit->interval ||
            after.rate_limit->burst > before.rate_limit->burst);
}

struct Guard {
    std::string_view setting;
    bool (*is_weaker)(const WebFile& before, const WebFile& after);
};

/// Every setting that protects.
constexpr std::array guards = {
    Guard{"tls_server_config", is_tls_gone},
    Guard{"tls_server_config.client_auth_type", in_tls<lets_more_clients_in>},
    Guard{"tls_server_config.client_allowed_sans", in_tls<is_list_gone<&TlsOptions::client_allowed_sans>>},
    Guard{"tls_server_config.min_version", in_tls<takes_older_versions>},
    Guard{"tls_server_config.cipher_suites", in_tls<is_list_gone<&TlsOptions::cipher_suites>>},
    Guard{"tls_server_config.curve_preferences", in_tls<is_list_gone<&TlsOptions::curve_preferences>>},
    Guard{"http_server_config.headers", is_a_header_gone},
    Guard{"basic_auth_users", are_users_gone},
    Guard{"rate_limit", allows_more_requests},
};

std::vector<std::string_view> weakened(const WebFile& before, const WebFile& after) {
    std::vector<std::string_view> settings;
    for (const Guard& guard : guards) {
        if (guard.is_weaker(before, after)) {
            settings.push_back(guard.setting);
        }
    }
    return settings;
}

}  // namespace

WebProtection::WebProtection(const config::Web& web, Log& log, metrics::Reloads& reloads,
                             base::FileReader reader, scan::Clock& clock)
    : path_(web.config_file),
      world_readable_(web.world_readable),
      log_(&log),
      reloads_(&reloads),
      reader_(std::move(reader)),
      clock_(&clock) {}

void check_web_file(const config::Web& web, base::MistakeLines& mistakes,
                    std::vector<std::string>& warnings) {
    http::WebFileReading reading =
        http::read_web_file(web.config_file, base::file_reader(), web.world_readable);
    if (!reading.file) {
        mistakes.insert(mistakes.end(), reading.file.error().begin(), reading.file.error().end());
    }
    warnings.insert(warnings.end(), reading.warnings.begin(), reading.warnings.end());
}

tl::expected<WebProtection, base::MistakeLines> WebProtection::load(const config::Web& web, Log& log,
                                                                    metrics::Reloads& reloads,
                                                                    base::FileReader reader,
                                                                    scan::Clock& clock) {
    WebProtection protection(web, log, reloads, std::move(reader), clock);
    if (!protection.path_.empty()) {
        if (auto done = protection.use(protection.read()); !done) {
            return tl::unexpected(std::move(done.error()));
        }
    }
    return protection;
}

http::WebFileReading WebProtection::read() const {
    return http::read_web_file(path_, reader_, world_readable_);
}

tl::expected<void, base::MistakeLines> WebProtection::use(http::WebFileReading reading) {
    const auto taken = reading.file ? take_up(*std::move(reading.file)) : tl::expected<void, std::string>();
    // Not sooner: after an exception the files count as changed, and are looked at again.
    read_files_ = std::move(reading.read_files);
    if (!reading.file) {
        return tl::unexpected(std::move(reading.file.error()));
    }
    if (!taken) {
        return tl::unexpected(base::MistakeLines{fmt::format("{}: {}", path_, taken.error())});
    }
    warnings_ = std::move(reading.warnings);
    reloads_->succeeded(reload_label, clock_->now());
    return {};
}

tl::expected<void, std::string> WebProtection::take_up(http::WebFile file) {
    if (const auto weaker = file_ ? weakened(*file_, file) : std::vector<std::string_view>();
        !weaker.empty()) {
        return tl::unexpected(
            fmt::format("weaker than before, or gone: {}; restart the exporter if that is intended",
                        fmt::join(weaker, ", ")));
    }
    auto security = std::make_shared<http::Security>();
    if (file.tls) {
        auto context = http::TlsContext::make(*file.tls);
        if (!context) {
            return tl::unexpected(fmt::format("tls_server_config: {}", context.error()));
        }
        security->tls = *std::move(context);
    }
    if (file.rate_limit) {
        security->rate_limiter = std::make_shared<http::RateLimiter>(*file.rate_limit);
    }
    security->headers = file.headers;
    if (!file.users.empty()) {
        if (authenticator_) {
            authenticator_->replace(http::Users(file.users));
        } else {
            authenticator_ = std::make_shared<http::Authenticator>(http::Users(file.users));
        }
        security->authenticator = authenticator_;
    }
    file_ = std::move(file);
    security_ = std::move(security);
    return {};
}

bool WebProtection::refresh() {
    if (path_.empty()) {
        return false;
    }
    if (!http::have_changed(read_files_, reader_)) {
        seen_.clear();
        return false;
    }
    // A file may be half-written: what two looks in a row find is what was meant. Nothing is read again after
    // they are compared: that could be a third text.
    auto reading = read();
    if (!http::are_same(reading.read_files, seen_)) {
        seen_ = std::move(reading.read_files);
        return false;
    }
    seen_.clear();
    if (const auto done = use(std::move(reading)); !done) {
        fail(fmt::format("{}", fmt::join(done.error(), "; ")));
        return false;
    }
    log_->info("the web configuration was taken up", {{"file", path_}});
    for (const std::string& warning : warnings_) {
        log_->warn(warning);
    }
    return true;
}

void WebProtection::fail(const std::string& error) {
    reloads_->failed(reload_label);
    log_->error("the web configuration can't be used; the one before stays in use", {{"error", error}});
}

void WebProtection::fail_by(const std::exception& exception) noexcept {
    try {
        fail(exception.what());
    } catch (const std::exception&) {
        // No memory for a line in the log: the metric tells.
    }
}

void WebProtection::watch(const std::stop_token& stop,
                          const std::function<void(std::shared_ptr<const http::Security>)>& take_up) {
    // Not inotify: Kubernetes replaces mounted files by renaming a symbolic link two levels above them.
    constexpr std::chrono::seconds interval{1};
    auto in_use = security_;
    while (clock_->wait_until(clock_->steady_now() + interval, stop)) {
        try {
            (void)refresh();
            // Not by what `refresh` returns: it may have thrown after the change, and so may `take_up`.
            if (security_ != in_use) {
                take_up(security_);
                in_use = security_;
                reloads_->succeeded(reload_label, clock_->now());
            }
        } catch (const std::exception& exception) {
            fail_by(exception);
        }
    }
}

}  // namespace exporter::app

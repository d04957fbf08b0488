#include "http/protection.h"

#include "http/authenticator.h"
#include "http/rate_limiter.h"
#include "http/tls.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace exporter::http {

namespace {

/// Whether clients that were refused before would get in.
bool lets_more_clients_in(ClientAuth before, ClientAuth after) {
    return (is_required(before) && !is_required(after)) || (is_verified(before) && !is_verified(after));
}

/// An empty list means no restriction.
bool is_gone(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    return !before.empty() && after.empty();
}

/// Whether a header is missing; changed values don't count.
bool is_a_header_gone(const Headers& before, const Headers& after) {
    return std::any_of(before.begin(), before.end(), [&](const auto& header) {
        return std::none_of(after.begin(), after.end(),
                            [&](const auto& other) { return other.first == header.first; });
    });
}

bool allows_more_requests(const RateLimit& before, const std::optional<RateLimit>& after) {
    return !after || after->interval < before.interval || after->burst > before.burst;
}

/// The settings that protect less than before.
std::vector<std::string_view> weakened(const WebFile& before, const WebFile& after) {
    std::vector<std::string_view> settings;
    const auto note = [&settings](std::string_view setting, bool is_weaker) {
        if (is_weaker) {
            settings.push_back(setting);
        }
    };
    note("tls_server_config", before.tls && !after.tls);
    if (before.tls && after.tls) {
        const TlsOptions& was = *before.tls;
        const TlsOptions& is = *after.tls;
        note("tls_server_config.client_auth_type", lets_more_clients_in(was.client_auth, is.client_auth));
        note("tls_server_config.client_allowed_sans",
             is_gone(was.client_allowed_sans, is.client_allowed_sans));
        note("tls_server_config.min_version", is.min_version < was.min_version);
        note("tls_server_config.cipher_suites", is_gone(was.cipher_suites, is.cipher_suites));
        note("tls_server_config.curve_preferences", is_gone(was.curve_preferences, is.curve_preferences));
    }
    note("http_server_config.headers", is_a_header_gone(before.headers, after.headers));
    note("basic_auth_users", !before.users.empty() && after.users.empty());
    note("rate_limit", before.rate_limit && allows_more_requests(*before.rate_limit, after.rate_limit));
    return settings;
}

}  // namespace

Protection::Protection(std::string path, base::WorldReadable world_readable, base::FileReader reader)
    : path_(std::move(path)), world_readable_(world_readable), reader_(std::move(reader)) {}

tl::expected<Protection, base::MistakeLines> Protection::load(std::string path,
                                                              base::WorldReadable world_readable,
                                                              base::FileReader reader) {
    Protection protection(std::move(path), world_readable, std::move(reader));
    if (protection.path_.empty()) {
        return protection;
    }
    return protection.use(read_web_file(protection.path_, protection.reader_, world_readable)).map([&] {
        return std::move(protection);
    });
}

tl::expected<void, base::MistakeLines> Protection::use(WebFileReading reading) {
    const auto applied =
        std::move(reading.file).and_then([this](WebFile file) { return apply(std::move(file)); });
    // Not sooner: after an exception, the files must count as changed, so that they are read again.
    read_files_ = std::move(reading.read_files);
    if (applied) {
        warnings_ = std::move(reading.warnings);
    }
    return applied;
}

tl::expected<void, base::MistakeLines> Protection::apply(WebFile file) {
    const auto refused = [this](std::string_view reason) {
        return tl::unexpected(base::MistakeLines{fmt::format("{}: {}", path_, reason)});
    };
    if (const auto weaker = file_ ? weakened(*file_, file) : std::vector<std::string_view>();
        !weaker.empty()) {
        return refused(
            fmt::format("weaker than before, or removed: {}; restart the exporter if that is intended",
                        fmt::join(weaker, ", ")));
    }
    auto security = std::make_shared<Security>();
    if (file.tls) {
        auto context = TlsContext::make(*file.tls);
        if (!context) {
            return refused(fmt::format("tls_server_config: {}", context.error()));
        }
        security->tls = *std::move(context);
    }
    if (file.rate_limit) {
        security->rate_limiter = std::make_shared<RateLimiter>(*file.rate_limit);
    }
    security->headers = file.headers;
    if (!file.users.empty()) {
        if (authenticator_) {
            authenticator_->replace(Users(file.users));
        } else {
            authenticator_ = std::make_shared<Authenticator>(Users(file.users));
        }
        security->authenticator = authenticator_;
    }
    file_ = std::move(file);
    security_ = std::move(security);
    return {};
}

tl::expected<bool, std::string> Protection::refresh() {
    if (path_.empty()) {
        return false;
    }
    if (!have_changed(read_files_, reader_)) {
        seen_.clear();
        return false;
    }
    // A file may be half-written, so a change counts only if two consecutive reads agree. Nothing is read
    // again after that comparison, because the files may have changed again.
    auto reading = read_web_file(path_, reader_, world_readable_);
    if (reading.read_files != seen_) {
        seen_ = std::move(reading.read_files);
        return false;
    }
    seen_.clear();
    if (const auto done = use(std::move(reading)); !done) {
        return tl::unexpected(fmt::format("{}", fmt::join(done.error(), "; ")));
    }
    return true;
}

}  // namespace exporter::http

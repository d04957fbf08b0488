#include "http/protection.h"

#include "http/authenticator.h"
#include "http/rate_limiter.h"
#include "http/tls_context.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace exporter::http {

namespace {

/// Compares what both files have.
template <bool (*IsWeaker)(const TlsOptions& before, const TlsOptions& after)>
bool in_tls(const WebFile& before, const WebFile& after) {
    return before.tls && after.tls && IsWeaker(*before.tls, *after.tls);
}

bool is_tls_gone(const WebFile& before, const WebFile& after) {
    return before.tls && !after.tls;
}

bool lets_more_clients_in(const TlsOptions& before, const TlsOptions& after) {
    return (is_required(before.client_auth) && !is_required(after.client_auth)) ||
           (is_verified(before.client_auth) && !is_verified(after.client_auth));
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

Protection::Protection(std::string path, base::WorldReadable world_readable, base::FileReader reader)
    : path_(std::move(path)), world_readable_(world_readable), reader_(std::move(reader)) {}

tl::expected<Protection, base::MistakeLines> Protection::load(std::string path,
                                                              base::WorldReadable world_readable,
                                                              base::FileReader reader) {
    Protection protection(std::move(path), world_readable, std::move(reader));
    if (!protection.path_.empty()) {
        if (auto done = protection.use(protection.read()); !done) {
            return tl::unexpected(std::move(done.error()));
        }
    }
    return protection;
}

WebFileReading Protection::read() const {
    return read_web_file(path_, reader_, world_readable_);
}

tl::expected<void, base::MistakeLines> Protection::use(WebFileReading reading) {
    const auto applied = reading.file ? apply(*std::move(reading.file)) : tl::expected<void, std::string>();
    // Not sooner: after an exception the files count as changed, and are looked at again.
    read_files_ = std::move(reading.read_files);
    if (!reading.file) {
        return tl::unexpected(std::move(reading.file.error()));
    }
    if (!applied) {
        return tl::unexpected(base::MistakeLines{fmt::format("{}: {}", path_, applied.error())});
    }
    warnings_ = std::move(reading.warnings);
    return {};
}

tl::expected<void, std::string> Protection::apply(WebFile file) {
    if (const auto weaker = file_ ? weakened(*file_, file) : std::vector<std::string_view>();
        !weaker.empty()) {
        return tl::unexpected(
            fmt::format("weaker than before, or gone: {}; restart the exporter if that is intended",
                        fmt::join(weaker, ", ")));
    }
    auto security = std::make_shared<Security>();
    if (file.tls) {
        auto context = TlsContext::make(*file.tls);
        if (!context) {
            return tl::unexpected(fmt::format("tls_server_config: {}", context.error()));
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
    // A file may be half-written: what two looks in a row find is what was meant. Nothing is read again after
    // they are compared: that could be a third text.
    auto reading = read();
    if (!are_same(reading.read_files, seen_)) {
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

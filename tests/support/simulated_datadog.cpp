#include "support/simulated_datadog.h"

#include "support/gzip.h"
#include "support/listing_json.h"
#include "support/simulated_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

namespace exporter::support {
namespace {

constexpr std::string_view listing_path = "/api/v2/personal_access_tokens";
constexpr std::string_view users_path = "/api/v2/users/";
constexpr std::size_t most_recorded = 1000;
constexpr std::size_t default_page_size = 10;

/// Extracts `<prefix>_<alias>` from `<prefix>_<alias>_<secret>`.
std::string public_portion_of(const std::string& access_token) {
    return access_token.substr(0, access_token.rfind('_'));
}

SimulatedDatadogOptions completed(SimulatedDatadogOptions options) {
    options.organization.exporter_public_portion = public_portion_of(options.access_token);
    if (!options.clock) {
        options.clock = [] {
            return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
        };
    }
    return options;
}

CannedAnswer error(int status, std::string_view message) {
    return {status, "application/json", errors_json(message), {}};
}

std::string_view path_of(const HttpRequest& request) {
    return std::string_view(request.target).substr(0, request.target.find('?'));
}

enum class Authorization { granted, missing, wrong };

/// If there is an `Authorization` header, only it counts. Otherwise DD-APPLICATION-KEY counts: either it is
/// the access token, or DD-API-KEY must be valid too.
Authorization authorize(const HttpRequest& request, const SimulatedDatadogOptions& options) {
    if (const auto authorization = request.header("authorization"); !authorization.empty()) {
        const bool right = authorization == "Bearer " + options.access_token;
        return right ? Authorization::granted : Authorization::wrong;
    }
    const auto application_key = request.header("dd-application-key");
    if (application_key == options.access_token) {
        return Authorization::granted;
    }
    const auto api_key = request.header("dd-api-key");
    if (application_key.empty() || api_key.empty()) {
        return Authorization::missing;
    }
    const bool right = api_key == options.api_key && application_key == options.app_key;
    return right ? Authorization::granted : Authorization::wrong;
}

/// nullopt: the credentials are valid.
std::optional<CannedAnswer> refusal(const HttpRequest& request, const SimulatedDatadogOptions& options) {
    switch (authorize(request, options)) {
        case Authorization::missing:
            return error(401, "Unauthorized");
        case Authorization::wrong:
            return error(403, "Forbidden");
        case Authorization::granted:
            break;
    }
    return std::nullopt;
}

std::string wire_text(const CannedAnswer& answer) {
    std::string text =
        fmt::format("HTTP/1.1 {} \r\nContent-Length: {}\r\n", answer.status, answer.body.size());
    if (!answer.content_type.empty()) {
        text += fmt::format("Content-Type: {}\r\n", answer.content_type);
    }
    for (const auto& [name, value] : answer.headers) {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    return text + "\r\n" + answer.body;
}

}  // namespace

SimulatedDatadog::SimulatedDatadog(SimulatedDatadogOptions options)
    : options_(completed(std::move(options))),
      organization_(options_.organization, options_.clock()),
      rate_limiter_(options_.rate_limit ? std::optional(demo::RateLimiter(*options_.rate_limit))
                                        : std::nullopt),
      server_([this](RawConnection& connection) { serve(connection); },
              {.port = options_.port, .concurrent = true}) {
    const std::scoped_lock lock(organization_mutex_);
    cut_dates(organization_);
}

void SimulatedDatadog::serve(RawConnection& connection) {
    for (;;) {
        const std::string head = connection.read_head();
        if (head.empty()) {
            return;
        }
        const HttpRequest request = parse_request(head);
        CannedAnswer answer;
        try {
            answer = this->answer(connection, request);
        } catch (const std::exception&) {
            answer = error(500, "Internal error");
        }
        const bool dated = std::any_of(answer.headers.begin(), answer.headers.end(),
                                       [](const auto& header) { return header.first == "Date"; });
        if (!dated) {
            answer.headers.emplace_back("Date", base::format_http_date(options_.clock()));
        }
        // The server doesn't read request bodies, so a method other than GET ends the connection.
        if (!connection.send(wire_text(answer)) || request.method != "GET" ||
            request.header("connection") == "close") {
            return;
        }
    }
}

CannedAnswer SimulatedDatadog::answer(RawConnection& connection, const HttpRequest& request) {
    const std::size_t number = record(request);
    const std::string_view path = path_of(request);
    const bool of_a_user = path.starts_with(users_path);
    if (path != listing_path && !of_a_user) {
        return error(404, "Not found");
    }
    if (request.method != "GET") {
        return error(405, "Method not allowed");
    }
    if (const auto latency = faults()->latency; latency.count() > 0) {
        (void)connection.wait(latency);
    }
    if (auto refused = refusal(request, options_)) {
        return *std::move(refused);
    }
    return of_a_user ? answer_user(request, number) : answer_listing(request, number);
}

CannedAnswer SimulatedDatadog::answer_listing(const HttpRequest& request, std::size_t number) {
    const auto asked = parse_query(request.target);
    if (!asked) {
        return error(400, asked.error());
    }
    const auto faults_now = faults();
    if (faults_now->intercept) {
        const std::scoped_lock lock(intercept_mutex_);
        if (auto canned = faults_now->intercept(number, *asked)) {
            return std::move(*canned);
        }
    }
    return within_rate_limit(request, [&] { return page(*asked, *faults_now); });
}

CannedAnswer SimulatedDatadog::answer_user(const HttpRequest& request, std::size_t number) {
    const std::string_view path = path_of(request);
    const std::string id = decoded(path.substr(users_path.size()));
    const auto faults_now = faults();
    if (faults_now->intercept_user) {
        const std::scoped_lock lock(intercept_mutex_);
        if (auto canned = faults_now->intercept_user(number, id)) {
            return std::move(*canned);
        }
    }
    return within_rate_limit(request, [&] { return user(id); });
}

CannedAnswer SimulatedDatadog::within_rate_limit(const HttpRequest& request,
                                                 const std::function<CannedAnswer()>& content) {
    demo::RateLimiter::Verdict verdict{.allowed = true, .state = {}};
    {
        const std::scoped_lock lock(mutex_);
        if (rate_limiter_) {
            verdict = rate_limiter_->take(options_.clock());
        }
    }
    const bool allowed = verdict.allowed;
    CannedAnswer answer = allowed ? content() : error(429, "Too many requests");
    if (allowed && options_.gzip && allows_gzip(request.header("accept-encoding"))) {
        answer.body = gzip(answer.body, Effort::least);
        answer.headers.emplace_back("Content-Encoding", "gzip");
    }
    if (verdict.state.limit) {
        const auto headers = rate_limit_headers(verdict.state);
        answer.headers.insert(answer.headers.end(), headers.begin(), headers.end());
    }
    return answer;
}

CannedAnswer SimulatedDatadog::user(std::string_view id) {
    if (!options_.user_access_read) {
        return error(403, "Forbidden: the permission user_access_read is missing");
    }
    const std::scoped_lock lock(organization_mutex_);
    const auto user = organization_.user_of(id);
    return user ? CannedAnswer{200, options_.content_type, user_json(id, *user), {}}
                : error(404, "User not found");
}

CannedAnswer SimulatedDatadog::page(const datadog::PageRequest& request, const Faults& faults) {
    datadog::PageRequest obeyed = request;
    obeyed.size = faults.ignore_page_size ? default_page_size : request.size;
    obeyed.number = faults.ignore_page_number ? 0 : request.number;

    const std::scoped_lock lock(organization_mutex_);
    if (options_.alive) {
        organization_.advance(options_.clock());
    }
    if (faults.before_page) {
        faults.before_page(organization_, request);
    }
    const Slice slice = list(organization_, obeyed);
    ListingStyle style;
    style.report_leaks = options_.report_leaks;
    if (faults.total_json) {
        style.total_json = faults.total_json(slice.total_filtered_count);
    } else if (!faults.omit_total) {
        style.total_json = std::to_string(slice.total_filtered_count);
    }
    return {200, options_.content_type, listing_json(slice, style), {}};
}

std::size_t SimulatedDatadog::record(const HttpRequest& request) {
    const std::scoped_lock lock(mutex_);
    recorded_.push_back(request);
    if (recorded_.size() > most_recorded) {
        recorded_.pop_front();
    }
    return requests_++;
}

std::string SimulatedDatadog::url() const {
    return "http://127.0.0.1:" + std::to_string(port());
}

void SimulatedDatadog::set_faults(Faults faults) {
    auto replacement = std::make_shared<const Faults>(std::move(faults));
    const std::scoped_lock lock(mutex_);
    faults_.swap(replacement);
}

std::shared_ptr<const Faults> SimulatedDatadog::faults() const {
    const std::scoped_lock lock(mutex_);
    return faults_;
}

void SimulatedDatadog::with_organization(const std::function<void(demo::SimulatedOrganization&)>& look) {
    const std::scoped_lock lock(organization_mutex_);
    look(organization_);
}

std::size_t SimulatedDatadog::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

std::vector<HttpRequest> SimulatedDatadog::recorded() const {
    const std::scoped_lock lock(mutex_);
    return {recorded_.begin(), recorded_.end()};
}

}  // namespace exporter::support

#include "demo/api.h"

#include "demo/authorization.h"
#include "demo/http_text.h"
#include "demo/listing_json.h"
#include "demo/query.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace exporter::demo {
namespace {

constexpr std::string_view listing_path = "/api/v2/personal_access_tokens";
constexpr std::size_t most_recorded = 1000;
constexpr std::size_t default_page_size = 10;

/// `<prefix>_<alias>` of `<prefix>_<alias>_<secret>`.
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

}  // namespace

Api::Api(SimulatedDatadogOptions options)
    : options_(completed(std::move(options))), organization_(options_.organization, options_.clock()) {
    if (options_.rate_limit) {
        rate_limiter_.emplace(*options_.rate_limit);
    }
}

CannedAnswer Api::answer(std::string_view method, const RecordedRequest& request) {
    CannedAnswer answer = route(method, request);
    const bool dated = std::any_of(answer.headers.begin(), answer.headers.end(),
                                   [](const auto& header) { return header.first == "Date"; });
    if (!dated) {
        answer.headers.emplace_back("Date", http_date(options_.clock()));
    }
    return answer;
}

CannedAnswer Api::route(std::string_view method, const RecordedRequest& request) {
    const std::size_t number = record(request);
    if (std::string_view(request.target).substr(0, request.target.find('?')) != listing_path) {
        return error(404, "Not found");
    }
    if (method != "GET") {
        return error(405, "Method not allowed");
    }
    wait(faults()->latency);
    return answer_listing(request, number);
}

CannedAnswer Api::answer_listing(const RecordedRequest& request, std::size_t number) {
    switch (authorize(request, options_)) {
        case Authorization::missing:
            return error(401, "Unauthorized");
        case Authorization::wrong:
            return error(403, "Forbidden");
        case Authorization::granted:
            break;
    }
    const auto query = parse_query(request.target);
    if (!query) {
        return error(400, query.error());
    }
    const auto faults_now = faults();
    if (auto canned = intercepted(*faults_now, number, *query)) {
        return std::move(*canned);
    }
    RateLimiter::Verdict verdict{true, {}};
    {
        const std::scoped_lock lock(mutex_);
        if (rate_limiter_) {
            verdict = rate_limiter_->take(options_.clock());
        }
    }
    CannedAnswer answer = verdict.allowed ? page(*query, *faults_now) : error(429, "Too many requests");
    if (verdict.allowed) {
        compress(answer, request);
    }
    answer.headers.insert(answer.headers.end(), verdict.headers.begin(), verdict.headers.end());
    return answer;
}

CannedAnswer Api::page(const Query& query, const Faults& faults) {
    Query obeyed = query;
    obeyed.page_size = faults.ignore_page_size ? default_page_size : query.page_size;
    obeyed.page_number = faults.ignore_page_number ? 0 : query.page_number;

    const std::scoped_lock lock(organization_mutex_);
    if (options_.alive) {
        organization_.advance(options_.clock());
    }
    if (faults.before_page) {
        faults.before_page(organization_, query);
    }
    const Slice slice = organization_.list(obeyed);
    ListingStyle style;
    style.report_leaks = options_.report_leaks;
    if (faults.total_json) {
        style.total_json = faults.total_json(slice.total_filtered_count);
    } else if (!faults.omit_total) {
        style.total_json = std::to_string(slice.total_filtered_count);
    }
    return {200, options_.content_type, listing_json(slice, style), {}};
}

void Api::compress(CannedAnswer& answer, const RecordedRequest& request) const {
    if (options_.gzip && allows_gzip(header(request, "accept-encoding"))) {
        answer.body = gzip(answer.body);
        answer.headers.emplace_back("Content-Encoding", "gzip");
    }
}

std::optional<CannedAnswer> Api::intercepted(const Faults& faults, std::size_t number, const Query& query) {
    if (!faults.intercept) {
        return std::nullopt;
    }
    const std::scoped_lock lock(intercept_mutex_);
    return faults.intercept(number, query);
}

std::size_t Api::record(const RecordedRequest& request) {
    const std::scoped_lock lock(mutex_);
    recorded_.push_back(request);
    if (recorded_.size() > most_recorded) {
        recorded_.pop_front();
    }
    return requests_++;
}

void Api::wait(std::chrono::milliseconds latency) {
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, latency, [&] { return stopped_; });
}

void Api::stop() {
    {
        const std::scoped_lock lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_all();
}

void Api::set_faults(Faults faults) {
    auto replacement = std::make_shared<const Faults>(std::move(faults));
    const std::scoped_lock lock(mutex_);
    faults_.swap(replacement);
}

std::shared_ptr<const Faults> Api::faults() const {
    const std::scoped_lock lock(mutex_);
    return faults_;
}

void Api::with_organization(const std::function<void(SimulatedOrganization&)>& look) {
    const std::scoped_lock lock(organization_mutex_);
    look(organization_);
}

std::size_t Api::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

std::vector<RecordedRequest> Api::recorded() const {
    const std::scoped_lock lock(mutex_);
    return {recorded_.begin(), recorded_.end()};
}

}  // namespace exporter::demo

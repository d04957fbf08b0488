#include "chaos.h"

#include <span>
#include <string>
#include <utility>

namespace exporter::tools {
namespace {

using support::CannedAnswer;

constexpr std::size_t nesting_levels = 100'000;
/// The exporter's limit is 8 MiB.
constexpr std::size_t oversized_body = std::size_t{40} << 20;

CannedAnswer json(int status, std::string body) {
    return {status, "application/json", std::move(body), {}};
}

CannedAnswer html(int status) {
    return {status,
            "text/html",
            "<!DOCTYPE html>\n<html><body><h1>Something &amp; nothing</h1></body></html>\n",
            {}};
}

CannedAnswer with_header(CannedAnswer answer, std::string name, std::string value) {
    answer.headers.emplace_back(std::move(name), std::move(value));
    return answer;
}

CannedAnswer too_many_requests() {
    return json(429, R"({"errors":["Too many requests"]})");
}

CannedAnswer too_many_requests_until(std::string reset) {
    return with_header(too_many_requests(), "X-RateLimit-Reset", std::move(reset));
}

CannedAnswer deeply_nested() {
    return json(200, R"({"data":{"deep":)" + std::string(nesting_levels, '[') +
                         std::string(nesting_levels, ']') + "}}");
}

/// Built only when needed, because one of them is large.
using Fault = CannedAnswer (*)();

/// None of these is a plausible page. A 200 with an empty `data` array would be: it is the right answer for
/// an organization without tokens, so the client could not be blamed for believing it. And no parsable reset
/// is far away, because a client that obeys it would stay silent for the rest of the run.
constexpr Fault faults[] = {
    [] { return too_many_requests_until("0"); },
    [] { return too_many_requests_until("1"); },
    [] { return too_many_requests_until("-5"); },
    [] { return too_many_requests_until("99999999999999999999999999"); },
    [] { return too_many_requests_until("soon"); },
    [] { return too_many_requests(); },
    [] { return json(429, R"({"data":[]})"); },

    [] { return json(500, R"({"errors":["Internal error"]})"); },
    [] { return html(502); },
    [] { return with_header(json(503, R"({"errors":["Unavailable"]})"), "Retry-After", "1"); },
    [] { return html(504); },

    [] { return json(400, R"({"errors":["Bad request"]})"); },
    [] { return json(401, R"({"errors":["Unauthorized"]})"); },
    [] { return json(403, R"({"errors":["Forbidden"]})"); },
    [] { return json(404, R"({"errors":["Not found"]})"); },
    [] { return json(408, R"({"errors":["Request timeout"]})"); },
    [] { return json(400, "{\"errors\":[\"\xff\xc0\x80 \xed\xa0\x80 \xf5\"]}"); },

    [] { return with_header(html(302), "Location", "http://127.0.0.2:9/api/v2/personal_access_tokens"); },
    [] { return json(204, ""); },

    [] { return json(200, ""); },
    [] { return html(200); },
    [] { return json(200, R"({"errors":["x"]})"); },
    [] { return json(200, R"({"data":null})"); },
    [] { return json(200, R"({"data":{}})"); },
    [] { return json(200, R"({"meta":{"page":{"total_filtered_count":0}}})"); },
    [] { return json(200, R"({"data":[{"id":"00000000-0000-4000-8000-000000000000","type":"personal_acc)"); },
    [] { return json(200, R"({"data":[],"meta":{"page":{"total_filtered_count":0}}} and more)"); },
    [] { return deeply_nested(); },
    [] { return json(200, "{\"errors\":[\"\xff\xc0\x80 \xed\xa0\x80 \xf5\"]}"); },
    [] { return json(200, std::string(oversized_body, ' ')); },
    [] {
        return json(200, R"({"data":184467440737095516160,)"
                         R"("meta":{"page":{"total_filtered_count":-9223372036854775809}}})");
    },
    [] { return json(200, R"({"data":{},"meta":{"page":{"total_filtered_count":1e999}}})"); },
};

}  // namespace

Chaos::Chaos(double probability, std::uint64_t seed) : probability_(probability), random_(seed) {}

std::optional<CannedAnswer> Chaos::operator()(std::size_t /*request*/,
                                              const datadog::PageRequest& /*query*/) {
    if (!random_.chance(probability_)) {
        return std::nullopt;
    }
    return random_.pick(std::span(faults))();
}

}  // namespace exporter::tools

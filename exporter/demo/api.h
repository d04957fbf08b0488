// The simulated API without its sockets: a request in, an answer out.
#pragma once

#include "demo/rate_limiter.h"
#include "demo/server.h"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string_view>

namespace exporter::demo {

/// Thread-safe.
class Api {
  public:
    explicit Api(SimulatedDatadogOptions options);

    [[nodiscard]] CannedAnswer answer(std::string_view method, const RecordedRequest& request);

    /// Ends the latency of requests under way.
    void stop();

    void set_faults(Faults faults);
    void with_organization(const std::function<void(SimulatedOrganization&)>& look);
    [[nodiscard]] std::size_t requests() const;
    [[nodiscard]] std::vector<RecordedRequest> recorded() const;

  private:
    [[nodiscard]] CannedAnswer route(std::string_view method, const RecordedRequest& request);
    [[nodiscard]] CannedAnswer answer_listing(const RecordedRequest& request, std::size_t number);
    [[nodiscard]] CannedAnswer page(const Query& query, const Faults& faults);
    void compress(CannedAnswer& answer, const RecordedRequest& request) const;
    [[nodiscard]] std::size_t record(const RecordedRequest& request);
    [[nodiscard]] std::shared_ptr<const Faults> faults() const;
    void wait(std::chrono::milliseconds latency);
    [[nodiscard]] std::optional<CannedAnswer> intercepted(const Faults& faults, std::size_t number,
                                                          const Query& query);

    const SimulatedDatadogOptions options_;

    /// Locked alone, and while an intercept runs: intercepts never overlap.
    std::mutex intercept_mutex_;

    std::mutex organization_mutex_;
    SimulatedOrganization organization_;  // protected by organization_mutex_

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::condition_variable stopping_;
    bool stopped_ = false;
    std::shared_ptr<const Faults> faults_ = std::make_shared<const Faults>();
    std::optional<RateLimiter> rate_limiter_;
    std::size_t requests_ = 0;
    std::deque<RecordedRequest> recorded_;
};

}  // namespace exporter::demo

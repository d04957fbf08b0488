// One organization as the program monitors it, but with no delay before retries.
#pragma once

#include "app/organization_monitor.h"
#include "config/config.h"
#include "support/drive.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>

namespace exporter::faults {

inline constexpr std::chrono::seconds poll_timeout{3};
inline constexpr const char* token = "ddpat_alias_0123456789abcdef";

/// Upper bound for any poll. A poll that only its deadline can end takes 3 s.
inline constexpr std::chrono::seconds slowest_poll{10};

/// A configuration without organizations, whose polls time out after `poll_timeout`.
[[nodiscard]] config::Config small_config();

/// Peak memory of this process, in bytes.
[[nodiscard]] std::size_t peak_memory();

/// The system clocks, which a test can shift.
class ShiftedClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return scan::system_clock().now() + wall_shift; }
    scan::SteadyTime steady_now() override { return scan::system_clock().steady_now() + steady_shift; }
    bool wait_until(scan::SteadyTime moment, std::stop_token stop) override {
        return scan::system_clock().wait_until(moment - steady_shift, std::move(stop));
    }

    std::chrono::seconds wall_shift{0};
    std::chrono::seconds steady_shift{0};
};

class Monitored {
  public:
    /// An organization at plain http://127.0.0.1:<port>.
    explicit Monitored(std::uint16_t port);
    Monitored(config::Endpoint endpoint, const std::string& ca_file);

    [[nodiscard]] bool poll() { return support::poll(monitor_->poller(), *monitor_, clock_); }
    [[nodiscard]] metrics::Snapshot snapshot() const { return monitor_->snapshot(); }
    [[nodiscard]] std::uint64_t failures(datadog::ErrorKind kind) const;
    [[nodiscard]] std::string log() const { return lines_.str(); }
    ShiftedClock& clock() { return clock_; }

  private:
    std::ostringstream lines_;
    app::Log log_;
    ShiftedClock clock_;
    std::unique_ptr<app::OrganizationMonitor> monitor_;
};

}  // namespace exporter::faults

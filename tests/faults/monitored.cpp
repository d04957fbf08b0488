#include "faults/monitored.h"

#include "datadog/client.h"
#include "faults/fault_server.h"

#include <sys/resource.h>

#include <csignal>

namespace exporter::faults {

std::size_t peak_memory() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

config::Config small_config() {
    config::Config config;
    config.poll.page_size = page_size;
    config.poll.timeout = poll_timeout;
    config.poll.max_tokens = 5'000;  // Five pages of 1,000, which even a sanitizer build reads in time.
    config.poll.concurrency = 1;     // The test servers handle one connection at a time.
    config.buckets.expiry = {std::chrono::hours(24)};
    config.buckets.last_used = {std::chrono::hours(24)};
    config.buckets.age = {std::chrono::hours(24)};
    return config;
}

Monitored::Monitored(std::uint16_t port)
    : Monitored(config::Endpoint{.tls = false, .host = "127.0.0.1", .port = port}, "") {}

Monitored::Monitored(config::Endpoint endpoint, const std::string& ca_file)
    : log_({.level = config::LogLevel::debug, .format = config::LogFormat::logfmt},
           [this](const std::string& line) { lines_ << line; }) {
    std::signal(SIGPIPE, SIG_IGN);  // As in the program, because OpenSSL writes to closed connections.
    config::Organization organization;
    organization.endpoint = std::move(endpoint);
    organization.credentials.bearer_token = base::Secret(token);
    config::Config config = small_config();
    const app::Surroundings surroundings{log_, std::make_shared<datadog::Commons>(ca_file), nullptr, clock_,
                                         [] { return 0.0; }};
    monitor_ = std::make_unique<app::OrganizationMonitor>(organization, config, surroundings, [] {});
}

std::uint64_t Monitored::failures(datadog::ErrorKind kind) const {
    return snapshot().statistics.failures[static_cast<std::size_t>(kind)];
}

}  // namespace exporter::faults

// What clients share, however many there are.
#pragma once

#include "datadog/tls.h"
#include "datadog/watchdog.h"

#include <string>

namespace exporter::datadog {

/// Whom they trust, as reading the system's certificates takes a megabyte and milliseconds each time; and the
/// thread that keeps their deadlines. Thread-safe.
struct Commons {
    /// @param ca_file PEM; empty: the system's roots
    explicit Commons(const std::string& ca_file) : trust(ca_file) {}

    const TlsContext trust;
    Watchdog watchdog;
};

}  // namespace exporter::datadog

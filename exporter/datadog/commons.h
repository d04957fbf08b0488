// What clients share, however many there are.
#pragma once

#include "datadog/answer_memory.h"
#include "datadog/tls.h"
#include "datadog/watchdog.h"

#include <memory>
#include <string>

namespace exporter::datadog {

/// Whom they trust, as reading the system's certificates takes a megabyte and milliseconds each time; the
/// thread that keeps their deadlines; and the memory that large answers take. Thread-safe.
struct Commons {
    /// @param ca_file PEM; empty: the system's roots
    explicit Commons(const std::string& ca_file) : trust(ca_file) {}

    const TlsContext trust;
    Watchdog watchdog;
    const std::shared_ptr<AnswerMemory> answers = std::make_shared<AnswerMemory>();
};

}  // namespace exporter::datadog

// What clients share, however many there are.
#pragma once

#include "datadog/answer_memory.h"
#include "datadog/tls.h"
#include "datadog/watchdog.h"

#include <memory>
#include <string>

namespace exporter::datadog {

/// The CA certificates, as reading the system's takes a megabyte and milliseconds each time; the thread that
/// keeps deadlines; and the memory that large answers share. Thread-safe.
struct Commons {
    /// @param ca_file PEM; empty: the system's roots
    explicit Commons(const std::string& ca_file) : trust(ca_file) {}

    const TlsContext trust;
    Watchdog watchdog;
    const std::shared_ptr<AnswerMemory> answers = std::make_shared<AnswerMemory>();
};

}  // namespace exporter::datadog

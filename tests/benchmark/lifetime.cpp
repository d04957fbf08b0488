#include "lifetime.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <ctime>

namespace exporter::comparison {
namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

}  // namespace

void hold_signals() {
    const auto signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

void serve_until_told(std::uint16_t port, std::chrono::seconds longest) {
    fmt::print("port {}\n", port);
    std::fflush(stdout);
    const auto signals = ending_signals();
    const timespec limit{longest.count(), 0};
    sigtimedwait(&signals, nullptr, &limit);
}

}  // namespace exporter::comparison

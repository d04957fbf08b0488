#include "datadog/wire.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace exporter::datadog {

void Wire::begin(std::chrono::milliseconds silence, std::chrono::steady_clock::time_point deadline) {
    silence_ = silence;
    deadline_ = deadline;
    silent_ = false;
}

bool Wire::wait_for(int socket, short events) {
    pollfd descriptor{socket, events, 0};
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
        const auto patience = std::clamp(left, std::chrono::milliseconds(0), silence_);
        const int ready =
            patience.count() > 0 ? ::poll(&descriptor, 1, static_cast<int>(patience.count())) : 0;
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        silent_ = ready <= 0;
        return ready > 0;
    }
}

}  // namespace exporter::datadog

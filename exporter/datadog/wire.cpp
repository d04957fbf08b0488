#include "datadog/wire.h"

#include <poll.h>
#include <sys/socket.h>

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

// MSG_DONTWAIT: room for a byte is what `poll` promises, and a blocking `send` waits until all have room.
ssize_t Wire::receive(int socket, char* target, std::size_t size) {
    while (wait_for(socket, POLLIN)) {
        const ssize_t received = ::recv(socket, target, size, MSG_DONTWAIT);
        if (received >= 0 || (errno != EINTR && errno != EAGAIN)) {
            return received;
        }
    }
    return -1;
}

ssize_t Wire::send(int socket, const char* bytes, std::size_t size) {
    for (;;) {  // There mostly is room, and `poll` costs as much as `send`.
        const ssize_t sent = ::send(socket, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        const bool is_full = sent < 0 && errno == EAGAIN;
        if (!(sent < 0 && errno == EINTR) && !(is_full && wait_for(socket, POLLOUT))) {
            return sent;
        }
    }
}

}  // namespace exporter::datadog

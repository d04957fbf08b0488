#include "demo/connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

namespace exporter::demo {
namespace {

bool is_accepted_on(int descriptor, std::uint16_t port) {
    sockaddr_in local{};
    socklen_t size = sizeof local;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
        return false;
    }
    return local.sin_family == AF_INET && local.sin_port == htons(port) &&
           local.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

void shut_down_if_accepted_on(int descriptor, std::uint16_t port) {
    if (!is_accepted_on(descriptor, port)) {
        return;
    }
    // The number may by now mean another file; a duplicate can't change under our hands.
    const int held = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    if (held < 0) {
        return;
    }
    if (is_accepted_on(held, port)) {
        ::shutdown(held, SHUT_RDWR);
    }
    ::close(held);
}

void shut_down_all(std::uint16_t port) {
    std::error_code error;
    std::filesystem::directory_iterator entry("/proc/self/fd", error);
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        int descriptor = -1;
        if (std::from_chars(name.data(), name.data() + name.size(), descriptor).ec == std::errc()) {
            shut_down_if_accepted_on(descriptor, port);
        }
    }
}

}  // namespace

void shut_down_connections(std::uint16_t port) noexcept {
    try {
        shut_down_all(port);
    } catch (const std::exception&) {  // no memory for a path: the connections end by their timeout
        return;
    }
}

}  // namespace exporter::demo

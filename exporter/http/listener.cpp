#include "http/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>

namespace exporter::http {
namespace {

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

std::error_code last_error() {
    return {errno, std::system_category()};
}

bool set_option(const Socket& socket, int level, int option, int value) {
    return ::setsockopt(socket.get(), level, option, &value, sizeof value) == 0;
}

tl::expected<Socket, std::error_code> open(const Endpoint& endpoint) {
    const int family = endpoint.address.ss_family;
    Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool is_listening =
        socket.is_open() &&
        // Without this, a restart would fail while connections of the previous run are in TIME_WAIT.
        set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1) &&
        // The unspecified address must also accept IPv4, whatever the system's default.
        (family != AF_INET6 || set_option(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0)) &&
        ::bind(socket.get(), endpoint.get(), endpoint.size) == 0 && ::listen(socket.get(), SOMAXCONN) == 0;
    if (!is_listening) {
        return tl::unexpected(last_error());
    }
    return socket;
}

/// The first address that the system finds for `host`, which may be an address itself.
tl::expected<Endpoint, std::error_code> resolve(const char* host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host, std::to_string(port).c_str(), &hints, &found); error != 0) {
        return tl::unexpected(error == EAI_SYSTEM ? last_error()
                                                  : std::make_error_code(std::errc::address_not_available));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Endpoint endpoint;
    std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
    endpoint.size = found->ai_addrlen;
    return endpoint;
}

tl::expected<Socket, std::error_code> open_tcp(const std::string& host, std::uint16_t port) {
    if (!host.empty()) {
        return resolve(host.c_str(), port).and_then(open);
    }
    // One socket for IPv6 and IPv4; only IPv4 if the kernel has no IPv6.
    return resolve("::", port).and_then(open).or_else([port](const std::error_code& reason) {
        return reason == std::errc::address_family_not_supported || reason == std::errc::address_not_available
                   ? resolve("0.0.0.0", port).and_then(open)
                   : tl::unexpected(reason);
    });
}

std::optional<std::pair<dev_t, ino_t>> socket_file_at(const std::string& path) {
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) {
        return std::nullopt;
    }
    return std::pair(file.st_dev, file.st_ino);
}

tl::expected<Socket, std::error_code> open_unix(const std::string& path) {
    Endpoint endpoint;
    auto& address = reinterpret_cast<sockaddr_un&>(endpoint.address);
    if (path.size() >= sizeof address.sun_path) {
        return tl::unexpected(std::make_error_code(std::errc::filename_too_long));
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    endpoint.size = sizeof address;
    // A terminated process may have left its socket file behind.
    const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket_file_at(path) && ::connect(probe.get(), endpoint.get(), endpoint.size) != 0 &&
        errno == ECONNREFUSED) {
        ::unlink(path.c_str());
    }
    return open(endpoint);
}

base::ListenAddress bound_address(const Socket& socket) {
    Endpoint endpoint;
    endpoint.size = sizeof endpoint.address;
    // It can't fail for a listening socket.
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&endpoint.address), &endpoint.size);
    if (endpoint.address.ss_family == AF_UNIX) {
        const auto& address = reinterpret_cast<const sockaddr_un&>(endpoint.address);
        const std::string_view path(address.sun_path, endpoint.size - offsetof(sockaddr_un, sun_path));
        const bool is_abstract = path.starts_with('\0');
        return {{}, 0, is_abstract ? fmt::format("@{}", path.substr(1)) : std::string(path.data())};
    }
    std::array<char, NI_MAXHOST> host{};
    ::getnameinfo(endpoint.get(), endpoint.size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
    const auto port = endpoint.address.ss_family == AF_INET6
                          ? reinterpret_cast<const sockaddr_in6&>(endpoint.address).sin6_port
                          : reinterpret_cast<const sockaddr_in&>(endpoint.address).sin_port;
    return {host.data(), ntohs(port), {}};
}

/// Kernel buffer for a client that does not read (the kernel doubles it, socket(7)). Without a limit, each
/// buffer grows to megabytes, which count towards the container's memory.
constexpr int send_buffer_bytes = 65536;

/// How many connections to accept before existing ones get their turn.
constexpr int accept_turn = 16;

/// @return not open on failure; errno says why
Socket accept_from(const Socket& listening, Peer& peer) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Socket socket(::accept4(listening.get(), reinterpret_cast<sockaddr*>(&address), &size,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    peer = peer_of(address);
    return socket;
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

std::string listen_error(const base::ListenAddress& address, const std::error_code& reason) {
    struct Help {
        std::errc reason;
        std::string_view text;
    };
    constexpr std::array<Help, 4> helps = {{
        {std::errc::permission_denied,
         "; a port below 1024 needs CAP_NET_BIND_SERVICE, and a Unix socket needs a directory that the "
         "server's user can write to"},
        {std::errc::address_in_use,
         "; another process (perhaps another exporter) is listening there, or the path is an existing file"},
        {std::errc::no_such_file_or_directory, "; the directory must exist"},
        {std::errc::address_not_available,
         "; no interface of this machine has that address, or the name does not resolve"},
    }};
    const auto help =
        std::find_if(helps.begin(), helps.end(), [&](const Help& row) { return reason == row.reason; });
    return fmt::format("cannot listen on {}: {}{}", base::listen_address_text(address), reason.message(),
                       help == helps.end() ? "" : help->text);
}

tl::expected<Listening, std::string> listen_on(const base::ListenAddress& address) {
    const std::string& path = address.unix_path;
    auto socket = path.empty() ? open_tcp(address.host, address.port) : open_unix(path);
    if (!socket) {
        return tl::unexpected(listen_error(address, socket.error()));
    }
    const auto bound = bound_address(*socket);
    return Listening{std::move(*socket), bound, path.empty() ? std::nullopt : socket_file_at(path)};
}

tl::expected<Listening, std::string> take_over(int descriptor) {
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof listens;
    const bool is_usable = ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
                           listens != 0 && ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
                           type == SOCK_STREAM && ::fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 &&
                           ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0;
    if (!is_usable) {
        return tl::unexpected(
            fmt::format("cannot take over file descriptor {} from systemd: it is not a listening socket; the "
                        ".socket unit needs ListenStream= and Accept=no",
                        descriptor));
    }
    Socket socket(descriptor);
    const auto bound = bound_address(socket);
    return Listening{std::move(socket), bound};
}

Listener::Listener(Listening listening, Service& service)
    : listening_(std::move(listening)), service_(service) {
    resume();
}

Listener::~Listener() {
    // Must come first: while the socket is open, no other file can have its inode number.
    if (listening_.file && listening_.file == socket_file_at(listening_.address.unix_path)) {
        ::unlink(listening_.address.unix_path.c_str());
    }
    service_.loop->leave(listening_.socket.get(), *this);
}

void Listener::resume() {
    service_.loop->wait(listening_.socket.get(), Progress::want_read, *this);
}

void Listener::ready() {
    for (int accepted = 0; accepted < accept_turn; ++accepted) {
        Peer peer;
        Socket socket = accept_from(listening_.socket, peer);
        // Idle connections that use up all file descriptors must not block a scrape. Only for the first
        // accept: it reports EMFILE even when no client is waiting.
        if (!socket.is_open() && is_shortage(errno) && accepted == 0 &&
            (service_.roster.close_longest_waiting() || service_.crowd.close_longest_waiting())) {
            socket = accept_from(listening_.socket, peer);
        }
        if (!socket.is_open() && is_shortage(errno) && accepted == 0) {
            // The server calls `resume` later, when other connections have had time to close. Here the socket
            // would be ready again immediately.
            return;
        }
        if (!socket.is_open()) {
            break;
        }
        admit(std::move(socket), peer);
    }
    resume();
}

void Listener::admit(Socket socket, const Peer& peer) {
    const auto refusal = service_.roster.admit(peer);
    if (refusal && service_.overflow.admit({})) {
        return;  // closes the socket
    }
    // Responses are written whole: waiting to fill a segment would only delay their last bytes. Fails on a
    // Unix socket.
    (void)set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    (void)set_option(socket, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
    try {
        begin_session(std::move(socket), peer, service_, refusal);
    } catch (const std::bad_alloc&) {
        // This connection is lost; accepting continues.
    }
}

}  // namespace exporter::http

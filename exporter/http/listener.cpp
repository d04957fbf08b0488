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

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace exporter::http {
namespace {

constexpr std::uint16_t first_unprivileged_port = 1024;

struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

std::error_code last_error() {
    return {errno, std::system_category()};
}

const std::error_category& resolver_category() {
    static const class final : public std::error_category {
        [[nodiscard]] const char* name() const noexcept override { return "resolver"; }
        [[nodiscard]] std::string message(int code) const override { return ::gai_strerror(code); }
    } category;
    return category;
}

std::string text_of(const base::ListenAddress& address) {
    if (!address.unix_path.empty()) {
        return fmt::format("unix:{}", address.unix_path);
    }
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return is_ipv6 ? fmt::format("[{}]:{}", address.host, address.port)
                   : fmt::format("{}:{}", address.host, address.port);
}

std::string explain_unix(const std::error_code& reason) {
    if (reason == std::errc::address_in_use) {
        return "address already in use; another process (perhaps another exporter) listens there, or the "
               "file is no "
               "socket";
    }
    if (reason == std::errc::permission_denied) {
        return "permission denied; the directory must be writable for the exporter's user";
    }
    if (reason == std::errc::no_such_file_or_directory) {
        return "no such directory; it must exist and be writable for the exporter's user";
    }
    return reason.message();
}

std::string explain(const base::ListenAddress& address, const std::error_code& reason) {
    if (!address.unix_path.empty()) {
        return explain_unix(reason);
    }
    if (reason == std::errc::permission_denied && address.port < first_unprivileged_port) {
        return "permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, choose another with "
               "--web.listen-address";
    }
    if (reason == std::errc::permission_denied) {
        return "permission denied; choose another port with --web.listen-address";
    }
    if (reason == std::errc::address_in_use) {
        return "address already in use; another process (perhaps another exporter) listens there";
    }
    if (reason.category() == resolver_category()) {
        return fmt::format("the name can't be found ({}); write an address with --web.listen-address",
                           reason.message());
    }
    if (reason == std::errc::address_not_available) {
        return "no interface of this machine has that address; choose another with --web.listen-address";
    }
    return reason.message();
}

bool switch_on(const Socket& socket, int level, int option) {
    const int on = 1;
    return ::setsockopt(socket.get(), level, option, &on, sizeof on) == 0;
}

tl::expected<Socket, std::error_code> open(const Endpoint& endpoint) {
    const int family = endpoint.address.ss_family;
    Socket socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(endpoint.address);
    const int off = 0;
    const bool is_open =
        socket.get() >= 0 &&
        // Without it a restart would fail while connections of the previous run are in TIME_WAIT.
        (family == AF_UNIX || switch_on(socket, SOL_SOCKET, SO_REUSEADDR)) &&
        (family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&ipv6.sin6_addr) ||
         ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0) &&
        ::bind(socket.get(), endpoint.get(), endpoint.size) == 0 && ::listen(socket.get(), SOMAXCONN) == 0;
    if (!is_open) {
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
                                                  : std::error_code(error, resolver_category()));
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Endpoint endpoint;
    std::memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
    endpoint.size = found->ai_addrlen;
    return endpoint;
}

/// One socket for IPv6 and IPv4; for IPv4 alone where the kernel has no IPv6.
tl::expected<Socket, std::error_code> open_for_all(std::uint16_t port) {
    Endpoint both;
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(both.address);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_addr = in6addr_any;
    ipv6.sin6_port = htons(port);
    both.size = sizeof ipv6;
    auto socket = open(both);
    if (!socket && (socket.error() == std::errc::address_family_not_supported ||
                    socket.error() == std::errc::address_not_available)) {
        return resolve("0.0.0.0", port).and_then(open);
    }
    return socket;
}

tl::expected<Endpoint, std::error_code> unix_endpoint(const std::string& path) {
    Endpoint endpoint;
    auto& address = reinterpret_cast<sockaddr_un&>(endpoint.address);
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return tl::unexpected(std::make_error_code(std::errc::filename_too_long));
    }
    path.copy(address.sun_path, path.size());
    endpoint.size = sizeof address;
    return endpoint;
}

/// Whether `path` is the socket of a process that has gone without removing it.
bool is_left_over(const std::string& path, const Endpoint& endpoint) {
    struct stat file{};
    if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) {
        return false;
    }
    const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return probe.is_open() && ::connect(probe.get(), endpoint.get(), endpoint.size) != 0 &&
           errno == ECONNREFUSED;
}

tl::expected<Socket, std::error_code> open_unix(const std::string& path) {
    const auto endpoint = unix_endpoint(path);
    if (!endpoint) {
        return tl::unexpected(endpoint.error());
    }
    if (is_left_over(path, *endpoint)) {
        ::unlink(path.c_str());
    }
    return open(*endpoint);
}

/// How long to wait after an accept failed for lack of something, such as file descriptors.
constexpr std::chrono::milliseconds accept_back_off{100};

/// What the kernel may keep for a client that does not read (it takes twice as much, socket(7)). Without a
/// bound it grows to megabytes each, which count as the container's memory.
constexpr int send_buffer_bytes = 65536;

/// How many connections are accepted before those there are have their turn.
constexpr int accept_turn = 16;

struct Accepted {
    Socket socket;  ///< not open: none, errno says why
    std::optional<Peer> peer;
};

Accepted accept_from(int listening) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    const int socket =
        ::accept4(listening, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return {Socket(socket), socket < 0 ? std::nullopt : peer_of(address)};
}

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/// The connection ended before it could be accepted.
bool has_gone(int error) {
    return error == EAGAIN || error == ECONNABORTED || error == EPROTO || error == EINTR;
}

void prepare(const Socket& socket) {
    // Responses are written whole: waiting to fill a segment could only delay their ends. Fails on a Unix
    // socket.
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof send_buffer_bytes);
}

std::optional<unsigned> refusal_for(Roster::Admission admission) {
    switch (admission) {
        case Roster::Admission::too_many:
            return 503;
        case Roster::Admission::too_many_of_peer:
            return 429;
        case Roster::Admission::welcome:
            break;
    }
    return std::nullopt;
}

}  // namespace

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
    struct stat file{};
    if (::lstat(path_.c_str(), &file) == 0) {
        device_ = file.st_dev;
        inode_ = file.st_ino;
    }
}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, {})), device_(other.device_), inode_(other.inode_) {}

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(device_, other.device_);
    std::swap(inode_, other.inode_);
    return *this;
}

SocketFile::~SocketFile() {
    struct stat file{};
    if (!path_.empty() && ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ &&
        file.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

std::string listen_error(const base::ListenAddress& address, const std::error_code& reason) {
    return fmt::format("cannot listen on {}: {}", text_of(address), explain(address, reason));
}

tl::expected<Listening, std::string> listen_on(const base::ListenAddress& address) {
    const auto explained = [&address](const std::error_code& error) { return listen_error(address, error); };
    const auto listening = [&address](Socket socket) {
        return Listening{std::move(socket),
                         address.unix_path.empty() ? SocketFile() : SocketFile(address.unix_path)};
    };
    if (!address.unix_path.empty()) {
        return open_unix(address.unix_path).map(listening).map_error(explained);
    }
    if (address.host.empty()) {
        return open_for_all(address.port).map(listening).map_error(explained);
    }
    return resolve(address.host.c_str(), address.port).and_then(open).map(listening).map_error(explained);
}

tl::expected<Listening, std::string> take_over(int descriptor) {
    int listens = 0;
    int type = 0;
    socklen_t size = sizeof listens;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
        ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
        return tl::unexpected(
            fmt::format("cannot take over file descriptor {} from systemd: it is no listening socket; the "
                        ".socket unit needs "
                        "ListenStream= and Accept=no",
                        descriptor));
    }
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK) != 0) {
        return tl::unexpected(fmt::format("cannot take over file descriptor {} from systemd: {}", descriptor,
                                          last_error().message()));
    }
    return Listening{Socket(descriptor), {}};
}

base::ListenAddress bound_address(const Socket& socket) {
    Endpoint endpoint;
    endpoint.size = sizeof endpoint.address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&endpoint.address), &endpoint.size) != 0) {
        return {};
    }
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

Listener::Listener(Listening&& listening, Service& service)
    : service_(service),
      address_(bound_address(listening.socket)),
      socket_(std::move(listening.socket)),
      file_(std::move(listening.file)) {
    if (!service_.loop->enter(socket_.get(), *this)) {
        throw std::system_error(errno, std::system_category(), "epoll_ctl");
    }
}

Listener::Time Listener::resume(Time now) {
    if (!socket_.is_open() || awaiting_) {
        return Time::max();
    }
    if (now < backs_off_until_) {
        return backs_off_until_;
    }
    await_connection();
    return Time::max();
}

void Listener::stop() {
    if (!socket_.is_open()) {
        return;
    }
    // First: while the socket is open, no other file can have its number.
    file_ = {};
    service_.loop->leave(socket_.get(), *this);
    socket_ = Socket();
}

void Listener::await_connection() {
    service_.loop->wait(socket_.get(), Progress::want_read, *this);
    awaiting_ = true;
}

void Listener::ready() {
    awaiting_ = false;
    if (accept_some()) {
        await_connection();
    } else {
        backs_off_until_ = std::chrono::steady_clock::now() + accept_back_off;
    }
}

/// False: there is a lack of something, such as file descriptors. The kernel looks for a free one before it
/// looks for a connection, so accepting fails even when no client is waiting.
bool Listener::accept_some() {
    auto next = accept_from(socket_.get());
    // Whoever idles on all file descriptors must not keep a scrape out.
    if (!next.socket.is_open() && is_shortage(errno) &&
        (service_.roster.close_longest_waiting() || service_.crowd->close_longest_waiting())) {
        next = accept_from(socket_.get());
    }
    if (!next.socket.is_open()) {
        return has_gone(errno);
    }
    for (int accepted = 1; next.socket.is_open(); ++accepted) {
        admit(std::move(next.socket), next.peer);
        next = accepted < accept_turn ? accept_from(socket_.get()) : Accepted{};
    }
    return true;
}

void Listener::admit(Socket socket, const std::optional<Peer>& peer) {
    const auto refusal = refusal_for(service_.roster.admit(peer));
    if (refusal && service_.overflow.admit(std::nullopt) != Roster::Admission::welcome) {
        return;  // the socket closes
    }
    prepare(socket);
    try {
        std::make_shared<Session>(std::move(socket), peer, service_, refusal)->start();
    } catch (const std::bad_alloc&) {
        // This connection is lost; accepting goes on.
    }
}

}  // namespace exporter::http

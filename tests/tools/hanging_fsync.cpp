#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace {

/// As with a disk that does not answer, or NFS whose server is away, the thread hangs in the kernel, handles
/// no signal and ends with the process alone, because of a child that never ends. Whoever waits for the hang
/// waits for the child.
void hang() {
    const pid_t parent = ::getpid();
    if (::vfork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (::getppid() == parent) {  // No signal comes if it has ended already.
            ::pause();
        }
        ::_exit(0);
    }
}

}  // namespace

extern "C" int fsync(int /*descriptor*/) {
    hang();
    return 0;
}

/// Of the name in HANGING_NAME.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    const char* const hanging = std::getenv("HANGING_NAME");
    if (hanging != nullptr && name != nullptr && std::string_view(name) == hanging) {
        hang();
    }
    const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return next(name, service, hints, found);
}

/// With HANGING_FSYNC_NAMED, as on a file system that knows no files without a name: those get none later.
extern "C" int access(const char* path, int mode) noexcept {
    if (std::getenv("HANGING_FSYNC_NAMED") != nullptr &&
        std::string_view(path).starts_with("/proc/self/fd/")) {
        errno = ENOENT;
        return -1;
    }
    return ::faccessat(AT_FDCWD, path, mode, 0);
}

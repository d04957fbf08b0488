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

/// Hangs the thread in the kernel, as an unresponsive disk or NFS server would: it handles no signals and
/// ends only with the process. It hangs in vfork(), because the child never exits. Tests detect the hang by
/// that child.
void hang() {
    const pid_t parent = ::getpid();
    if (::vfork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (::getppid() == parent) {  // The parent may have exited before prctl(), so no signal arrives.
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

/// Hangs for the host name in HANGING_NAME.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    const char* const hanging = std::getenv("HANGING_NAME");
    if (hanging != nullptr && name != nullptr && std::string_view(name) == hanging) {
        hang();
    }
    const auto next = reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return next(name, service, hints, found);
}

/// With HANGING_FSYNC_NAMED, as on a file system without O_TMPFILE support, where temporary files need a name
/// from the start.
extern "C" int access(const char* path, int mode) noexcept {
    if (std::getenv("HANGING_FSYNC_NAMED") != nullptr &&
        std::string_view(path).starts_with("/proc/self/fd/")) {
        errno = ENOENT;
        return -1;
    }
    return ::faccessat(AT_FDCWD, path, mode, 0);
}

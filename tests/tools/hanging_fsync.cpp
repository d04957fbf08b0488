#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <string>
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

/// The function that this library replaces.
template <typename Function>
Function* original(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// Hangs for the file in HANGING_OPEN once another one with `.hangs` behind its name exists.
void hang_if_asked(const char* path) {
    const char* const hanging = std::getenv("HANGING_OPEN");
    if (hanging != nullptr && std::string_view(path) == hanging &&
        ::faccessat(AT_FDCWD, (std::string(path) + ".hangs").c_str(), F_OK, 0) == 0) {
        hang();
    }
}

}  // namespace

/// With HANGING_OPEN only the file of that name hangs.
extern "C" int fsync(int descriptor) {
    if (std::getenv("HANGING_OPEN") != nullptr) {
        return original<int(int)>("fsync")(descriptor);
    }
    hang();
    return 0;
}

extern "C" int open(const char* path, int flags, ...) {
    hang_if_asked(path);
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode =
        (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return ::openat(AT_FDCWD, path, flags, mode);
}

/// Called instead by fortified code whose flags are not constant.
extern "C" int __open_2(const char* path, int flags);   // NOLINT(bugprone-reserved-identifier): glibc's name
extern "C" int __open_2(const char* path, int flags) {  // NOLINT(bugprone-reserved-identifier)
    hang_if_asked(path);
    return ::openat(AT_FDCWD, path, flags);
}

/// Hangs for the host name in HANGING_NAME.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    const char* const hanging = std::getenv("HANGING_NAME");
    if (hanging != nullptr && name != nullptr && std::string_view(name) == hanging) {
        hang();
    }
    return original<decltype(getaddrinfo)>("getaddrinfo")(name, service, hints, found);
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

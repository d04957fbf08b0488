#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

/// Of a disk that does not answer, as NFS whose server is away: a write to it can't be cut short. As there,
/// the thread hangs in the kernel, handles no signal and ends with the process alone, because of a child that
/// never ends. Who waits for the hang waits for the child.
extern "C" int fsync(int /*descriptor*/) {
    if (::vfork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            ::pause();
        }
    }
    return 0;
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

// run_measured OUTPUT PROGRAM [ARGUMENT...]: runs a program to its end with its standard output written to
// the file OUTPUT, and prints its resource use as a line of JSON. This is a separate, small program because
// the kernel's peak RSS for a child starts at that of its parent, and a script's is larger than that of some
// measured programs.
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

/// Runs in the child. Returns only on failure.
void become(const char* output, char** command) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // The measuring process may be killed half-way.
    const int file = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file >= 0 && dup2(file, STDOUT_FILENO) >= 0) {
        execvp(command[0], command);
    }
    std::perror(command[0]);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("run_measured OUTPUT PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto start = std::chrono::steady_clock::now();
    const pid_t child = fork();
    if (child == 0) {
        become(argv[1], argv + 2);
        _exit(127);
    }
    int status = 0;
    rusage usage{};
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        std::perror("run_measured");
        return 1;
    }
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
    std::printf(
        R"({"status":%d,"wall_seconds":%.6f,"user_seconds":%.6f,"system_seconds":%.6f,"peak_rss_bytes":%lld})"
        "\n",
        WIFEXITED(status) ? WEXITSTATUS(status) : -1, wall.count(), seconds(usage.ru_utime),
        seconds(usage.ru_stime), static_cast<long long>(usage.ru_maxrss) * 1024);
    return 0;
}

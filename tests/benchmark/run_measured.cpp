// run_measured OUTPUT PROGRAM [ARGUMENT...]: runs a program to its end, its standard output in the file
// OUTPUT, and prints as a line of JSON what it took. A program of its own, and a small one: the peak of a
// child's memory that the kernel tells begins with that of whoever started it, which for a script is more
// than some of what is measured.
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

/// In the child. Returns only when it can't.
void become(const char* output, char** command) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // Whoever measures may be ended half-way.
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

#include "app/secrecy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

namespace exporter::app {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A block of variables as the kernel hands it over.
class EnvironmentBlock {
  public:
    char** pointer() { return pointers_.data(); }
    [[nodiscard]] std::string bytes() const {
        std::string all;
        for (const auto& entry : entries_) {
            all += entry;
        }
        return all;
    }

  private:
    std::array<std::string, 5> entries_ = {"DD_API_KEY=needle-1", "PATH=/bin:/usr/bin", "not a variable",
                                           "https_proxy=http://user:needle-2@proxy", "DD_SITE=datadoghq.eu"};
    std::array<char*, 6> pointers_ = {entries_[0].data(), entries_[1].data(), entries_[2].data(),
                                      entries_[3].data(), entries_[4].data(), nullptr};
};

TEST(TakenEnvironment, HoldsAllVariables) {
    EnvironmentBlock block;

    const auto environment = take_environment(block.pointer());

    EXPECT_THAT(environment,
                testing::UnorderedElementsAre(testing::Pair("DD_API_KEY", "needle-1"),
                                              testing::Pair("PATH", "/bin:/usr/bin"),
                                              testing::Pair("https_proxy", "http://user:needle-2@proxy"),
                                              testing::Pair("DD_SITE", "datadoghq.eu")));
}

TEST(TakenEnvironment, LeavesNoCredentialBehindAndAllElseAsItWas) {
    EnvironmentBlock block;

    (void)take_environment(block.pointer());

    EXPECT_THAT(block.bytes(), Not(HasSubstr("needle")));
    EXPECT_THAT(block.bytes(), HasSubstr("PATH=/bin:/usr/bin"));
    EXPECT_THAT(block.bytes(), HasSubstr("DD_SITE=datadoghq.eu"));
}

TEST(WipedEnvironment, LosesItsCredentialsAlone) {
    config::Environment environment = {{"DD_BEARER_TOKEN", "needle"}, {"DD_SITE", "datadoghq.eu"}};

    wipe_credentials(environment);

    EXPECT_EQ(environment.at("DD_BEARER_TOKEN"), "");
    EXPECT_EQ(environment.at("DD_SITE"), "datadoghq.eu");
}

TEST(CoreDumps, AreForbidden) {
    forbid_core_dumps();

    EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    EXPECT_EQ(limit.rlim_max, 0U);
}

/// Who owns the files of a process that runs `prepare` as an ordinary user, under /proc. The kernel gives
/// them to root where nobody else may look into the process.
uid_t owner_of_process_files(void (*prepare)()) {
    constexpr uid_t ordinary_user = 65534;
    std::array<int, 2> ready{};
    std::array<int, 2> done{};
    if (::pipe(ready.data()) != 0 || ::pipe(done.data()) != 0) {
        throw std::runtime_error("pipe");
    }
    const pid_t child = ::fork();
    if (child == 0) {
        if (::geteuid() == 0 && ::setuid(ordinary_user) != 0) {
            ::_exit(1);
        }
        // Becoming somebody else has made it unreadable already; as if it had been that user's from the
        // start.
        ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        prepare();
        char byte = 0;
        const bool told = ::write(ready[1], &byte, 1) == 1;
        ::close(done[1]);
        ::_exit(told && ::read(done[0], &byte, 1) >= 0 ? 0 : 1);
    }
    ::close(ready[1]);
    char byte = 0;
    struct stat status{};
    const std::string path = "/proc/" + std::to_string(child) + "/environ";
    const bool found = ::read(ready[0], &byte, 1) == 1 && ::stat(path.c_str(), &status) == 0;
    for (const int descriptor : {ready[0], done[0], done[1]}) {
        ::close(descriptor);
    }
    ::waitpid(child, nullptr, 0);
    if (!found) {
        throw std::runtime_error(path);
    }
    return status.st_uid;
}

TEST(ProcessFiles, BelongToRootSoThatNobodyOfTheSameUserCanLookIntoTheProcess) {
    EXPECT_NE(owner_of_process_files([] {}), 0U);
    EXPECT_EQ(owner_of_process_files(forbid_core_dumps), 0U);
}

}  // namespace
}  // namespace exporter::app

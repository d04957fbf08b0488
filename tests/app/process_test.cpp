#include "app/process.h"

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

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

/// An environment block as the kernel passes it.
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

TEST(TakenEnvironment, WipesOnlyTheCredentials) {
    EnvironmentBlock block;

    (void)take_environment(block.pointer());

    EXPECT_THAT(block.bytes(), Not(HasSubstr("needle")));
    EXPECT_THAT(block.bytes(), HasSubstr("PATH=/bin:/usr/bin"));
    EXPECT_THAT(block.bytes(), HasSubstr("DD_SITE=datadoghq.eu"));
}

TEST(WipedEnvironment, LosesOnlyItsCredentials) {
    config::Environment environment = {{"DD_BEARER_TOKEN", "needle"}, {"DD_SITE", "datadoghq.eu"}};

    wipe_credentials(environment);

    EXPECT_EQ(environment.at("DD_BEARER_TOKEN"), "");
    EXPECT_EQ(environment.at("DD_SITE"), "datadoghq.eu");
}

TEST(SealedEnvironment, OpensUnchangedAndWipesTheOriginalsCredentials) {
    const config::Environment before = {{"DD_API_KEY", "needle"}, {"PATH", "/bin"}, {"DD_APP_KEY", ""}};
    config::Environment environment = before;

    const SealedEnvironment sealed(environment);

    EXPECT_EQ(sealed.open(), before);
    EXPECT_EQ(environment.at("DD_API_KEY"), "");
    EXPECT_EQ(environment.at("PATH"), "/bin");
}

TEST(CoreDumps, AreForbidden) {
    forbid_core_dumps();

    EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    rlimit limit{};
    ::getrlimit(RLIMIT_CORE, &limit);
    EXPECT_EQ(limit.rlim_max, 0U);
}

/// The owner of the /proc files of a process that runs `prepare` as an unprivileged user. The kernel makes
/// root the owner if other processes must not read this process's memory.
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
        // setuid() has already made it non-dumpable. Undo that, as if it had started as that user.
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

TEST(ProcessFiles, BelongToRootToKeepTheSameUserOut) {
    EXPECT_NE(owner_of_process_files([] {}), 0U);
    EXPECT_EQ(owner_of_process_files(forbid_core_dumps), 0U);
}

struct DescriptorsCase {
    const char* name;
    std::uint64_t open_files;
    std::size_t connections;
    std::size_t of_an_address;
    std::size_t scrapes;
};

class WithinDescriptors : public ::testing::TestWithParam<DescriptorsCase> {};

TEST_P(WithinDescriptors, LimitsFollowWhatTheProcessMayHaveOpen) {
    const config::Web wanted{.max_connections = 1024, .max_connections_per_address = 256, .max_scrapes = 64};

    const config::Web affordable = within_descriptors(wanted, GetParam().open_files);

    EXPECT_EQ(affordable.max_connections, GetParam().connections);
    EXPECT_EQ(affordable.max_connections_per_address, GetParam().of_an_address);
    EXPECT_EQ(affordable.max_scrapes, GetParam().scrapes);
}

INSTANTIATE_TEST_SUITE_P(App, WithinDescriptors,
                         ::testing::Values(DescriptorsCase{"Unlimited", UINT64_MAX, 1024, 256, 64},
                                           DescriptorsCase{"JustEnough", 1224, 1024, 256, 64},
                                           DescriptorsCase{"OneTooFew", 1223, 1023, 256, 64},
                                           DescriptorsCase{"UsualSoftLimit", 1024, 824, 256, 64},
                                           DescriptorsCase{"LessThanTwiceTheReserve", 400, 200, 200, 64},
                                           DescriptorsCase{"AFew", 64, 32, 32, 16},
                                           DescriptorsCase{"None", 0, 1, 1, 1}),
                         [](const auto& test) { return std::string(test.param.name); });

constexpr pid_t this_process = 4711;

TEST(InheritedSockets, BeginAtDescriptorThree) {
    const auto sockets = inherited_sockets({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "2"}}, this_process);
    ASSERT_TRUE(sockets) << sockets.error();
    EXPECT_THAT(*sockets, ElementsAre(3, 4));
}

TEST(InheritedSockets, AreRejectedIfForeignOrMissing) {
    const config::Environment without[] = {{},
                                           {{"LISTEN_FDS", "1"}},
                                           {{"LISTEN_PID", "4711"}},
                                           {{"LISTEN_PID", "4712"}, {"LISTEN_FDS", "1"}},
                                           {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "0"}},
                                           {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "-1"}},
                                           {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "1x"}},
                                           {{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "99999999999"}}};
    for (const auto& environment : without) {
        const auto sockets = inherited_sockets(environment, this_process);
        ASSERT_FALSE(sockets);
        EXPECT_THAT(sockets.error(), HasSubstr("start it through its .socket unit"));
    }
}

constexpr std::uint64_t little = 1 << 20;
constexpr std::uint64_t much = 5 << 20;

class TestClock final : public scan::Clock {
  public:
    base::Timestamp now() override { return {}; }
    scan::SteadyTime steady_now() override { return steady; }
    bool wait_until(scan::SteadyTime /*moment*/, std::stop_token /*stop*/) override { return false; }

    scan::SteadyTime steady;
};

class ReturnOfMemory : public testing::Test {
  protected:
    TestClock clock_;
    int times_ = 0;
    MemoryReturn memory_{clock_, [this] { ++times_; }};
};

TEST_F(ReturnOfMemory, FollowsOnlyALargePoll) {
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 0);
    memory_.poll_ended(much);
    EXPECT_EQ(times_, 1);
}

TEST_F(ReturnOfMemory, HappensAtMostOnceInThirtySeconds) {
    for (int second = 0; second < 60; ++second) {
        memory_.poll_ended(much);
        clock_.steady += seconds(1);
    }
    EXPECT_EQ(times_, 2);
}

TEST_F(ReturnOfMemory, IsDeferredToALaterPoll) {
    memory_.poll_ended(much);
    memory_.poll_ended(much);
    clock_.steady += seconds(30);
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 2);
    clock_.steady += seconds(30);
    memory_.poll_ended(little);
    EXPECT_EQ(times_, 2);
}

}  // namespace
}  // namespace exporter::app

#include "app/secrecy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <array>
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

}  // namespace
}  // namespace exporter::app

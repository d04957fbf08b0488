#include "app/inherited_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace exporter::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr pid_t this_process = 4711;

TEST(InheritedSockets, BeginAtDescriptorThree) {
    const auto sockets = inherited_sockets({{"LISTEN_PID", "4711"}, {"LISTEN_FDS", "2"}}, this_process);
    ASSERT_TRUE(sockets) << sockets.error();
    EXPECT_THAT(*sockets, ElementsAre(3, 4));
}

TEST(InheritedSockets, AreMissedWhenTheyAreSomebodyElsesOrNone) {
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

}  // namespace
}  // namespace exporter::app

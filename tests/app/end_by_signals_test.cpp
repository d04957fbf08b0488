// The end of a mode that does one thing, such as `--once`.
#include "app/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace exporter::app {
namespace {

void say_clean_up() {
    std::fputs("cleaned up\n", stderr);
}

void hang() {
    for (;;) {
        ::pause();
    }
}

TEST(EndBySignalsDeathTest, IsBySignalOnceAllIsCleanedUp) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        EXPECT_EXIT(
            {
                end_by_signals(say_clean_up);
                ::kill(::getpid(), signal);
                hang();
            },
            testing::KilledBySignal(signal), "cleaned up");
    }
}

TEST(EndBySignalsDeathTest, HappensEvenIfTheCleanUpHangs) {
    EXPECT_EXIT(
        {
            end_by_signals(hang);
            ::kill(::getpid(), SIGTERM);
            hang();
        },
        testing::KilledBySignal(SIGALRM), "");
}

TEST(EndBySignalsDeathTest, IsNotByASignalThatTheParentHasIgnored) {
    EXPECT_EXIT(
        {
            std::signal(SIGHUP, SIG_IGN);
            end_by_signals(say_clean_up);
            ::kill(::getpid(), SIGHUP);
            ::kill(::getpid(), SIGTERM);
            hang();
        },
        testing::KilledBySignal(SIGTERM), "cleaned up");
}

}  // namespace
}  // namespace exporter::app

// How signals end a one-shot mode such as `--once`.
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

TEST(EndBySignalsDeathTest, DiesBySignalAfterCleanup) {
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

TEST(EndBySignalsDeathTest, DiesEvenIfCleanupHangs) {
    EXPECT_EXIT(
        {
            end_by_signals(hang);
            ::kill(::getpid(), SIGTERM);
            hang();
        },
        testing::KilledBySignal(SIGALRM), "");
}

TEST(EndBySignalsDeathTest, IgnoresASignalTheParentIgnored) {
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

#include "metrics/process.h"

#include "metrics/collectables.h"
#include "metrics/samples.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

/// `/proc/<pid>/stat` of a program of that name: utime 14, stime 15, starttime 22, vsize 23, rss 24, as the
/// fields' numbers.
std::string stat_of(const std::string& name) {
    return "1 (" + name + ") S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28\n";
}

constexpr ProcessStat by_number = {14 + 15, 22, 23, 24};

struct StatCase {
    const char* name;
    std::string text;
    std::optional<ProcessStat> expected;
};

class ProcessStatText : public ::testing::TestWithParam<StatCase> {};

TEST_P(ProcessStatText, IsReadAsDocumented) {
    EXPECT_EQ(parse_process_stat(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ProcessStatText,
    ::testing::Values(
        StatCase{"PlainName", stat_of("exporter"), by_number}, StatCase{"EmptyName", stat_of(""), by_number},
        StatCase{"NameWithBlanks", stat_of("a b c"), by_number},
        StatCase{"NameWithParentheses", stat_of("(x) y)"), by_number},
        StatCase{"NameThatLooksLikeFields", stat_of("x) R 1 2 3 (y"), by_number},
        StatCase{"NameWithALineBreak", stat_of("x\ny"), by_number},
        StatCase{"LargestNumbers",
                 "1 (x) S -1 5 6 7 8 9 10 11 12 13 0 0 16 17 18 -19 20 21 18446744073709551615 "
                 "18446744073709551615 "
                 "18446744073709551615",
                 ProcessStat{0, UINT64_MAX, UINT64_MAX, UINT64_MAX}},
        StatCase{
            "LinuxOfToday",
            "15547 (cat) R 15545 15545 14088 0 -1 4194304 100 0 0 0 3 4 0 0 20 0 1 0 154174 3133440 383 "
            "18446744073709551615 94718514974720 94718514994601 140731268492592 0 0 0 0 0 0 0 0 0 17 1 0 0 0 "
            "0 0 "
            "94718515010608 94718515012224 94719582679040 140731268500160 140731268500180 140731268500180 "
            "140731268501483 0\n",
            ProcessStat{7, 154174, 3133440, 383}},
        StatCase{"Empty", "", std::nullopt}, StatCase{"NoName", "1 2 3", std::nullopt},
        StatCase{"NothingAfterTheName", "1 (x)", std::nullopt},
        StatCase{"CutBeforeTheLastField", "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23",
                 std::nullopt},
        StatCase{"NotANumber", "1 (x) S 4 5 6 7 8 9 10 11 12 13 14x 15 16 17 18 19 20 21 22 23 24",
                 std::nullopt},
        StatCase{"Negative", "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 -24",
                 std::nullopt},
        StatCase{"TooLarge",
                 "1 (x) S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 18446744073709551616 24",
                 std::nullopt}),
    [](const auto& test) { return std::string(test.param.name); });

struct BootCase {
    const char* name;
    const char* text;
    std::optional<std::uint64_t> expected;
};

class BootTimeText : public ::testing::TestWithParam<BootCase> {};

TEST_P(BootTimeText, IsTheLineCalledBtime) {
    EXPECT_EQ(parse_boot_time(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(Cases, BootTimeText,
                         ::testing::Values(BootCase{"AmongOthers",
                                                    "cpu  1 2 3\nintr 5 6\nbtime 1795472268\nprocesses 7\n",
                                                    1795472268},
                                           BootCase{"LastLineWithoutAnEnd", "cpu 1\nbtime 5", 5},
                                           BootCase{"NotWithinALine", "intr btime 5\n", std::nullopt},
                                           BootCase{"NotALongerName", "btimes 5\n", std::nullopt},
                                           BootCase{"WithoutANumber", "btime\nctxt 5\n", std::nullopt},
                                           BootCase{"Empty", "", std::nullopt}),
                         [](const auto& test) { return std::string(test.param.name); });

double collected(const char* name) {
    const auto families = ExporterCollectable(samples::exporter_status).Collect();
    const std::optional<double> value = samples::value(families, name, {});
    EXPECT_TRUE(value.has_value()) << name;
    return value.value_or(-1);
}

TEST(LogLines, ThatWereDroppedAreOneCounter) {
    EXPECT_EQ(collected("datadog_access_token_exporter_log_lines_dropped_total"), 3);
}

TEST(Process, PublishesTheStandardFamilies) {
    std::vector<std::string> names;
    for (const auto& family : ExporterCollectable(samples::exporter_status).Collect()) {
        if (family.name.starts_with("process_")) {
            names.push_back(family.name);
        }
    }
    EXPECT_EQ(names,
              (std::vector<std::string>{"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                                        "process_virtual_memory_bytes", "process_resident_memory_bytes",
                                        "process_start_time_seconds"}));
}

TEST(Process, WhatCannotBeReadIsNotPublished) {
    ExporterStatus status = samples::exporter_status();
    status.process = {.open_fds = 7};
    const auto families = ExporterCollectable([&] { return status; }).Collect();
    EXPECT_EQ(samples::value(families, "process_open_fds", {}), 7);
    EXPECT_EQ(samples::find(families, "process_cpu_seconds_total"), nullptr);
    EXPECT_EQ(samples::find(families, "process_start_time_seconds"), nullptr);
}

TEST(Process, CountsDescriptorsWithoutTheOneThatCounts) {
    std::size_t open = 0;
    for (int fd = 0; fd < 1024; ++fd) {
        open += ::fcntl(fd, F_GETFD) != -1 ? 1U : 0U;
    }
    EXPECT_EQ(collected("process_open_fds"), static_cast<double>(open));
    const std::ifstream one_more("/proc/self/stat");
    EXPECT_EQ(collected("process_open_fds"), static_cast<double>(open + 1));
}

TEST(Process, BothWaysOfCountingDescriptorsAgree) {
    std::vector<std::ifstream> files;
    for (int i = 0; i < 100; ++i) {
        files.emplace_back("/proc/self/stat");
        EXPECT_EQ(count_open_descriptors(), enumerate_open_descriptors());
    }
}

TEST(Process, PublishesTheSoftLimitOfDescriptors) {
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(collected("process_max_fds"), static_cast<double>(limit.rlim_cur));
}

TEST(Process, CpuTimeIsNearTheKernelsOtherAnswer) {
    rusage usage{};
    ASSERT_EQ(::getrusage(RUSAGE_SELF, &usage), 0);
    const double seconds = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    EXPECT_NEAR(collected("process_cpu_seconds_total"), seconds, 1);
}

TEST(Process, MemoryIsInBytes) {
    const double resident = collected("process_resident_memory_bytes");
    EXPECT_GT(resident, 1e6);
    EXPECT_LE(resident, collected("process_virtual_memory_bytes"));
}

TEST(Process, StartedAMomentAgo) {
    const double start = collected("process_start_time_seconds");
    const auto now = static_cast<double>(std::time(nullptr));
    EXPECT_LE(start, now + 2);
    EXPECT_GE(start, now - 600);
    EXPECT_EQ(start, collected("process_start_time_seconds"));
}

}  // namespace
}  // namespace exporter::metrics

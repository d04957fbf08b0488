#include "metrics/catalog.h"
#include "metrics/samples.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

double collected(const char* name) {
    const auto families = families_of(samples::exporter_status());
    const std::optional<double> value = samples::value(families, name, {});
    EXPECT_TRUE(value.has_value()) << name;
    return value.value_or(-1);
}

TEST(LogLines, AreCountedWhenDropped) {
    EXPECT_EQ(collected("datadog_access_token_exporter_log_lines_dropped_total"), 3);
}

TEST(Process, PublishesTheStandardFamilies) {
    std::vector<std::string> names;
    for (const auto& family : families_of(samples::exporter_status())) {
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
    const auto families = families_of(status);
    EXPECT_EQ(samples::value(families, "process_open_fds", {}), 7);
    EXPECT_EQ(samples::find(families, "process_cpu_seconds_total"), nullptr);
    EXPECT_EQ(samples::find(families, "process_start_time_seconds"), nullptr);
}

TEST(Process, ExcludesTheDescriptorUsedForCounting) {
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

TEST(Process, CpuTimeAgreesWithGetrusage) {
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

TEST(Process, StartTimeIsTheCallers) {
    EXPECT_EQ(collected("process_start_time_seconds"), 1'749'988'800);
}

}  // namespace
}  // namespace exporter::metrics

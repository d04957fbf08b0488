#include "app/descriptors.h"

#include <gtest/gtest.h>

#include <string>

namespace exporter::app {
namespace {

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

}  // namespace
}  // namespace exporter::app

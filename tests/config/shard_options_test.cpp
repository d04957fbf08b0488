#include "config/fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {
namespace {

using testing::ElementsAre;
using testing::StartsWith;

const std::vector<std::string> by_pod_name = {"--shard.count=12", "--shard.index=pod-name"};

TEST(ShardOptions, ASingleReplicaMayUseItsPodName) {
    const Shard shard =
        loaded({"--shard.count=1", "--shard.index=pod-name"}, keys_and({{"POD_NAME", "exporter-0"}})).shard;
    EXPECT_EQ(shard.index, 0U);
    EXPECT_EQ(shard.count, 1U);
}

TEST(ShardOptions, ThePodNameEndsInTheIndex) {
    struct Case {
        Environment environment;
        std::size_t index;
    };
    const std::vector<Case> cases = {
        {{{"POD_NAME", "exporter-0"}}, 0},
        {{{"POD_NAME", "datadog-token-exporter-eu-1-11"}}, 11},
        {{{"HOSTNAME", "exporter-2"}}, 2},
        {{{"POD_NAME", "exporter-3"}, {"HOSTNAME", "node-7"}}, 3},
    };
    for (const Case& c : cases) {
        EXPECT_EQ(loaded(by_pod_name, keys_and(c.environment)).shard.index, c.index);
    }
}

TEST(ShardOptions, APodNameWithoutAValidIndexIsRefused) {
    struct Case {
        Environment environment;
        std::string line;
    };
    const auto no_number = [](std::string_view name, std::string_view found) {
        return fmt::format(
            "--shard.index: pod-name ({} is \"{}\") is not one of the shards 0 to 11; write its number, or "
            "pod-name if POD_NAME (or else HOSTNAME) ends in - and the number",
            name, found);
    };
    const std::vector<Case> cases = {
        {{}, no_number("HOSTNAME", "")},
        {{{"POD_NAME", "exporter"}}, no_number("POD_NAME", "exporter")},
        {{{"POD_NAME", "exporter-7d4b9c-x2x9z"}}, no_number("POD_NAME", "exporter-7d4b9c-x2x9z")},
        {{{"POD_NAME", "exporter-"}}, no_number("POD_NAME", "exporter-")},
        {{{"POD_NAME", "-1"}}, no_number("POD_NAME", "-1")},
        {{{"POD_NAME", "exporter-01"}}, no_number("POD_NAME", "exporter-01")},
        {{{"POD_NAME", "exporter-1 "}}, no_number("POD_NAME", "exporter-1 ")},
        {{{"POD_NAME", "exporter-99999999999999999999"}},
         no_number("POD_NAME", "exporter-99999999999999999999")},
        {{{"HOSTNAME", "laptop"}}, no_number("HOSTNAME", "laptop")},
        {{{"POD_NAME", "exporter-12"}}, no_number("POD_NAME", "exporter-12")},
    };
    for (const Case& c : cases) {
        EXPECT_THAT(mistakes_of(by_pod_name, keys_and(c.environment)), ElementsAre(StartsWith(c.line)));
    }
}

TEST(StateFile, IsRelativeToTheConfigurationFile) {
    const ScratchDirectory directory;
    const std::string file = directory.write("x.yaml", "state: {file: inventories}\n");
    EXPECT_EQ(loaded({"--config.file=" + file}).state_file, directory.at("inventories"));
}

}  // namespace
}  // namespace exporter::config

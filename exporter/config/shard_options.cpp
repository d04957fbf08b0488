#include "config/shard_options.h"

#include "base/text.h"
#include "config/environment.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exporter::config {
namespace {

constexpr std::size_t most_shards = 1000;
constexpr std::string_view pod_name = "pod-name";

/// `<name>-<ordinal>` as Kubernetes names the pods of a StatefulSet: no sign, no leading zeros.
std::optional<std::size_t> ordinal_of(std::string_view pod) {
    const std::size_t dash = pod.rfind('-');
    if (dash == std::string_view::npos || dash == 0) {
        return std::nullopt;
    }
    const std::string_view digits = pod.substr(dash + 1);
    const bool is_canonical = digits == "0" || !digits.starts_with('0');
    return is_canonical ? base::parse_number<std::size_t>(digits) : std::nullopt;
}

/// The index, with what it was read from, for messages.
struct Index {
    std::size_t number = 0;
    std::string origin;
};

std::optional<Index> index_of_pod(const Values& values, const Environment& environment) {
    for (const std::string_view name : {"POD_NAME", "HOSTNAME"}) {
        const std::optional<std::string> pod = variable(environment, name);
        if (!pod) {
            continue;
        }
        if (const auto ordinal = ordinal_of(*pod)) {
            return Index{*ordinal, fmt::format("{} ({} is {})", *ordinal, name, base::quote(*pod))};
        }
        values.mistake(
            "shard.index",
            fmt::format("pod-name needs a name that ends in - and a number, as a StatefulSet's pods "
                        "have; {} is {}",
                        name, base::quote(*pod)));
        return std::nullopt;
    }
    values.mistake("shard.index",
                   "pod-name needs the variable POD_NAME or HOSTNAME, and neither is set; give POD_NAME the "
                   "pod's metadata.name");
    return std::nullopt;
}

std::optional<Index> read_index(const Values& values, const Environment& environment) {
    const std::string text = values.text("shard.index");
    if (text == pod_name) {
        return index_of_pod(values, environment);
    }
    const auto number = base::parse_number<std::size_t>(text);
    if (!number) {
        values.mistake("shard.index",
                       fmt::format("{} is neither a whole number from 0 nor pod-name", base::quote(text)));
        return std::nullopt;
    }
    return Index{*number, fmt::format("{}", *number)};
}

}  // namespace

Shard read_shard(const Values& values, const Environment& environment, const base::MistakeLines& mistakes) {
    const std::size_t mistakes_before = mistakes.size();
    const std::size_t count = values.number("shard.count", 1, most_shards);
    if (values.text("shard.index").empty()) {
        if (count > 1) {
            values.mistake("shard.count",
                           "--shard.index is not given; say which of the shards this one is, "
                           "such as --shard.index=0 or --shard.index=pod-name");
        }
        return Shard{0, count};
    }
    const std::optional<Index> index = read_index(values, environment);
    if (values.given("shard.count") == nullptr) {
        values.mistake("shard.index",
                       "--shard.count is not given; say how many shards there are, such as --shard.count=3");
    } else if (index && index->number >= count && mistakes.size() == mistakes_before) {
        values.mistake("shard.index", fmt::format("{} is too high: of {} the shards are 0 to {}",
                                                  index->origin, count, count - 1));
    }
    return Shard{index ? index->number : 0, count};
}

}  // namespace exporter::config

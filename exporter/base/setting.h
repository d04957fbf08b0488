// What somebody wrote for an option, before anyone has judged it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace exporter::base {

enum class Source { command_line, environment, file };

struct Setting {
    Source source = Source::command_line;
    std::string place;  ///< `--poll.interval`, `/etc/x.yaml:12: poll.interval`: how a mistake begins
    std::vector<std::string> values;  ///< one, but for lists
};

/// By flag, without dashes.
using Settings = std::map<std::string, Setting, std::less<>>;

using MistakeLines = std::vector<std::string>;

}  // namespace exporter::base

// Unvalidated option settings, and a YAML reader for untrusted files: bounded, a single document, no unknown
// or repeated keys. Mistakes give the place and never quote a value, because it may be a misplaced secret.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
struct Mark;
class Node;
}  // namespace YAML

namespace exporter::base {

enum class Source { command_line, environment, file };

struct Setting {
    Source source = Source::command_line;
    std::string place;  ///< `--poll.interval`, `/etc/x.yaml:12: poll.interval`: how a mistake's text begins
    std::vector<std::string> values;  ///< one, except for lists
};

/// By flag name, without dashes.
using Settings = std::map<std::string, Setting, std::less<>>;

using MistakeLines = std::vector<std::string>;

/// A key that a file may contain.
struct YamlKey {
    std::string path;  ///< `poll.interval`: `interval` in the mapping `poll`
    std::string name;  ///< the name of the resulting setting
    bool is_list = false;
};

class YamlReader {
  public:
    /// Handles one path and everything below it.
    using Handler = std::function<void(const YAML::Node& key, const YAML::Node& value)>;
    using Handlers = std::map<std::string, Handler, std::less<>>;

    /// Both must outlive the reader.
    YamlReader(const std::string& path, MistakeLines& mistakes) : path_(path), mistakes_(mistakes) {}

    /// Reads the settings for `known`. Unknown or repeated keys and values of the wrong shape are mistakes.
    ///
    /// @param example shown if the file is not a mapping
    [[nodiscard]] Settings read(const std::string& text, const std::vector<YamlKey>& known,
                                const Handlers& handlers, std::string_view example);

    // For handlers.

    /// Reads a single mapping in the same way.
    ///
    /// @param name used in mistakes
    [[nodiscard]] Settings read_mapping(const YAML::Node& mapping, const std::string& name,
                                        const std::vector<YamlKey>& known);
    /// `<path>:<line>: <what>`
    [[nodiscard]] std::string place(const YAML::Mark& mark, std::string_view what) const;
    void mistake(const std::string& where, std::string_view what);

  private:
    struct Reading;

    void read_section(const YAML::Node& section, const std::string& prefix, Reading& reading);
    void read_value(const std::string& path, const std::string& where, const YAML::Node& key,
                    const YAML::Node& value, Reading& reading);
    /// nullopt (and a mistake) if the value has the wrong shape.
    [[nodiscard]] std::optional<Setting> setting(const std::string& where, const YAML::Node& value,
                                                 bool is_list);

    const std::string& path_;
    MistakeLines& mistakes_;
};

}  // namespace exporter::base

// YAML with the care that a file of an unknown author needs: bounded, one document, every key known and there
// once. What it reports has a place and quotes no value: somebody may have put a secret there.
#pragma once

#include "base/setting.h"

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::base {

/// Where in a file a value may be.
struct YamlKey {
    std::string path;  ///< `poll.interval`: a mapping within a mapping
    std::string name;  ///< what the setting is called that comes of it
    bool is_list = false;
};

class YamlReader {
  public:
    using Seen = std::set<std::string>;
    /// What reads one path by itself, with all that is below.
    using Handler = std::function<void(const YAML::Node& key, const YAML::Node& value)>;
    using Handlers = std::map<std::string, Handler, std::less<>>;

    /// Both are used until the end.
    YamlReader(const std::string& path, MistakeLines& mistakes) : path_(path), mistakes_(mistakes) {}

    /// The settings below `known`. Unknown and doubled keys and wrong shapes are mistakes.
    ///
    /// @param example shown when the file is no mapping
    [[nodiscard]] Settings read(const std::string& text, std::vector<YamlKey> known, Handlers handlers,
                                std::string_view example);

    // For handlers.

    /// The key's text behind `prefix`; nullopt (and a mistake) when it is not text or was there before.
    [[nodiscard]] std::optional<std::string> fresh_key(const YAML::Node& key, const std::string& prefix,
                                                       Seen& seen);
    /// nullopt (and a mistake) when the value has the wrong shape.
    [[nodiscard]] std::optional<Setting> setting(const std::string& place, const YAML::Node& value,
                                                 bool is_list);
    /// `<path>:<line>: <what>`
    [[nodiscard]] std::string place(const YAML::Mark& mark, std::string_view what) const;
    void mistake(const std::string& where, std::string_view what);

  private:
    void read_section(const YAML::Node& section, const std::string& prefix);
    void read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value);
    [[nodiscard]] bool is_section(const std::string& path) const;
    [[nodiscard]] std::vector<std::string> known_paths() const;

    const std::string& path_;
    MistakeLines& mistakes_;
    std::vector<YamlKey> known_;
    Handlers handlers_;
    Settings settings_;
};

}  // namespace exporter::base

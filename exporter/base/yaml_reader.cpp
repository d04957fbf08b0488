#include "base/yaml_reader.h"

#include "base/text.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>
#include <utility>

namespace exporter::base {
namespace {

/// YAML forbids these characters, and yaml-cpp 0.7 never stops reading after some of them.
bool is_no_text(char c) {
    return is_control(c) && c != '\t' && c != '\n' && c != '\r';
}

/// Records where the documents start, and nothing else.
class DocumentStarts final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark& mark) override { last = mark; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

    YAML::Mark last;
};

/// Where a second document starts, if any. YAML::LoadAll would find endless documents after some stray
/// characters.
std::optional<YAML::Mark> second_document(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStarts starts;
    const bool more = parser.HandleNextDocument(starts) && parser.HandleNextDocument(starts);
    return more ? std::optional(starts.last) : std::nullopt;
}

/// yaml-cpp quotes the file after a colon (`unknown escape character: x`), and newer versions name the
/// anchor. The text after a stray `*` may be part of a secret.
std::string_view without_quoted_text(std::string_view message) {
    constexpr std::string_view unknown_anchor = "the referenced anchor is not defined";
    return message.starts_with(unknown_anchor) ? unknown_anchor : message.substr(0, message.find(": "));
}

}  // namespace

std::string YamlReader::place(const YAML::Mark& mark, std::string_view what) const {
    return mark.is_null() ? fmt::format("{}: {}", path_, what)
                          : fmt::format("{}:{}: {}", path_, mark.line + 1, what);
}

void YamlReader::mistake(const std::string& where, std::string_view what) {
    mistakes_.push_back(fmt::format("{}: {}", where, what));
}

/// The state of reading one mapping.
struct YamlReader::Reading {
    /// What may be at a path.
    struct Known {
        const YamlKey* key = nullptr;
        const Handler* handler = nullptr;
        bool is_section = false;
    };

    Reading(const std::vector<YamlKey>& keys, const Handlers& handlers, std::string shown_prefix)
        : prefix(std::move(shown_prefix)) {
        for (const YamlKey& key : keys) {
            known[key.path].key = &key;
            for (auto dot = key.path.find('.'); dot != std::string::npos; dot = key.path.find('.', dot + 1)) {
                known[key.path.substr(0, dot)].is_section = true;
            }
        }
        for (const auto& [path, handler] : handlers) {
            known[path].handler = &handler;
        }
    }

    /// Sections are suggested as well, because they can be misspelled too.
    [[nodiscard]] std::string suggestion(const std::string& path) const {
        std::vector<std::string> paths;
        std::transform(known.begin(), known.end(), std::back_inserter(paths),
                       [](const auto& row) { return row.first; });
        return did_you_mean(path, paths);
    }

    const std::string prefix;  ///< put before each path in mistakes
    std::map<std::string, Known> known;
    Settings settings;
};

std::optional<Setting> YamlReader::setting(const std::string& where, const YAML::Node& value, bool is_list) {
    Setting result{Source::file, where, {}};
    if (value.IsScalar()) {
        result.values.push_back(value.Scalar());
    } else if (value.IsNull()) {
        result.values.emplace_back();
    } else if (value.IsSequence() && is_list) {
        for (const YAML::Node& item : value) {
            if (!item.IsScalar()) {
                mistake(where, "takes a list of plain values");
                return std::nullopt;
            }
            result.values.push_back(item.Scalar());
        }
    } else {
        mistake(where, is_list ? "takes a value or a list of values" : "takes a single value");
        return std::nullopt;
    }
    return result;
}

void YamlReader::read_value(const std::string& path, const std::string& where, const YAML::Node& key,
                            const YAML::Node& value, Reading& reading) {
    const auto found = reading.known.find(path);
    if (found == reading.known.end()) {
        mistake(where, fmt::format("unknown key{}", reading.suggestion(path)));
        return;
    }
    const Reading::Known& known = found->second;
    if (known.handler != nullptr) {
        (*known.handler)(key, value);
    } else if (known.is_section && value.IsMap()) {
        read_section(value, path + ".", reading);
    } else if (known.key == nullptr) {
        if (!value.IsNull()) {
            mistake(where, "is a section; write its keys below it, indented");
        }
    } else if (auto read = setting(where, value, known.key->is_list)) {
        reading.settings[known.key->name] = *std::move(read);
    }
}

void YamlReader::read_section(const YAML::Node& section, const std::string& prefix, Reading& reading) {
    const std::string shown_prefix = reading.prefix + prefix;
    std::set<std::string> seen;
    for (const auto& entry : section) {
        if (!entry.first.IsScalar()) {
            mistake(
                place(entry.first.Mark(),
                      shown_prefix.empty() ? "the file" : shown_prefix.substr(0, shown_prefix.size() - 1)),
                "a key is not a plain name");
            continue;
        }
        const std::string& name = entry.first.Scalar();
        const std::string where = place(entry.first.Mark(), shown_prefix + shown_name(name));
        if (seen.insert(name).second) {
            read_value(prefix + name, where, entry.first, entry.second, reading);
        } else {
            mistake(where, "appears twice; keep one");
        }
    }
}

Settings YamlReader::read_mapping(const YAML::Node& mapping, const std::string& name,
                                  const std::vector<YamlKey>& known) {
    Reading reading(known, {}, name + ".");
    read_section(mapping, "", reading);
    return std::move(reading.settings);
}

Settings YamlReader::read(const std::string& text, const std::vector<YamlKey>& known,
                          const Handlers& handlers, std::string_view example) {
    if (const auto control = std::find_if(text.begin(), text.end(), is_no_text); control != text.end()) {
        mistake(path_, fmt::format("is not text: it has a control character at byte {}",
                                   control - text.begin() + 1));
        return {};
    }
    Reading reading(known, handlers, "");
    try {
        if (const auto second = second_document(text)) {
            mistake(place(*second, "the file"),
                    "holds more than one YAML document, or something after its end");
            return {};
        }
        const YAML::Node document = YAML::Load(text);
        if (document.IsMap()) {
            read_section(document, "", reading);
        } else if (!document.IsNull()) {
            mistake(place(document.Mark(), "the file"),
                    fmt::format("is not a mapping; write keys such as {}", example));
        }
    } catch (const YAML::DeepRecursion&) {
        mistake(place(YAML::Mark::null_mark(), "the file"), "is nested too deeply");
    } catch (const YAML::Exception& error) {
        mistakes_.push_back(fmt::format("{}:{}:{}: not valid YAML: {}", path_, error.mark.line + 1,
                                        error.mark.column + 1, without_quoted_text(error.msg)));
    }
    return std::move(reading.settings);
}

}  // namespace exporter::base

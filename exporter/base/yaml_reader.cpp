#include "base/yaml_reader.h"

#include "base/nearest_name.h"
#include "base/text.h"

#include <fmt/format.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <sstream>
#include <utility>

namespace exporter::base {
namespace {

/// YAML allows none, and yaml-cpp 0.7 never stops reading after some of them.
bool is_no_text(char c) {
    return is_control(c) && c != '\t' && c != '\n' && c != '\r';
}

/// Notes where the documents start, and nothing else.
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

/// Where a second document starts. Not by YAML::LoadAll: after some stray characters it finds documents
/// without end.
std::optional<YAML::Mark> second_document(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentStarts starts;
    const bool more = parser.HandleNextDocument(starts) && parser.HandleNextDocument(starts);
    return more ? std::optional(starts.last) : std::nullopt;
}

/// yaml-cpp quotes the file after a colon (`unknown escape character: x`), and newer versions name the
/// anchor: what follows a stray `*` may be part of a secret.
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

bool YamlReader::is_section(const std::string& path) const {
    return std::any_of(known_.begin(), known_.end(),
                       [&](const YamlKey& known) { return known.path.starts_with(path + "."); });
}

std::vector<std::string> YamlReader::known_paths() const {
    std::set<std::string> paths;
    const auto add = [&paths](const std::string& path) {
        paths.insert(path);
        for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.', dot + 1)) {
            paths.insert(path.substr(0, dot));  // A section may be misspelled as well.
        }
    };
    for (const YamlKey& key : known_) {
        add(key.path);
    }
    for (const auto& [path, handler] : handlers_) {
        add(path);
    }
    return {paths.begin(), paths.end()};
}

std::optional<std::string> YamlReader::fresh_key(const YAML::Node& key, const std::string& prefix,
                                                 Seen& seen) {
    if (!key.IsScalar()) {
        mistake(place(key.Mark(), prefix.empty() ? "the file" : prefix.substr(0, prefix.size() - 1)),
                "a key is not a plain name");
        return std::nullopt;
    }
    std::string name = prefix + shown_name(key.Scalar());
    if (!seen.insert(key.Scalar()).second) {
        mistake(place(key.Mark(), name), "is there twice; keep one");
        return std::nullopt;
    }
    return name;
}

std::optional<Setting> YamlReader::setting(const std::string& place, const YAML::Node& value, bool is_list) {
    Setting result{Source::file, place, {}};
    if (value.IsScalar()) {
        result.values.push_back(value.Scalar());
    } else if (value.IsNull()) {
        result.values.emplace_back();
    } else if (value.IsSequence() && is_list) {
        for (const YAML::Node& item : value) {
            if (!item.IsScalar()) {
                mistake(place, "takes a list of plain values");
                return std::nullopt;
            }
            result.values.push_back(item.Scalar());
        }
    } else {
        mistake(place, is_list ? "takes a value or a list of values" : "takes a single value");
        return std::nullopt;
    }
    return result;
}

void YamlReader::read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value) {
    const std::string where = place(key.Mark(), path);
    const auto known =
        std::find_if(known_.begin(), known_.end(), [&](const YamlKey& k) { return k.path == path; });
    if (is_section(path) && (known == known_.end() || value.IsMap())) {
        if (value.IsMap()) {
            read_section(value, path + ".");
        } else if (!value.IsNull()) {
            mistake(where, "is a section; write its keys below it, indented");
        }
    } else if (known == known_.end()) {
        mistake(where, fmt::format("unknown key{}", did_you_mean(path, known_paths())));
    } else if (auto read = setting(where, value, known->is_list)) {
        settings_[known->name] = *std::move(read);
    }
}

void YamlReader::read_section(const YAML::Node& section, const std::string& prefix) {
    Seen seen;
    for (const auto& entry : section) {
        const std::optional<std::string> path = fresh_key(entry.first, prefix, seen);
        if (!path) {
            continue;
        }
        if (const auto handler = handlers_.find(*path); handler != handlers_.end()) {
            handler->second(entry.first, entry.second);
        } else {
            read_entry(*path, entry.first, entry.second);
        }
    }
}

Settings YamlReader::read(const std::string& text, std::vector<YamlKey> known, Handlers handlers,
                          std::string_view example) {
    known_ = std::move(known);
    handlers_ = std::move(handlers);
    settings_.clear();
    if (const auto control = std::find_if(text.begin(), text.end(), is_no_text); control != text.end()) {
        mistake(path_,
                fmt::format("is no text: a control character is at byte {}", control - text.begin() + 1));
        return {};
    }
    try {
        if (const auto second = second_document(text)) {
            mistake(place(*second, "the file"),
                    "holds more than one YAML document, or something after its end");
            return {};
        }
        const YAML::Node document = YAML::Load(text);
        if (document.IsMap()) {
            read_section(document, "");
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
    return std::move(settings_);
}

}  // namespace exporter::base

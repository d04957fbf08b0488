#include "config/yaml_file.h"

#include "config/nearest_name.h"
#include "config/options.h"
#include "config/text.h"

#include <fmt/format.h>
#include <tl/expected.hpp>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace exporter::config {
namespace {

constexpr std::size_t longest_file = 1'048'576;
constexpr std::string_view organizations_key = "organizations";

struct OrganizationKey {
    std::string_view name;
    bool is_list;
};

constexpr std::array<OrganizationKey, 8> organization_keys = {{{"name", false},
                                                               {"site", false},
                                                               {"base_url", false},
                                                               {"api_key_file", false},
                                                               {"app_key_file", false},
                                                               {"bearer_token_file", false},
                                                               {"filter", false},
                                                               {"owned_by", true}}};

std::vector<std::string> organization_key_names() {
    std::vector<std::string> names;
    names.reserve(organization_keys.size());
    for (const OrganizationKey& key : organization_keys) {
        names.emplace_back(key.name);
    }
    return names;
}

/// What names the file itself, or ends the program before it is read, has no key.
bool has_yaml_key(const Option& option) {
    return option.kind != OptionKind::flag_only && !option.flag.starts_with("config.");
}

bool is_control(char character) {
    const auto byte = static_cast<unsigned char>(character);
    return (byte < 0x20 && character != '\t' && character != '\n' && character != '\r') || byte == 0x7f;
}

tl::expected<std::string, std::string> read_text(const std::string& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return tl::unexpected<std::string>("is a directory");
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return tl::unexpected(std::generic_category().message(errno));
    }
    std::string text(longest_file + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) {
        return tl::unexpected(std::generic_category().message(errno));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > longest_file) {
        return tl::unexpected<std::string>("is longer than 1 MiB");
    }
    // YAML allows none, and yaml-cpp 0.7 reads on for ever after some of them.
    if (const auto control = std::find_if(text.begin(), text.end(), is_control); control != text.end()) {
        return tl::unexpected(
            fmt::format("is no text: a control character is at byte {}", control - text.begin() + 1));
    }
    return text;
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

class Reader {
  public:
    Reader(const std::string& path, MistakeLines& mistakes) : path_(path), mistakes_(mistakes) {
        for (const Option& option : options()) {
            if (has_yaml_key(option)) {
                known_paths_.push_back(yaml_path(option));
            }
        }
        known_paths_.emplace_back(organizations_key);
    }

    void read(const std::string& text, YamlFile& file);

  private:
    using Seen = std::set<std::string>;

    void read_section(const YAML::Node& section, const std::string& prefix, YamlFile& file);
    void read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value, YamlFile& file);
    void read_organizations(const YAML::Node& key, const YAML::Node& value, YamlFile& file);
    [[nodiscard]] OrganizationEntry read_organization(const YAML::Node& node, std::size_t index);

    /// The key's text; nullopt (and a mistake) when it is not text or was there before.
    [[nodiscard]] std::optional<std::string> fresh_key(const YAML::Node& key, const std::string& prefix,
                                                       Seen& seen);
    /// nullopt (and a mistake) when the value has the wrong shape.
    [[nodiscard]] std::optional<Setting> setting(const std::string& place, const YAML::Node& value,
                                                 bool is_list);

    [[nodiscard]] bool is_section(const std::string& path) const;
    [[nodiscard]] std::string place(const YAML::Mark& mark, std::string_view what) const;
    void mistake(const std::string& where, std::string_view what) {
        mistakes_.push_back(fmt::format("{}: {}", where, what));
    }

    const std::string& path_;
    MistakeLines& mistakes_;
    std::vector<std::string> known_paths_;
};

std::string Reader::place(const YAML::Mark& mark, std::string_view what) const {
    return mark.is_null() ? fmt::format("{}: {}", path_, what)
                          : fmt::format("{}:{}: {}", path_, mark.line + 1, what);
}

bool Reader::is_section(const std::string& path) const {
    return std::any_of(known_paths_.begin(), known_paths_.end(),
                       [&](const std::string& known) { return known.starts_with(path + "."); });
}

std::optional<std::string> Reader::fresh_key(const YAML::Node& key, const std::string& prefix, Seen& seen) {
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

std::optional<Setting> Reader::setting(const std::string& place, const YAML::Node& value, bool is_list) {
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

void Reader::read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value,
                        YamlFile& file) {
    const std::string where = place(key.Mark(), path);
    const auto option = std::find_if(options().begin(), options().end(), [&](const Option& candidate) {
        return has_yaml_key(candidate) && yaml_path(candidate) == path;
    });
    if (is_section(path) && (option == options().end() || value.IsMap())) {
        if (value.IsMap()) {
            read_section(value, path + ".", file);
        } else if (!value.IsNull()) {
            mistake(where, "is a section; write its keys below it, indented");
        }
    } else if (option == options().end()) {
        mistake(where, fmt::format("unknown key{}", did_you_mean(path, known_paths_)));
    } else if (auto read = setting(where, value, option->kind == OptionKind::list)) {
        file.settings[std::string(option->flag)] = *std::move(read);
    }
}

void Reader::read_section(const YAML::Node& section, const std::string& prefix, YamlFile& file) {
    Seen seen;
    for (const auto& entry : section) {
        const std::optional<std::string> path = fresh_key(entry.first, prefix, seen);
        if (path && *path == organizations_key) {
            read_organizations(entry.first, entry.second, file);
        } else if (path) {
            read_entry(*path, entry.first, entry.second, file);
        }
    }
}

void Reader::read_organizations(const YAML::Node& key, const YAML::Node& value, YamlFile& file) {
    file.organizations.emplace();
    if (!value.IsSequence() || value.size() == 0) {
        mistake(place(key.Mark(), organizations_key),
                "takes a list of at least one organization, each with a name");
        return;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
        file.organizations->push_back(read_organization(value[i], i));
    }
}

OrganizationEntry Reader::read_organization(const YAML::Node& node, std::size_t index) {
    const std::string name = fmt::format("{}[{}]", organizations_key, index);
    OrganizationEntry organization{place(node.Mark(), name), {}};
    if (!node.IsMap()) {
        mistake(organization.place, "is not a mapping; write name: and the other keys");
        return organization;
    }
    Seen seen;
    for (const auto& entry : node) {
        const std::optional<std::string> path = fresh_key(entry.first, name + ".", seen);
        if (!path) {
            continue;
        }
        const std::string where = place(entry.first.Mark(), *path);
        const auto known =
            std::find_if(organization_keys.begin(), organization_keys.end(),
                         [&](const OrganizationKey& k) { return k.name == entry.first.Scalar(); });
        if (known == organization_keys.end()) {
            mistake(where, fmt::format("unknown key{}",
                                       did_you_mean(entry.first.Scalar(), organization_key_names())));
        } else if (auto read = setting(where, entry.second, known->is_list)) {
            organization.settings[std::string(known->name)] = *std::move(read);
        }
    }
    return organization;
}

void Reader::read(const std::string& text, YamlFile& file) {
    try {
        if (const auto second = second_document(text)) {
            mistake(place(*second, "the file"),
                    "holds more than one YAML document, or something after its end");
            return;
        }
        const YAML::Node document = YAML::Load(text);
        if (document.IsNull()) {
            return;
        }
        if (!document.IsMap()) {
            mistake(place(document.Mark(), "the file"),
                    "is not a mapping; write keys such as poll: {interval: 10m}");
            return;
        }
        read_section(document, "", file);
    } catch (const YAML::DeepRecursion&) {
        mistake(place(YAML::Mark::null_mark(), "the file"), "is nested too deeply");
    } catch (const YAML::Exception& error) {
        mistakes_.push_back(fmt::format("{}:{}:{}: not valid YAML: {}", path_, error.mark.line + 1,
                                        error.mark.column + 1, without_quoted_text(error.msg)));
    }
}

}  // namespace

YamlFile read_yaml_file(const std::string& path, MistakeLines& mistakes) {
    YamlFile file;
    file.directory = std::filesystem::path(path).parent_path();
    const auto text = read_text(path);
    if (!text) {
        mistakes.push_back(fmt::format("{}: the configuration file can't be read: {}", path, text.error()));
        return file;
    }
    Reader(path, mistakes).read(*text, file);
    return file;
}

}  // namespace exporter::config

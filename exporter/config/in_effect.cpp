#include "config/in_effect.h"

#include "base/duration.h"
#include "base/text.h"
#include "config/key_shape.h"
#include "config/options.h"
#include "config/sharding.h"
#include "config/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

namespace exporter::config {
namespace {

constexpr std::string_view heading =
    "# The configuration in effect, as a file for --config.file. Where a comment names no source, a value "
    "is\n"
    "# the default.\n";

std::string whole_path(const std::filesystem::path& path) {
    if (path.empty()) {
        return {};
    }
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(path, error);
    return (error ? path : whole).lexically_normal().string();
}

/// `/etc/x.yaml:12: poll.interval` -> `/etc/x.yaml:12`
std::string source_of(const base::Setting& setting) {
    const std::string_view place = setting.place;
    const std::string_view source =
        setting.source == base::Source::file ? place.substr(0, place.rfind(": ")) : place;
    return base::may_hold_a_key(source) ? "the configuration file" : yaml_comment(source);
}

bool is_credential_file(std::string_view flag) {
    return flag == "datadog.api-key-file" || flag == "datadog.app-key-file" ||
           flag == "datadog.bearer-token-file";
}

/// Whether the option is about the one organization that flags and environment make.
bool is_about_one_organization(std::string_view flag) {
    return is_credential_file(flag) || flag == "datadog.site" || flag == "datadog.base-url" ||
           flag == "tokens.filter" || flag == "tokens.owned-by";
}

/// Whether the path of one option is that of a section too: `demo`, `demo.tokens`. Such sections are not
/// opened; their keys are written with dots.
bool is_key_and_section(std::string_view name) {
    const auto table = options();
    return std::any_of(table.begin(), table.end(),
                       [&](const Option& option) { return yaml_path(option) == name; });
}

std::string proxy_text(const Proxy& proxy) {
    const bool is_v6 = proxy.host.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}{}:{}", proxy.has_credentials() ? "<secret>@" : "", is_v6 ? "[" : "",
                       proxy.host, is_v6 ? "]" : "", proxy.port);
}

/// The lines of the text, section by section.
class Lines {
  public:
    explicit Lines(std::string begin) : text_(std::move(begin)) {}

    void open_organization(std::string_view name, std::string_view source) {
        text_ += fmt::format("  - name: {}  # {}\n", yaml_scalar(name), yaml_comment(source));
        indent_ = "    ";
    }
    void open_section(std::string_view name) {
        section_ = name;
        indent_ = name.empty() ? "" : "  ";
        text_ += name.empty() ? "\n" : fmt::format("\n{}:\n", name);
    }
    [[nodiscard]] const std::string& section() const { return section_; }

    /// @param is_secret_like the value is not shown
    /// @param source empty: the default
    void key(std::string_view name, std::string_view value, bool is_secret_like, std::string_view source) {
        if (is_secret_like) {
            comment(fmt::format("{}: <secret> (it looks like a key){}{}", name, source.empty() ? "" : ", ",
                                source));
            return;
        }
        text_ += fmt::format("{}{}: {}{}{}\n", indent_, name, value, source.empty() ? "" : "  # ", source);
    }
    void comment(std::string_view text) { text_ += fmt::format("{}# {}\n", indent_, yaml_comment(text)); }

    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    std::string text_;
    std::string section_;
    std::string_view indent_;
};

class Writer {
  public:
    Writer(const OrganizationInputs& inputs, const Config& config) : inputs_(inputs), config_(config) {}

    [[nodiscard]] std::string write() {
        if (const base::Setting* const file = inputs_.values.given("config.file")) {
            lines_.comment(fmt::format("The file that was read ({}): {}", source_of(*file),
                                       shown_comment(inputs_.values.text("config.file"))));
        }
        if (config_.demo.enabled) {
            lines_.comment("A simulated organization is polled; real ones and credentials are not used.");
        }
        for (const Option& option : options()) {
            write_option(option);
        }
        if (inputs_.file.organizations && !config_.demo.enabled) {
            write_organizations();
        }
        return lines_.take();
    }

  private:
    [[nodiscard]] bool is_one_organization() const {
        return !config_.demo.enabled && !inputs_.file.organizations;
    }

    [[nodiscard]] bool is_left_out(const Option& option) const {
        return is_for_command_line_alone(option) || option.flag.starts_with("config.") ||
               (is_about_one_organization(option.flag) && !is_one_organization());
    }

    void write_option(const Option& option) {
        if (is_left_out(option)) {
            return;
        }
        const std::string path = yaml_path(option);
        const std::string head = path.substr(0, path.find('.'));
        const std::string section = is_key_and_section(head) ? "" : head;
        if (section != lines_.section()) {
            lines_.open_section(section);
        }
        write_value(option, section.empty() ? path : path.substr(section.size() + 1));
        if (option.flag == "datadog.bearer-token-file") {
            write_credentials(config_.organizations.front(), true);
        }
    }

    void write_value(const Option& option, const std::string& name) {
        const base::Setting* const setting = inputs_.values.given(option.flag);
        const std::string source = setting == nullptr ? "" : source_of(*setting);
        if (is_contradicted(option.flag)) {
            lines_.comment(fmt::format("{} is not used", name));
        } else if (option.kind == OptionKind::list) {
            write_list(name, inputs_.values.list(option.flag), source);
        } else {
            write_text(name, value_of(option), source);
        }
    }

    void write_text(std::string_view name, const std::string& value, std::string_view source) {
        lines_.key(name, yaml_scalar(value), base::may_hold_a_key(value), source);
    }

    void write_list(std::string_view name, const std::vector<std::string>& items, std::string_view source) {
        const bool is_secret_like = std::any_of(items.begin(), items.end(),
                                                [](const std::string& i) { return base::may_hold_a_key(i); });
        lines_.key(name, yaml_list(items), is_secret_like, source);
    }

    /// Whether another option leaves this one without a meaning, and writing it down would be a mistake.
    [[nodiscard]] bool is_contradicted(std::string_view flag) const {
        return (flag == "datadog.site" && !inputs_.values.text("datadog.base-url").empty()) ||
               (flag == "web.listen-address" && config_.web.systemd_socket);
    }

    [[nodiscard]] std::string value_of(const Option& option) const {
        const std::string_view flag = option.flag;
        if (option.kind == OptionKind::toggle) {
            return inputs_.values.toggle(flag) ? "true" : "false";
        }
        if (flag == "datadog.site") {
            return config_.organizations.front().site;
        }
        if (flag == "poll.timeout" && inputs_.values.given(flag) == nullptr) {
            // The interval may have capped the default.
            return base::format_duration(config_.poll.timeout);
        }
        if (flag == "web.max-connections-per-address") {
            // The default may have been capped.
            return fmt::format("{}", config_.web.max_connections_per_address);
        }
        if (flag == "shard.index" && !inputs_.values.text(flag).empty()) {
            // A pod's name has become a number.
            return fmt::format("{}", config_.shard.index);
        }
        const bool is_path = is_credential_file(flag) || flag == "datadog.ca-file" ||
                             flag == "web.config.file" || flag == "state.file";
        return is_path ? whole_path(inputs_.values.path(flag, inputs_.file.directory))
                       : inputs_.values.text(flag);
    }

    void write_organizations() {
        lines_.open_section("organizations");
        for (std::size_t i = 0; i < config_.organizations.size(); ++i) {
            const Organization& organization = config_.organizations[i];
            const std::string& place = inputs_.file.organizations->at(i).place;
            lines_.open_organization(organization.name, base::may_hold_a_key(place) ? "" : place);
            if (config_.shard.count > 1) {
                lines_.comment(
                    fmt::format("polled by shard {}", shard_of(organization.name, config_.shard.count)));
            }
            if (const auto site = parse_site(organization.site);
                site && site->name == organization.site && endpoint_of(*site) == organization.endpoint) {
                write_text("site", organization.site, "");
            } else {
                write_text("base_url", organization.endpoint.url(), "");
            }
            write_credentials(organization, false);
            write_text("filter", organization.filter, "");
            write_list("owned_by", organization.owned_by, "");
        }
    }

    /// Those of the environment (`DD_API_KEY`) as comments; files only where no option has said so.
    void write_credentials(const Organization& organization, bool are_files_written) {
        const CredentialSources& sources = organization.credentials;
        const std::array<std::pair<std::string_view, const std::optional<SecretSource>&>, 3> keys = {
            {{"api_key", sources.api_key},
             {"app_key", sources.app_key},
             {"bearer_token", sources.bearer_token}}};
        for (const auto& [name, source] : keys) {
            if (!source) {
                continue;
            }
            if (const auto* path = std::get_if<std::filesystem::path>(&*source)) {
                if (!are_files_written) {
                    write_text(fmt::format("{}_file", name), whole_path(*path), "");
                }
            } else {
                lines_.comment(fmt::format("{}: <secret>, from the environment", name));
            }
        }
        if (organization.proxy) {
            lines_.comment(fmt::format("proxy: {}, from the environment", proxy_text(*organization.proxy)));
        }
    }

    [[nodiscard]] static std::string shown_comment(const std::string& text) {
        return base::may_hold_a_key(text) ? "(not shown: it looks like a key)" : text;
    }

    const OrganizationInputs& inputs_;
    const Config& config_;
    Lines lines_{std::string(heading)};
};

}  // namespace

std::string configuration_in_effect(const OrganizationInputs& inputs, const Config& config) {
    return Writer(inputs, config).write();
}

}  // namespace exporter::config

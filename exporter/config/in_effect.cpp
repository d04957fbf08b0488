#include "base/address.h"
#include "base/text.h"
#include "config/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <variant>

namespace exporter::config {
namespace {

constexpr std::string_view heading =
    "# The configuration in effect, as a file for --config.file. Values without a comment are defaults.\n";

bool needs_no_quotes(std::string_view text) {
    const auto fits = [](char c) {
        return base::is_word_character(c) || c == '.' || c == '/' || c == '%' || c == '-';
    };
    return !text.empty() && (base::is_alphanumeric(text.front()) || text.front() == '/') &&
           std::all_of(text.begin(), text.end(), fits) && !base::same_word(text, "null");
}

/// Plain if unambiguous, otherwise in double quotes. Reads back as `text` if that is UTF-8.
std::string yaml_scalar(std::string_view text) {
    if (needs_no_quotes(text)) {
        return std::string(text);
    }
    std::string quoted = "\"";
    for (const char c : text) {
        base::append_escaped(quoted, c);
    }
    return quoted + '"';
}

/// `[1d, 7d]`
std::string yaml_list(std::vector<std::string> items) {
    std::transform(items.begin(), items.end(), items.begin(), yaml_scalar);
    return fmt::format("[{}]", base::join(items));
}

/// Text after `#`: one line, without control characters or anything that looks like a key.
std::string yaml_comment(std::string_view text) {
    std::string comment(base::may_hold_a_key(text) ? "(not shown: it looks like a key)" : text);
    std::replace_if(comment.begin(), comment.end(), base::is_control, '?');
    return comment;
}

/// `/etc/x.yaml:12: poll.interval` -> `/etc/x.yaml:12`
std::string source_of(const base::Setting& setting) {
    const std::string_view place = setting.place;
    return yaml_comment(setting.source == base::Source::file ? place.substr(0, place.rfind(": ")) : place);
}

/// Whether another option overrides this one, so that writing it would be a mistake.
bool is_contradicted(std::string_view flag, const Draft& draft) {
    return (flag == "datadog.site" && !draft.organization.base_url.empty()) ||
           (flag == "web.listen-address" && draft.web.systemd_socket);
}

/// `name: value  # source`, with this indent.
std::string line(std::string_view indent, std::string_view name, const Option& option, Draft& draft,
                 const base::Setting* setting) {
    if (is_contradicted(option.flag, draft)) {
        return fmt::format("{}# {} is not used\n", indent, name);
    }
    const std::vector<std::string> texts = member_texts(option, draft);
    const Member member = option.member.in(draft);
    const auto* const key = std::get_if<std::optional<SecretSource>*>(&member);
    if (key != nullptr && **key && std::holds_alternative<base::Secret>(***key)) {
        return fmt::format("{}# {}: <secret>, from the environment\n", indent, name);
    }
    const std::string source = setting == nullptr ? "" : source_of(*setting);
    if (std::any_of(texts.begin(), texts.end(), base::may_hold_a_key)) {
        return fmt::format("{}# {}: <secret> (it looks like a key){}{}\n", indent, name,
                           source.empty() ? "" : ", ", source);
    }
    return fmt::format("{}{}: {}{}{}\n", indent, name,
                       is_list(option) ? yaml_list(texts) : yaml_scalar(texts.front()),
                       source.empty() ? "" : "  # ", source);
}

/// What came from the environment and can't be given in a file.
std::string proxy_comment(std::string_view indent, const std::optional<Proxy>& proxy) {
    return proxy ? fmt::format("{}# proxy: http://{}{}, from the environment\n", indent,
                               proxy->has_credentials() ? "<secret>@" : "",
                               yaml_comment(base::host_port_text({proxy->host, proxy->port})))
                 : std::string();
}

std::string organization_text(Draft& draft) {
    const OrganizationDraft& organization = draft.organization;
    std::string text =
        fmt::format("  - name: {}  # {}\n", yaml_scalar(organization.name), yaml_comment(organization.place));
    if (draft.shard.count > 1) {
        text += fmt::format("    # polled by shard {}\n", shard_of(organization.name, draft.shard.count));
    }
    for (const Option& option : options()) {
        if (option.member.of_organization) {
            text += line("    ", organization_key(option), option, draft, nullptr);
        }
    }
    return text + proxy_comment("    ", organization.proxy);
}

}  // namespace

std::string configuration_in_effect(const Given& given, Draft draft) {
    std::string text(heading);
    if (const base::Setting* const file = given.find("config.file")) {
        text += fmt::format("# The file that was read ({}): {}\n", source_of(*file),
                            yaml_comment(draft.config_file.native()));
    }
    if (draft.demo.enabled) {
        text += "# A simulated organization is polled; real ones and credentials are not used.\n";
    }
    const bool has_one_organization = !draft.demo.enabled && !draft.lists_organizations;
    for (const Option& option : options()) {
        if (!option.heading.empty()) {
            text += fmt::format("\n# {}\n", option.heading);
        }
        if (has_yaml_key(option) && (has_one_organization || !option.member.of_organization)) {
            text += line("", yaml_path(option), option, draft, given.find(option.flag));
        }
    }
    if (has_one_organization) {
        return text + proxy_comment("", draft.organization.proxy);
    }
    text += draft.demo.enabled ? "" : "\norganizations:\n";
    for (const OrganizationDraft& entry : draft.entries) {
        draft.organization = entry;
        text += organization_text(draft);
    }
    return text;
}

}  // namespace exporter::config

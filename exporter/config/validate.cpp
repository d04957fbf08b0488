#include "config/validate.h"

#include "base/pem.h"
#include "base/replacement_file.h"
#include "base/text.h"
#include "config/in_effect.h"
#include "config/scopes.h"
#include "config/shard_options.h"
#include "config/sharding.h"
#include "config/validate_web.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

namespace exporter::config {
namespace {

constexpr base::Duration least_interval = std::chrono::seconds(1);
constexpr base::Duration polite_interval = std::chrono::seconds(30);

Mode read_mode(const Values& values, base::MistakeLines& mistakes) {
    constexpr std::array<std::pair<std::string_view, Mode>, 4> modes = {{{"check", Mode::check},
                                                                         {"once", Mode::once},
                                                                         {"config.check", Mode::config_check},
                                                                         {"probe", Mode::probe}}};
    Mode mode = Mode::serve;
    std::string first;
    for (const auto& [flag, candidate] : modes) {
        if (candidate == Mode::probe ? values.given(flag) == nullptr : !values.toggle(flag)) {
            continue;
        }
        const std::string& place = values.given(flag)->place;
        if (mode != Mode::serve) {
            mistakes.push_back(
                fmt::format("{}: {} is given as well; one run can only do one of them", place, first));
        }
        mode = candidate;
        first = place;
    }
    return mode;
}

bool polls_again(Mode mode) {
    return mode == Mode::serve || mode == Mode::config_check;
}

/// By default no longer than the interval: a slow poll would delay the next ones.
base::Duration read_timeout(const Values& values, Mode mode, base::Duration interval) {
    const base::Duration timeout = values.duration("poll.timeout", least_interval);
    return values.given("poll.timeout") == nullptr && polls_again(mode) ? std::min(timeout, interval)
                                                                        : timeout;
}

void warn_of_long_polls(const Poll& poll, const base::Setting& given, Mode mode,
                        std::vector<std::string>& warnings) {
    const auto warn = [&](std::string_view what) {
        warnings.push_back(fmt::format("{}: a poll may take {}, {}", given.place,
                                       base::format_duration(poll.timeout), what));
    };
    if (poll.timeout >= poll.stale_after) {
        warn(fmt::format(
            "longer than numbers are shown without a good poll ({}); they go away only when it ends",
            base::format_duration(poll.stale_after)));
    } else if (poll.timeout > poll.interval && polls_again(mode)) {
        warn(fmt::format("longer than the interval of polls, {}; a slow poll delays the next ones",
                         base::format_duration(poll.interval)));
    }
}

Poll read_poll(const Values& values, Mode mode, const base::MistakeLines& mistakes,
               std::vector<std::string>& warnings) {
    const std::size_t mistakes_before = mistakes.size();
    Poll poll;
    poll.interval = values.duration("poll.interval", least_interval);
    poll.timeout = read_timeout(values, mode, poll.interval);
    poll.page_size = static_cast<int>(values.number("poll.page-size", 1, 100));
    poll.concurrency = static_cast<int>(values.number("poll.concurrency", 1, 16));
    // A reserve of everything would never let a poll begin.
    poll.rate_limit_reserve = static_cast<int>(values.percent("poll.rate-limit-reserve", 90));
    poll.max_tokens = static_cast<std::size_t>(values.number("poll.max-tokens", 1, 10'000'000));
    poll.max_scopes = static_cast<std::size_t>(values.number("poll.max-scopes", 1, 1'000'000));
    poll.stale_after = values.duration("poll.stale-after", least_interval);
    if (poll.stale_after < poll.interval && mistakes.size() == mistakes_before) {
        values.mistake(
            "poll.stale-after",
            fmt::format("{} is shorter than the interval of polls, {}; between two polls the inventory "
                        "would go away",
                        base::format_duration(poll.stale_after), base::format_duration(poll.interval)));
    }
    if (const base::Setting* const timeout = values.given("poll.timeout");
        timeout != nullptr && mistakes.size() == mistakes_before) {
        warn_of_long_polls(poll, *timeout, mode, warnings);
    }
    if (poll.interval < polite_interval) {
        warnings.push_back(
            fmt::format("{}: polls every {} use up a rate limit that the organization shares with everything "
                        "else that calls the API",
                        values.given("poll.interval")->place, base::format_duration(poll.interval)));
    }
    return poll;
}

Scopes read_scopes(const Values& values, std::vector<std::string>& warnings) {
    Scopes scopes{static_cast<std::size_t>(values.number("scopes.limit", 0, 100'000)),
                  values.list("scopes.privileged")};
    if (const base::Setting* const given = values.given("scopes.privileged")) {
        for (const std::string& doubt : doubts_about_scopes(scopes.privileged)) {
            warnings.push_back(fmt::format("{}: {}", given->place, doubt));
        }
    }
    return scopes;
}

Tokens read_tokens(const Values& values) {
    const Values::Choices<Detail> details = {
        {"none", Detail::none}, {"expiring", Detail::expiring}, {"all", Detail::all}};
    return Tokens{values.choice("tokens.detail", details),
                  static_cast<std::size_t>(values.number("tokens.detail-limit", 1, 1'000'000))};
}

Log read_log(const Values& values) {
    const Values::Choices<LogLevel> levels = {{"debug", LogLevel::debug},
                                              {"info", LogLevel::info},
                                              {"warn", LogLevel::warn},
                                              {"error", LogLevel::error}};
    const Values::Choices<LogFormat> formats = {{"logfmt", LogFormat::logfmt}, {"json", LogFormat::json}};
    return Log{values.choice("log.level", levels), values.choice("log.format", formats)};
}

Demo read_demo(const Values& values) {
    return Demo{values.toggle("demo"), static_cast<std::size_t>(values.number("demo.tokens", 0, 10'000'000)),
                values.number("demo.seed", 0, std::numeric_limits<std::uint64_t>::max())};
}

std::string read_ca_file(const Values& values, const YamlFile& file, std::vector<std::string>& warnings) {
    constexpr std::string_view flag = "datadog.ca-file";
    const std::filesystem::path path = values.path(flag, file.directory);
    if (path.empty()) {
        return {};
    }
    // As the client does it: a file whose last certificate is damaged would fail every poll.
    const auto certificates = base::read_certificate_file(path.string(), base::quote(path.string()));
    if (!certificates) {
        values.mistake(flag, certificates.error());
    } else if (const std::string who = base::others_who_may_write(certificates->ownership); !who.empty()) {
        warnings.push_back(fmt::format("--{}: {}: others can decide whom the credentials are sent to: {}",
                                       flag, base::quote(path.string()), who));
    }
    return path.string();
}

/// Whether it can be written shows at the first write; a place that can't be right is told at once.
std::string read_state_file(const Values& values, const YamlFile& file) {
    const std::filesystem::path path = values.path("state.file", file.directory);
    if (path.empty()) {
        return {};
    }
    std::error_code ignored;
    if (!path.has_filename() || std::filesystem::is_directory(path, ignored)) {
        values.mistake("state.file",
                       fmt::format("{} is a directory; name a file in it", base::quote(path.string())));
    } else if (const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
               !std::filesystem::is_directory(directory, ignored)) {
        values.mistake("state.file", fmt::format("{} would be in a directory that does not exist; make it, "
                                                 "and let the exporter's user write there",
                                                 base::quote(path.string())));
    }
    return path.string();
}

std::optional<ProbeUrl> read_probe_url(const Values& values) {
    const std::string url = values.text("probe");
    if (url.empty()) {
        return std::nullopt;
    }
    const std::size_t host = url.find("://");
    const std::size_t path = host == std::string::npos ? host : url.find_first_of("/?", host + 3);
    auto endpoint = parse_base_url(std::string_view(url).substr(0, path), true);
    if (!endpoint) {
        values.mistake("probe", fmt::format("{} is no URL; write it like http://localhost:10078/readyz",
                                            base::quote_url(url)));
        return std::nullopt;
    }
    const std::string rest = path == std::string::npos ? "" : url.substr(path);
    return ProbeUrl{*std::move(endpoint), (rest.starts_with('/') ? "" : "/") + rest};
}

std::string read_once_output(const Values& values, Mode mode) {
    std::string output = values.text("once.output");
    if (!output.empty() && mode != Mode::once) {
        values.mistake("once.output", "means nothing without --once");
    } else if (const std::string fault =
                   output.empty() ? "" : base::fault_in_target(output, base::Links::followed);
               !fault.empty()) {
        values.mistake("once.output",
                       fmt::format("{} {}; without --once.output the metrics go to standard output",
                                   base::quote(output), fault));
    }
    return output;
}

}  // namespace

Config read_config(const OrganizationInputs& inputs, base::MistakeLines& mistakes) {
    const Values& values = inputs.values;
    Config config;
    if (!inputs.file.warning.empty()) {
        config.warnings.push_back(inputs.file.warning);
    }
    config.mode = read_mode(values, mistakes);
    config.ca_file = read_ca_file(values, inputs.file, config.warnings);
    config.poll = read_poll(values, config.mode, mistakes, config.warnings);
    config.state_file = read_state_file(values, inputs.file);
    config.shard = read_shard(values, inputs.environment, mistakes);
    config.buckets = Buckets{values.bounds("buckets.expiry"), values.bounds("buckets.last-used"),
                             values.bounds("buckets.age")};
    config.scopes = read_scopes(values, config.warnings);
    config.policy = Policy{values.duration("policy.max-lifetime", std::chrono::seconds(1)),
                           values.duration("policy.max-idle", std::chrono::seconds(1))};
    config.tokens = read_tokens(values);
    config.web = read_web(values, inputs.file.directory, mistakes);
    config.log = read_log(values);
    config.demo = read_demo(values);
    config.once_output = read_once_output(values, config.mode);
    config.probe_url = read_probe_url(values);
    if (config.mode == Mode::probe && !config.probe_url && config.web.systemd_socket &&
        config.web.probe_listen_addresses.empty()) {
        values.mistake(
            "probe",
            "needs a URL where systemd has the socket, such as --probe=http://localhost:10077/healthz");
    }
    if (config.demo.enabled && config.shard.count > 1) {
        values.mistake("shard.count",
                       "--demo polls one simulated organization, and there is nothing to share; leave out "
                       "one of the two");
    }
    if (!config.demo.enabled) {
        config.organizations =
            read_organizations(inputs, config.mode != Mode::config_check && config.mode != Mode::probe,
                               mistakes, config.warnings);
    } else if (const std::vector<std::string> unused = given_credentials(inputs); !unused.empty()) {
        config.warnings.push_back(fmt::format("{}: a simulated organization is polled; not used: {}",
                                              values.given("demo")->place, base::join(unused)));
    }
    if (mistakes.empty()) {
        config.in_effect = configuration_in_effect(inputs, config);
    }
    // Last, so that a mistake about one organization shows in every replica.
    config.organizations_configured = config.organizations.size();
    config.organizations = organizations_of(config.shard, config.organizations);
    return config;
}

}  // namespace exporter::config

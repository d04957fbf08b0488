// What `load` returns: the complete external configuration, validated and immutable.
#pragma once

#include "base/address.h"
#include "base/dates.h"
#include "config/credentials.h"
#include "config/endpoint.h"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::config {

enum class Mode {
    serve,         ///< poll and serve until a signal
    once,          ///< one poll of each organization, write the exposition, exit
    check,         ///< one authenticated request per organization, report the result, exit
    config_check,  ///< the configuration is OK; exit
    list,          ///< one poll of each organization, list the tokens, exit
    probe          ///< check the health of a running exporter; exit
};

struct Organization {
    std::string name = "default";        ///< the `org` label; unique
    std::string site = "datadoghq.com";  ///< for messages: the site, or the base URL's host
    Endpoint endpoint;
    std::optional<Proxy> proxy;
    CredentialSources credentials;
    std::string filter;                 ///< the API's `filter`; empty: none
    std::vector<std::string> owned_by;  ///< the API's `filter[owned_by]`; empty: none
};

struct Poll {
    base::Duration interval = std::chrono::minutes(5);
    base::Duration timeout = std::chrono::minutes(2);  ///< for a whole poll, including retries and waits
    base::Duration stale_after =
        std::chrono::hours(1);    ///< inventory series disappear after this long without a successful poll
    std::size_t page_size = 100;  ///< 1 to 100, Datadog's maximum
    std::size_t concurrency = 4;  ///< concurrent requests to one organization, 1 to 16
    std::size_t rate_limit_reserve =
        10;  ///< percent of the organization's rate limit reserved for others, 0 to 90
    std::size_t max_tokens = 200'000;  ///< in one listing; a longer one fails
    std::size_t max_scopes = 5000;     ///< distinct scopes in one listing; one with more fails

    bool operator==(const Poll&) const = default;
};

/// Which part of the organizations this replica polls. A single shard has all of them.
struct Shard {
    std::size_t index = 0;  ///< below `count`
    std::size_t count = 1;  ///< at least 1
};

using Days = std::chrono::days;

/// Ascending bucket bounds, at least one each.
struct Buckets {
    std::vector<base::Duration> expiry = {Days(1), Days(7), Days(30), Days(90), Days(365)};
    std::vector<base::Duration> last_used = {Days(1), Days(7), Days(30), Days(90)};
    std::vector<base::Duration> age = {Days(7), Days(30), Days(90), Days(365)};

    bool operator==(const Buckets&) const = default;
};

/// Scopes are Datadog's permissions. The set is open: unknown ones are valid.
[[nodiscard]] std::vector<std::string> default_privileged_scopes();

struct Scopes {
    std::size_t limit = 500;  ///< scopes exposed by name; the others are folded into `other`
    std::vector<std::string> privileged = default_privileged_scopes();

    bool operator==(const Scopes&) const = default;
};

struct Policy {
    base::Duration max_lifetime = Days(365);
    base::Duration max_idle = Days(90);
    base::Duration expiry_notice = Days(7);
    base::Duration active_within = Days(7);
    base::Duration short_lived = Days(8);

    bool operator==(const Policy&) const = default;
};

/// In the order of their names in the option table, as for the log's enumerations.
enum class Detail { none, findings, all };

struct Tokens {
    Detail detail = Detail::none;
    std::size_t detail_limit = 1000;

    bool operator==(const Tokens&) const = default;
};

using base::ListenAddress;

struct Web {
    std::vector<ListenAddress> listen_addresses = {
        {.host = "", .port = 10077}};                   ///< empty with `systemd_socket`
    std::vector<ListenAddress> probe_listen_addresses;  ///< for health probes only; may be empty
    bool systemd_socket = false;                        ///< sockets come from systemd
    std::filesystem::path config_file;                  ///< for `read_web_file`; empty: none
    base::WorldReadable world_readable =
        base::WorldReadable::refused;  ///< for the keys named in `config_file`
    std::string telemetry_path = "/metrics";
    std::size_t max_connections = 1024;
    std::size_t max_connections_per_address = 256;  ///< at most `max_connections`
    std::size_t max_scrapes = 64;  ///< concurrent scrapes; at most half of `max_connections`, or 1
};

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { logfmt, json };

struct Log {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::logfmt;
};

enum class ListFormat { table, json, csv };

/// What `Mode::list` lists.
struct List {
    std::vector<std::string> reasons;  ///< of findings, as given; empty: all tokens
    ListFormat format = ListFormat::table;
    bool owners = true;  ///< whether to look up the owners' names
};

/// The simulated organization for `--demo`.
struct Demo {
    bool enabled = false;
    std::size_t tokens = 400;
    std::size_t seed = 1;

    bool operator==(const Demo&) const = default;
};

/// The URL that `--probe` requests.
struct ProbeUrl {
    Endpoint endpoint;
    std::string path;  ///< path and query
};

struct Config {
    Mode mode = Mode::serve;
    std::filesystem::path config_file;         ///< empty: none
    bool config_watch = false;                 ///< whether to reload when `config_file` changes
    std::vector<Organization> organizations;   ///< this shard's; none if `demo.enabled`
    std::size_t organizations_configured = 0;  ///< in all shards
    std::filesystem::path ca_file;             ///< PEM roots instead of the system's; empty: the system's
    Poll poll;
    std::filesystem::path state_file;  ///< keeps the last complete inventories across restarts; empty: none
    Shard shard;
    Buckets buckets;
    Scopes scopes;
    Policy policy;
    Tokens tokens;
    Web web;
    Log log;
    List list;
    Demo demo;
    std::optional<ProbeUrl> probe_url;  ///< for `Mode::probe`; nullopt: the address in `web`
    std::string once_output;            ///< file for `Mode::once`; empty: standard output
    std::vector<std::string> warnings;  ///< valid, but worth a log line (unknown site, interval below 30s)
    std::string in_effect;              ///< the whole configuration as text for people, without secrets
};

/// The shard, below `count`, of an organization with this name. It must not change between versions or
/// machines: otherwise two replicas could poll the same organization, or none.
///
/// @param count at least 1
[[nodiscard]] std::size_t shard_of(std::string_view organization, std::size_t count);

/// The organizations of this shard, in their original order; possibly none.
[[nodiscard]] std::vector<Organization> organizations_of(const Shard& shard,
                                                         std::vector<Organization> organizations);

/// Whether both take their credentials from the same files. Values from the environment can't change while
/// the program runs and are not compared.
[[nodiscard]] bool same_credential_files(const CredentialSources& left, const CredentialSources& right);

/// Whether the settings that all organizations share are the same.
[[nodiscard]] bool same_shared_settings(const Config& left, const Config& right);

/// `polls 2 of 7 organizations (shard 0 of 3)`, for people; empty if one replica polls all of them.
[[nodiscard]] std::string share_in_words(const Config& config);

}  // namespace exporter::config

// Serves a simulated Datadog organization until terminated, for benchmarks and end-to-end tests. Prints its
// URL on one line once it listens.
#include "support/simulated_datadog.h"

#include "chaos.h"

#include <CLI/CLI.hpp>
#include <rapidjson/ostreamwrapper.h>
#include <rapidjson/prettywriter.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using exporter::demo::SimulatedOrganization;
using exporter::demo::SimulatedRateLimit;
using exporter::demo::SimulatedToken;
using exporter::support::SimulatedDatadog;
using exporter::support::SimulatedDatadogOptions;

struct Arguments {
    SimulatedDatadogOptions datadog;
    std::chrono::milliseconds latency{0};
    double chaos = 0;  ///< probability of a fault
    std::uint64_t chaos_seed = 1;
    std::chrono::seconds longest_run{600};
    std::string expected_file;
};

/// `100/10`: 100 requests per 10 seconds.
SimulatedRateLimit parse_rate_limit(const std::string& text) {
    int limit = 0;
    int seconds = 0;
    const char* const end = text.data() + text.size();
    const auto [slash, limit_error] = std::from_chars(text.data(), end, limit);
    if (limit_error != std::errc() || slash == end || *slash != '/' || limit < 0) {
        throw CLI::ValidationError("--rate-limit", "must be N/SECONDS, such as 100/10");
    }
    const auto [rest, seconds_error] = std::from_chars(slash + 1, end, seconds);
    if (seconds_error != std::errc() || rest != end || seconds < 1) {
        throw CLI::ValidationError("--rate-limit", "must be N/SECONDS, such as 100/10");
    }
    return {limit, std::chrono::seconds(seconds)};
}

/// CLI::Range would accept "nan".
void check_probability(double value) {
    if (!(value >= 0 && value <= 1)) {
        throw CLI::ValidationError("--chaos", "must be a probability, 0 to 1");
    }
}

/// Throws CLI::ParseError.
Arguments parse(CLI::App& app, int argc, char** argv) {
    Arguments arguments;
    std::string rate_limit;
    std::int64_t latency_milliseconds = 0;
    std::int64_t max_seconds = arguments.longest_run.count();
    bool no_gzip = false;
    bool alive = false;
    bool no_users = false;
    auto& organization = arguments.datadog.organization;

    app.add_option("--port", arguments.datadog.port, "port; 0 is any free one");
    app.add_option("--tokens", organization.tokens, "tokens in the organization");
    app.add_option("--seed", organization.seed, "another seed is another organization");
    app.add_option("--latency", latency_milliseconds, "milliseconds before each answer");
    app.add_option("--rate-limit", rate_limit, "N/SECONDS requests");
    app.add_option("--chaos", arguments.chaos, "probability, 0 to 1, of a fault instead of a page");
    app.add_option("--chaos-seed", arguments.chaos_seed, "another seed is another order of faults");
    app.add_flag("--no-gzip", no_gzip, "never compress");
    app.add_flag("--alive", alive, "create, revoke and use tokens; otherwise nothing changes");
    app.add_flag("--no-user-access", no_users, "refuse look-ups of users, as without user_access_read");
    app.add_option("--max-seconds", max_seconds, "exit after this many seconds")
        ->check(CLI::Range(1, 86'400));
    app.add_option("--expected", arguments.expected_file,
                   "writes the counts at the start to this file, as JSON");
    app.parse(argc, argv);
    check_probability(arguments.chaos);
    if (!rate_limit.empty()) {
        arguments.datadog.rate_limit = parse_rate_limit(rate_limit);
    }
    arguments.datadog.gzip = !no_gzip;
    arguments.datadog.alive = alive;
    arguments.datadog.user_access_read = !no_users;
    arguments.latency = std::chrono::milliseconds(latency_milliseconds);
    arguments.longest_run = std::chrono::seconds(max_seconds);
    return arguments;
}

using Counts = std::map<std::string, std::size_t>;

struct Expected {
    std::size_t total = 0;
    std::size_t never_expiring = 0;
    std::size_t never_used = 0;
    std::size_t unscoped = 0;
    std::size_t leaked = 0;
    std::set<std::string> owners;
    Counts by_token_type;
    Counts by_owner_type;
    Counts by_scope;
};

std::string name_of(exporter::datadog::TokenType type) {
    using exporter::datadog::TokenType;
    return type == TokenType::personal ? "personal" : type == TokenType::service ? "service" : "other";
}

std::string name_of(exporter::datadog::OwnerType type) {
    using exporter::datadog::OwnerType;
    return type == OwnerType::user              ? "user"
           : type == OwnerType::service_account ? "service_account"
                                                : "other";
}

/// Deliberately doesn't use the exporter's counting code, because the tests compare the two.
Expected count(const SimulatedOrganization& organization) {
    Expected expected;
    for (const SimulatedToken& token : organization.tokens()) {
        ++expected.total;
        expected.never_expiring += token.expires_at ? 0U : 1U;
        expected.never_used += token.last_used_at ? 0U : 1U;
        expected.unscoped += token.scopes.empty() ? 1U : 0U;
        expected.leaked += token.leaked ? 1U : 0U;
        expected.owners.insert(token.owner_id);
        ++expected.by_token_type[name_of(token.type)];
        ++expected.by_owner_type[name_of(token.owner_type)];
        for (const auto& scope : std::set<std::string>(token.scopes.begin(), token.scopes.end())) {
            ++expected.by_scope[scope];
        }
    }
    return expected;
}

using JsonWriter = rapidjson::PrettyWriter<rapidjson::OStreamWrapper>;

void write(JsonWriter& writer, const char* key, std::size_t value) {
    writer.Key(key);
    writer.Uint64(value);
}

void write(JsonWriter& writer, const char* key, const Counts& counts) {
    writer.Key(key);
    writer.StartObject();
    for (const auto& [name, value] : counts) {
        write(writer, name.c_str(), value);
    }
    writer.EndObject();
}

void write_expected(const std::string& file, const Expected& expected) {
    std::ofstream output(file);
    rapidjson::OStreamWrapper stream(output);
    JsonWriter writer(stream);
    writer.StartObject();
    write(writer, "total", expected.total);
    write(writer, "never_expiring", expected.never_expiring);
    write(writer, "never_used", expected.never_used);
    write(writer, "unscoped", expected.unscoped);
    write(writer, "leaked", expected.leaked);
    write(writer, "owners", expected.owners.size());
    write(writer, "by_token_type", expected.by_token_type);
    write(writer, "by_owner_type", expected.by_owner_type);
    write(writer, "by_scope", expected.by_scope);
    writer.EndObject();
    output << '\n' << std::flush;
    if (!output) {
        throw std::runtime_error("can't write " + file);
    }
}

/// Call this before any thread starts, so that all threads leave the signals to `wait_for_end`.
sigset_t block_end_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

void wait_for_end(const sigset_t& signals, std::chrono::seconds longest) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    for (auto left = longest; left.count() > 0;
         left = std::chrono::ceil<std::chrono::seconds>(deadline - std::chrono::steady_clock::now())) {
        const timespec timeout{left.count(), 0};
        if (sigtimedwait(&signals, nullptr, &timeout) > 0) {
            return;
        }
    }
}

void run(const Arguments& arguments) {
    const sigset_t signals = block_end_signals();
    SimulatedDatadog server(arguments.datadog);
    exporter::support::Faults faults;
    faults.latency = arguments.latency;
    if (arguments.chaos > 0) {
        faults.intercept = exporter::tools::Chaos(arguments.chaos, arguments.chaos_seed);
    }
    server.set_faults(std::move(faults));
    if (!arguments.expected_file.empty()) {
        server.with_organization([&](const SimulatedOrganization& organization) {
            write_expected(arguments.expected_file, count(organization));
        });
    }
    std::cout << server.url() << std::endl;
    wait_for_end(signals, arguments.longest_run);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app(
        "Serves a simulated Datadog organization on 127.0.0.1. Credentials: DD-API-KEY demo-api-key with "
        "DD-APPLICATION-KEY demo-app-key, or the access token ddpat_demo_0123456789abcdef.",
        "simulated_datadog");
    try {
        run(parse(app, argc, argv));
    } catch (const CLI::ParseError& error) {
        return app.exit(error);
    } catch (const std::exception& error) {
        std::cerr << "simulated_datadog: " << error.what() << '\n';
        return 1;
    }
    return 0;
}

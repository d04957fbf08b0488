#include "app/run.h"

#include "app/build_info.h"
#include "app/check.h"
#include "app/demo.h"
#include "app/log.h"
#include "app/output_file.h"
#include "app/secrecy.h"
#include "app/service.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <system_error>
#include <variant>

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

constexpr int done = 0;
constexpr int failed = 1;
constexpr int wrong_configuration = 2;

/// SIGINT and SIGTERM, kept from every thread and waited for by one. Must be made before any other thread.
class EndSignal {
  public:
    EndSignal() {
        ::sigemptyset(&signals_);
        ::sigaddset(&signals_, SIGINT);
        ::sigaddset(&signals_, SIGTERM);
        ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }

    std::string wait() {
        int signal = 0;
        while (::sigwait(&signals_, &signal) != 0) {
        }
        return signal == SIGINT ? "SIGINT" : "SIGTERM";
    }

  private:
    sigset_t signals_{};
};

/// `http://localhost:10077`, for people to click.
std::string url_of(const config::ListenAddress& address, std::uint16_t port) {
    const bool any = address.host.empty() || address.host == "0.0.0.0" || address.host == "::";
    const bool v6 = address.host.find(':') != std::string::npos;
    const std::string host = any ? "localhost" : v6 ? "[" + address.host + "]" : address.host;
    return fmt::format("http://{}:{}", host, port);
}

int serve(const config::Config& config, Log& log, EndSignal& end) {
    Monitoring monitoring(config, log);
    const auto server = start_server(config, monitoring);
    if (!server) {
        log.error("the server can't start", {{"error", server.error()}});
        return failed;
    }
    for (std::size_t i = 0; i < config.web.listen_addresses.size(); ++i) {
        const std::string url = url_of(config.web.listen_addresses[i], (*server)->ports()[i]);
        log.info("listening", {{"metrics", url + config.web.telemetry_path}, {"status", url + "/"}});
    }
    monitoring.start();

    const std::string signal = end.wait();
    log.info("ending", {{"signal", signal}});
    (*server)->stop(500ms);
    if (!monitoring.stop(1s)) {
        log.warn("a poll did not end in time; leaving without it");
        log.flush();
        std::_Exit(done);
    }
    return done;
}

/// Only a configuration that is checked may lack them.
bool lacks_credentials(const config::Config& config) {
    return std::any_of(config.organizations.begin(), config.organizations.end(),
                       [](const auto& organization) {
                           return !organization.credentials.app_key && !organization.credentials.bearer_token;
                       });
}

int poll_once(const config::Config& config, Log& log) {
    Monitoring monitoring(config, log);
    const bool published = monitoring.poll_once();
    const std::string text = monitoring.text();
    if (config.once_output.empty()) {
        if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
            log.error("the exposition can't be written to standard output",
                      {{"error", std::system_category().message(errno)}});
            return failed;
        }
    } else if (const auto written = replace_file(config.once_output, text); !written) {
        log.error("the exposition can't be written", {{"error", written.error()}});
        return failed;
    }
    return published ? done : failed;
}

/// How the process deals with memory and pipes.
void set_up_process() {
    // Writing to a connection that the peer has closed is an error of that write, not the program's end.
    std::signal(SIGPIPE, SIG_IGN);
#ifdef __GLIBC__
    // Large blocks are given back when they are freed. By default glibc raises this bound with each that it
    // frees, and then keeps them, one for each thread: an organization whose API answers with garbage held 50
    // MiB for ever.
    constexpr int large_block = 1 << 20;
    ::mallopt(M_MMAP_THRESHOLD, large_block);  // NOLINT(concurrency-mt-unsafe): there is no other thread yet
#endif
}

int run_mode(config::Config config) {
    set_up_process();
    // Only who serves has something to finish; the other modes end as any command does.
    std::optional<EndSignal> end;
    if (config.mode == config::Mode::serve) {
        end.emplace();
    }
    Log log(config.log);
    for (const std::string& warning : config.warnings) {
        log.warn(warning);
    }
    if (config.mode == config::Mode::config_check) {
        fmt::print("the configuration is right: {} organization(s){}\n",
                   config.demo.enabled ? 1 : config.organizations.size(),
                   lacks_credentials(config) ? "; no credentials were given to check" : "");
        return done;
    }
    const Demo demo(config);
    log.debug("starting", {{"version", std::string(version())}, {"revision", std::string(revision())}});
    switch (config.mode) {
        case config::Mode::check:
            return check(config);
        case config::Mode::once:
            return poll_once(config, log);
        default:
            return serve(config, log, *end);
    }
}

struct Finish {
    int operator()(config::Config& config) const { return run_mode(std::move(config)); }

    int operator()(const config::Information& information) const {
        fmt::print("{}", information.text);
        return done;
    }

    int operator()(const config::Mistakes& mistakes) const {
        for (const std::string& line : mistakes.lines) {
            fmt::print(stderr, "datadog_token_exporter: {}\n", line);
        }
        return wrong_configuration;
    }
};

}  // namespace

int run(const std::vector<std::string>& arguments, config::Environment environment) {
    auto outcome = config::load(arguments, environment, version_text());
    wipe_credentials(environment);
    return std::visit(Finish{}, outcome);
}

}  // namespace exporter::app

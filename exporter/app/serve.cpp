#include "app/serve.h"

#include "app/web_server.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace exporter::app {

namespace {

using namespace std::chrono_literals;

/// From a signal that ends the program to the end of the process, whatever hangs: a disk, a name server, a
/// password's check. SECURITY.md and README promise three seconds; the rest is for a busy machine.
constexpr auto longest_end = 2500ms;

/// For answers under way, so that a scrape at the end is not lost.
constexpr auto grace_of_answers = 500ms;

struct SignalRule {
    int number;
    std::string_view name;
    bool ends;  ///< the program, in order; else nothing happens
};

/// What people, terminals and supervisors send, and what would end the process at once if it were left to the
/// kernel.
constexpr std::array<SignalRule, 6> signal_rules = {{{SIGTERM, "SIGTERM", true},
                                                     {SIGINT, "SIGINT", true},
                                                     {SIGQUIT, "SIGQUIT", true},
                                                     {SIGHUP, "SIGHUP", false},
                                                     {SIGUSR1, "SIGUSR1", false},
                                                     {SIGUSR2, "SIGUSR2", false}}};

}  // namespace

struct Signals::Shared {
    std::promise<std::string> end;
    std::mutex mutex;
    // Protected by mutex:
    Log* log = nullptr;  ///< null: nobody listens any more
    const Monitoring* monitoring = nullptr;

    template <class Say>
    void say(const Say& words) {
        const std::lock_guard lock(mutex);
        if (log != nullptr) {
            words(*log);
        }
    }

    [[noreturn]] void run(const sigset_t& blocked) {
        std::bitset<signal_rules.size()> told;  // Once for each: nobody can flood the log.
        for (;;) {
            int number = 0;
            if (::sigwait(&blocked, &number) != 0) {
                continue;
            }
            const auto* const rule = std::find_if(signal_rules.begin(), signal_rules.end(),
                                                  [=](const auto& known) { return known.number == number; });
            const auto place = static_cast<std::size_t>(rule - signal_rules.begin());
            if (rule->ends) {
                end.set_value(std::string(rule->name));
                end_at_last();
            }
            if (!told.test(place)) {
                told.set(place);
                const std::string name(rule->name);
                say([&name](Log& to) { to.warn("the signal is ignored", {{"signal", name}}); });
            }
        }
    }

    /// Ends the process even if something hangs.
    [[noreturn]] void end_at_last() {
        std::this_thread::sleep_for(longest_end - Log::longest_flush);
        say([](Log& to) {
            to.warn("the shutdown takes too long; leaving with work unfinished");
            to.flush();
        });
        const std::lock_guard lock(mutex);
        std::_Exit(monitoring != nullptr && monitoring->has_unsaved_state() ? EXIT_FAILURE : EXIT_SUCCESS);
    }
};

sigset_t block_signals() {
    sigset_t set{};
    ::sigemptyset(&set);
    for (const SignalRule& rule : signal_rules) {
        ::sigaddset(&set, rule.number);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

void end_by_signals(void (*clean_up)()) {
    // SECURITY.md promises three; the rest is for a busy machine.
    constexpr unsigned longest_clean_up_seconds = 2;
    sigset_t set{};
    ::sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP}) {
        struct sigaction action{};
        // nohup, and a shell's `&`, have some of them ignored.
        if (::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
            ::sigaddset(&set, number);
        }
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::thread([set, clean_up] {
        int number = 0;
        ::sigwait(&set, &number);
        ::alarm(longest_clean_up_seconds);
        clean_up();
        ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
        ::raise(number);
    }).detach();
}

Signals::Signals(const sigset_t& blocked, Log& log) : shared_(std::make_shared<Shared>()) {
    shared_->log = &log;
    // Detached: it must outlive everything else, to end the process if something hangs.
    std::thread([blocked, shared = shared_] { shared->run(blocked); }).detach();
}

Signals::~Signals() {
    const std::lock_guard lock(shared_->mutex);
    shared_->log = nullptr;
}

std::string Signals::wait_for_end() {
    return shared_->end.get_future().get();
}

void Signals::set_monitoring(const Monitoring* monitoring) {
    const std::lock_guard lock(shared_->mutex);
    shared_->monitoring = monitoring;
}

int serve(const config::Config& config, Start& start, Log& log, Signals& signals) {
    Monitoring monitoring(config, log, start.reloads.get());
    const auto server = start_server(config, monitoring, start.inherited_sockets, start.protection, log);
    if (!server) {
        log.error("the server can't start", {{"error", server.error()}});
        return EXIT_FAILURE;
    }
    signals.set_monitoring(&monitoring);
    monitoring.start();
    std::jthread watching([&](const std::stop_token& stop) {
        watch_web_protection(start.protection, log, *start.reloads, stop,
                             [&](auto security) { (*server)->secure(std::move(security)); });
    });

    const std::string signal = signals.wait_for_end();
    log.info("ending", {{"signal", signal}});
    watching.request_stop();
    // Beside the saving of the state: where a disk hangs, a Unix socket's file is removed all the same.
    const std::jthread closing([&] { (*server)->stop(grace_of_answers); });
    monitoring.stop();
    signals.set_monitoring(nullptr);
    return EXIT_SUCCESS;
}

}  // namespace exporter::app

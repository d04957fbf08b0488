// The mode that serves: polls and answers until a signal ends it.
#pragma once

#include "app/log.h"
#include "app/monitoring.h"
#include "http/protection.h"
#include "metrics/catalog.h"

#include <csignal>
#include <memory>
#include <string>
#include <vector>

namespace exporter::app {

/// Keeps the signals that end the program (SIGTERM, SIGINT, SIGQUIT) and those that would, if they were left
/// to the kernel (SIGHUP, SIGUSR1, SIGUSR2), from this thread and all that it starts. Before any other thread
/// starts.
[[nodiscard]] sigset_t block_signals();

/// For a mode that does one thing: a signal that would end the process (SIGTERM, SIGINT, SIGQUIT, SIGHUP)
/// does so once `clean_up` has run, on a thread of its own; or after two seconds, by SIGALRM, where that
/// hangs. Before any other thread starts.
void end_by_signals(void (*clean_up)());

/// Takes the signals of `block_signals`, on a thread of its own. Once one that ends the program has come, the
/// process ends within `longest_end`, whatever hangs.
class Signals {
  public:
    /// @param blocked what `block_signals` blocked
    /// @param log gets a line for each signal; must outlive this object
    Signals(const sigset_t& blocked, Log& log);
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();

    /// The name of the signal that ends the program, once it has come.
    [[nodiscard]] std::string wait_for_end();

    /// @param monitoring is asked for unsaved states if the end takes too long; must outlive this, or the
    /// next call. Null: nothing is to be saved
    void set_monitoring(const Monitoring* monitoring);

  private:
    struct Shared;
    const std::shared_ptr<Shared> shared_;
};

/// What the process was started with and needs beyond its configuration.
struct Start {
    std::unique_ptr<metrics::Reloads> reloads;  ///< never null
    http::Protection protection;
    std::vector<int> inherited_sockets;
};

/// @return the exit status
[[nodiscard]] int serve(const config::Config& config, Start& start, Log& log, Signals& signals);

}  // namespace exporter::app

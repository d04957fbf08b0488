// Keeps what each organization's numbers rest on, in memory and, now and then, in the state file.
#pragma once

#include "base/text_hash.h"
#include "scan/clock.h"
#include "state/state_file.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace exporter::state {

/// What whoever runs the program should hear of.
enum class StateEvent {
    ignored,      ///< a state, or the whole file, is not used: the start is a cold one
    not_saved,    ///< the file can't be written; told once, until it can be
    saved_again,  ///< it can be written after all
};

struct KeeperOptions {
    std::string path;
    /// The file is written at most so often. What a killed process loses is at most so much.
    std::chrono::milliseconds interval = std::chrono::minutes(1);
};

/// Thread-safe.
class StateKeeper {
  public:
    /// An organization whose state is wanted, and what it has to be counted by.
    struct Key {
        std::string name;
        std::string fingerprint;
    };
    /// Called on the thread that reads or writes the file, with path and reason; with no text for
    /// `saved_again`.
    using Tell = std::function<void(StateEvent event, const std::string& problem)>;

    /// Reads the file. Nothing about it is an error: what can't be used is told and left out, and so are,
    /// without a word, organizations that are not in `organizations`.
    ///
    /// @param clock must outlive the keeper
    StateKeeper(KeeperOptions options, const std::vector<Key>& organizations, scan::Clock& clock, Tell tell);
    StateKeeper(const StateKeeper&) = delete;
    StateKeeper& operator=(const StateKeeper&) = delete;
    /// As `stop`.
    ~StateKeeper();

    /// The organization's state: that of the file, or the last one given since. nullptr: none.
    [[nodiscard]] std::shared_ptr<const OrganizationState> state_of(std::string_view name) const;

    /// What censuses are to be hashed by: the file's own, or a new one where it had none.
    [[nodiscard]] const base::HashKey& hash_key() const { return key_; }

    /// Takes the place of the organization's state before. Copies no counts and waits for no disk.
    void update(OrganizationState state);

    /// Writes the file if anything was updated since it was written. True: the file is as new as the states.
    /// Does not throw: memory that runs out is a reason like others.
    bool save_if_changed();

    /// Whether the file is as new as the states, or there are none to save. Waits for no disk.
    [[nodiscard]] bool is_saved() const;

    /// Calls `save_if_changed` once an interval, on a thread of its own, until `stop`.
    void start();
    /// Ends the thread and saves what is not saved yet; the second time it does nothing.
    void stop();

  private:
    void load(const std::vector<Key>& organizations);
    void ignore(const std::string& why);
    void refuse(const Refusal& refusal);
    void run(const std::stop_token& stop);
    /// All states, and how many updates they come from; none where they are saved.
    [[nodiscard]] std::pair<States, std::uint64_t> unsaved() const;
    [[nodiscard]] bool save_and_tell();
    void tell_outcome(const std::string& problem);

    const KeeperOptions options_;
    scan::Clock& clock_;
    const Tell tell_;
    base::HashKey key_ = base::random_hash_key();  ///< constant after construction

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::map<std::string, std::shared_ptr<const OrganizationState>, std::less<>> states_;
    std::uint64_t updates_ = 0;
    std::uint64_t saved_updates_ = 0;  ///< how many of them are in the file

    std::mutex saving_;     ///< held while the file is written, before mutex_
    bool failing_ = false;  ///< protected by saving_

    bool stopped_ = false;
    std::jthread thread_;
};

}  // namespace exporter::state

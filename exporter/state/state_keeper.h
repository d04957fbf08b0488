// Keeps what each organization's numbers rest on, in memory and, now and then, in the state file.
#pragma once

#include "base/text_hash.h"
#include "scan/clock.h"
#include "state/state_file.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace exporter::state {

/// Thread-safe.
class StateKeeper {
  public:
    /// By the names of the organizations whose states are wanted: what each has to be counted by.
    using Fingerprints = std::map<std::string, std::string, std::less<>>;
    /// A message for the log. Called on the thread that reads or writes the file.
    ///
    /// @param problem path and reason; empty: it is good news
    using Tell = std::function<void(std::string_view message, const std::string& problem)>;

    /// Reads the file. Nothing about it is an error: what can't be used is told and left out, and so are,
    /// without a word, organizations that are not wanted.
    ///
    /// @param clock must outlive the keeper
    StateKeeper(std::string path, const Fingerprints& wanted, scan::Clock& clock, Tell tell);
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

    /// Forgets all others: organizations that went with a reload.
    void keep_only(const std::set<std::string, std::less<>>& names);

    /// Writes the file if anything was updated since it was written. True: the file is as new as the states.
    /// Does not throw: memory that runs out is a reason like others.
    bool save_if_changed();

    /// Whether the file is as new as the states, or there are none to save. Waits for no disk.
    [[nodiscard]] bool is_saved() const;

    /// Calls `save_if_changed` once a minute, on a thread of its own, until `stop`.
    void start();
    /// Ends the thread and saves what is not saved yet.
    void stop();

  private:
    [[nodiscard]] Stored load();
    void ignore(const std::string& why) const;

    const std::string path_;
    scan::Clock& clock_;
    const Tell tell_;
    base::HashKey key_;  ///< constant after construction

    mutable std::mutex mutex_;
    // Protected by mutex_:
    std::map<std::string, std::shared_ptr<const OrganizationState>, std::less<>> states_;
    std::uint64_t updates_ = 0;
    std::uint64_t saved_updates_ = 0;  ///< how many of them are in the file

    std::mutex saving_;     ///< held while the file is written, before mutex_
    bool failing_ = false;  ///< protected by saving_

    std::jthread thread_;
};

}  // namespace exporter::state

// Keeps the data behind each organization's numbers in memory, and saves it to the state file once a minute.
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
    /// The organizations whose states are wanted, with the fingerprint that each state must have.
    using Fingerprints = std::map<std::string, std::string, std::less<>>;
    /// A message for the log. Called on the thread that reads or writes the file.
    ///
    /// @param problem path and reason; empty: the problem is solved
    using Tell = std::function<void(std::string_view message, const std::string& problem)>;

    /// Reads the file. Never fails: unusable data is reported and skipped. Organizations that are not wanted
    /// are skipped silently.
    ///
    /// @param clock must outlive the keeper
    StateKeeper(std::string path, const Fingerprints& wanted, scan::Clock& clock, Tell tell);
    StateKeeper(const StateKeeper&) = delete;
    StateKeeper& operator=(const StateKeeper&) = delete;
    /// Calls `stop`.
    ~StateKeeper();

    /// The organization's state: from the file, or the last update since. nullptr: none.
    [[nodiscard]] std::shared_ptr<const OrganizationState> state_of(std::string_view name) const;

    /// The key for censuses' hashes: the file's, or a new one if it had none.
    [[nodiscard]] const base::HashKey& hash_key() const { return key_; }

    /// Replaces the organization's state. Copies no counts and never waits for the disk.
    void update(OrganizationState state);

    /// Drops the states of all other organizations, after a reload removed them.
    void keep_only(const std::set<std::string, std::less<>>& names);

    /// Writes the file if a state was updated since the last write. Returns whether the file is up to date.
    /// Does not throw: running out of memory is handled like any other failure.
    bool save_if_changed();

    /// Whether the file is up to date, or there is nothing to save. Never waits for the disk.
    [[nodiscard]] bool is_saved() const;

    /// Calls `save_if_changed` once a minute, on its own thread, until `stop`.
    void start();
    /// Ends the thread and saves any unsaved state.
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

    std::mutex saving_;     ///< held while the file is written; locked before mutex_
    bool failing_ = false;  ///< protected by saving_

    std::jthread thread_;
};

}  // namespace exporter::state

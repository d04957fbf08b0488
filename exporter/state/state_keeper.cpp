#include "state/state_keeper.h"

#include <fmt/format.h>

#include <chrono>
#include <exception>
#include <stop_token>
#include <utility>
#include <vector>

namespace exporter::state {

namespace {

/// How far ahead of the clock a listing may be. Clock corrections are smaller; beyond this, its age would be
/// wrong.
constexpr std::chrono::minutes clock_correction{1};

/// The file is written at most this often; a killed process loses at most this much.
constexpr std::chrono::minutes interval{1};

/// Path and reason; empty: written successfully.
std::string problem_of_writing(const std::string& path, const States& states, const base::HashKey& key) {
    try {
        const auto written = write_state_file(path, states, key);
        return written ? "" : written.error();
    } catch (const std::exception& exception) {
        return fmt::format("{}: {}", path, exception.what());
    }
}

}  // namespace

StateKeeper::StateKeeper(std::string path, const Fingerprints& wanted, scan::Clock& clock, Tell tell)
    : path_(std::move(path)), clock_(clock), tell_(std::move(tell)) {
    const Stored stored = load();
    const base::Timestamp limit = clock_.now() + clock_correction;
    key_ = stored.key;
    for (const auto& state : stored.states) {
        const auto organization = wanted.find(state->name);
        if (organization == wanted.end()) {
            continue;
        }
        if (organization->second != state->fingerprint) {
            ignore(fmt::format("organization {}: it is counted by other settings than before", state->name));
        } else if (state->listing.as_of > limit || state->inventory->as_of > limit) {
            ignore(fmt::format("organization {}: its listing is from the future", state->name));
        } else {
            states_.emplace(state->name, state);
        }
    }
}

StateKeeper::~StateKeeper() {
    stop();
}

Stored StateKeeper::load() {
    auto stored = read_state_file(path_);
    if (stored) {
        return *std::move(stored);
    }
    const auto& [why, replaceable] = stored.error();
    ignore(why + (replaceable ? "" : "; it is left alone, and no state is kept while it is there"));
    failing_ = !replaceable;  // It has already been reported.
    return {};
}

void StateKeeper::ignore(const std::string& why) const {
    tell_("the saved state is not used", fmt::format("{}: {}", path_, why));
}

std::shared_ptr<const OrganizationState> StateKeeper::state_of(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(name);
    return found == states_.end() ? nullptr : found->second;
}

void StateKeeper::update(OrganizationState state) {
    auto fresh = std::make_shared<const OrganizationState>(std::move(state));
    const std::lock_guard lock(mutex_);
    states_[fresh->name].swap(fresh);  // The old state is freed after the lock is released.
    ++updates_;
}

void StateKeeper::keep_only(const std::set<std::string, std::less<>>& names) {
    std::vector<std::shared_ptr<const OrganizationState>> forgotten;  // Freed after the lock is released.
    const std::lock_guard lock(mutex_);
    for (auto entry = states_.begin(); entry != states_.end();) {
        if (names.contains(entry->first)) {
            ++entry;
        } else {
            forgotten.push_back(std::move(entry->second));
            entry = states_.erase(entry);
            ++updates_;
        }
    }
}

bool StateKeeper::save_if_changed() {
    const std::lock_guard saving(saving_);
    try {
        States states;
        std::uint64_t updates = 0;
        {
            const std::lock_guard lock(mutex_);
            if (saved_updates_ == updates_) {
                return true;
            }
            updates = updates_;
            states.reserve(states_.size());
            for (const auto& [name, state] : states_) {
                states.push_back(state);
            }
        }
        const std::string problem = problem_of_writing(path_, states, key_);
        const bool fails = !problem.empty();
        if (fails != failing_) {
            tell_(fails ? "the state can't be saved" : "the state can be saved again", problem);
            failing_ = fails;  // Only now: if `tell_` throws, the next save reports it.
        }
        if (fails) {
            return false;
        }
        const std::lock_guard lock(mutex_);
        saved_updates_ = updates;
        return true;
    } catch (const std::exception&) {
        return false;  // Not even enough memory to report the failure: the next save tries again.
    }
}

bool StateKeeper::is_saved() const {
    const std::lock_guard lock(mutex_);
    return saved_updates_ == updates_;
}

void StateKeeper::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) {
        while (clock_.wait_until(clock_.steady_now() + interval, stop)) {
            save_if_changed();
        }
    });
}

void StateKeeper::stop() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
    save_if_changed();
}

}  // namespace exporter::state

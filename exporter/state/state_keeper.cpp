#include "state/state_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace exporter::state {

namespace {

/// How far ahead of the clock a listing may be: clocks are corrected by less. Beyond, its age would be a lie.
constexpr std::chrono::minutes clock_correction{1};

}  // namespace

StateKeeper::StateKeeper(KeeperOptions options, const std::vector<Key>& organizations, scan::Clock& clock,
                         Tell tell)
    : options_(std::move(options)), clock_(clock), tell_(std::move(tell)) {
    load(organizations);
}

StateKeeper::~StateKeeper() {
    stop();
}

void StateKeeper::ignore(const std::string& why) {
    tell_(StateEvent::ignored, fmt::format("{}: {}", options_.path, why));
}

void StateKeeper::refuse(const Refusal& refusal) {
    ignore(refusal.why +
           (refusal.replaceable ? "" : "; it is left alone, and no state is kept while it is there"));
    failing_ = !refusal.replaceable;  // So it has been told.
}

void StateKeeper::load(const std::vector<Key>& organizations) {
    const auto file = read_state_file(options_.path);
    if (!file) {
        refuse(file.error());
        return;
    }
    if (!*file) {
        return;
    }
    const Stored& stored = **file;
    const base::Timestamp latest = clock_.now() + clock_correction;
    key_ = stored.key;
    for (const auto& state : stored.states) {
        const auto wanted = std::find_if(organizations.begin(), organizations.end(),
                                         [&state](const Key& key) { return key.name == state->name; });
        if (wanted == organizations.end()) {
            continue;
        }
        if (wanted->fingerprint != state->fingerprint) {
            ignore(fmt::format("organization {}: it is counted by other settings than before", state->name));
        } else if (state->listing.as_of > latest || state->inventory->as_of > latest) {
            ignore(fmt::format("organization {}: its listing is from the future", state->name));
        } else {
            states_.emplace(state->name, state);
        }
    }
}

std::shared_ptr<const OrganizationState> StateKeeper::state_of(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(name);
    return found == states_.end() ? nullptr : found->second;
}

void StateKeeper::update(OrganizationState state) {
    auto fresh = std::make_shared<const OrganizationState>(std::move(state));
    const std::lock_guard lock(mutex_);
    states_[fresh->name].swap(fresh);  // What it replaces is freed after the lock.
    ++updates_;
}

std::pair<States, std::uint64_t> StateKeeper::unsaved() const {
    const std::lock_guard lock(mutex_);
    States states;
    if (saved_updates_ != updates_) {
        states.reserve(states_.size());
        for (const auto& [name, state] : states_) {
            states.push_back(state);
        }
    }
    return {std::move(states), updates_};
}

bool StateKeeper::save_if_changed() {
    const std::lock_guard saving(saving_);
    try {
        return save_and_tell();
    } catch (const std::exception&) {
        return false;  // No memory even to tell that there was none for saving: tried again the next time.
    }
}

bool StateKeeper::save_and_tell() {
    std::string problem;
    std::uint64_t saved = 0;
    try {
        const auto [states, updates] = unsaved();
        if (states.empty()) {
            return true;
        }
        saved = updates;
        if (auto written = write_state_file(options_.path, states, key_); !written) {
            problem = std::move(written).error();
        }
    } catch (const std::exception& exception) {
        problem = fmt::format("{}: {}", options_.path, exception.what());
    }
    tell_outcome(problem);
    if (!problem.empty()) {
        return false;
    }
    const std::lock_guard lock(mutex_);
    saved_updates_ = saved;
    return true;
}

bool StateKeeper::is_saved() const {
    const std::lock_guard lock(mutex_);
    return saved_updates_ == updates_;
}

void StateKeeper::tell_outcome(const std::string& problem) {
    const bool fails = !problem.empty();
    if (fails != failing_) {
        tell_(fails ? StateEvent::not_saved : StateEvent::saved_again, problem);
        failing_ = fails;  // Not sooner: what could not be told is told the next time.
    }
}

void StateKeeper::start() {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void StateKeeper::run(const std::stop_token& stop) {
    while (clock_.wait_until(clock_.steady_now() + options_.interval, stop)) {
        save_if_changed();
    }
}

void StateKeeper::stop() {
    if (thread_.joinable()) {
        thread_.request_stop();
        thread_.join();
    }
    if (!std::exchange(stopped_, true)) {
        save_if_changed();
    }
}

}  // namespace exporter::state

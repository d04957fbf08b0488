// How the process deals with its memory.
#pragma once

#include "scan/clock.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

namespace exporter::app {

/// To be called before there is another thread.
void set_up_memory();

/// Gives what is free back to the system. Takes up to a few milliseconds, in which no other thread allocates.
void give_back_memory();

/// Gives memory back after polls that took much, for all organizations. Used by the thread that decides what
/// is polled next, which can do nothing else meanwhile: an API that sends much at each poll, or many that do,
/// must not make that every other thing it does.
class MemoryReturn {
  public:
    static constexpr std::chrono::seconds pause{30};

    /// @param clock must outlive this object
    explicit MemoryReturn(scan::Clock& clock, std::function<void()> give_back = give_back_memory);

    /// A poll has ended, and its answers had so many bytes. What could not be given back for lack of a pause
    /// is given back when a later poll ends, however small.
    void poll_ended(std::uint64_t bytes);

  private:
    scan::Clock& clock_;
    const std::function<void()> give_back_;
    bool due_ = false;
    std::optional<scan::SteadyTime> last_;
};

}  // namespace exporter::app

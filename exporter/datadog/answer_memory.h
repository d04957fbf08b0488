// How much memory answers may take together, however many organizations send large ones at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace exporter::datadog {

/// Each answer has `ordinary` bytes to itself; what it takes beyond comes out of one pool for the whole
/// program, of which one organization may have half. Nobody waits for the pool: an answer that finds it empty
/// has failed, and is asked for again a little later, so that a server that holds on to its large answers
/// keeps no other organization's ordinary ones from being read. Thread-safe.
class AnswerMemory {
  public:
    /// A page of 100 tokens takes 60 to 100 kB.
    static constexpr std::size_t ordinary = std::size_t{256} << 10;
    static constexpr std::size_t default_pool = std::size_t{20} << 20;

    explicit AnswerMemory(std::size_t pool = default_pool) : left_(pool), size_(pool) {}
    /// What one organization may have of `pool`: half of it. The largest page fits.
    explicit AnswerMemory(std::shared_ptr<AnswerMemory> pool)
        : left_(pool->size_ / 2), size_(pool->size_ / 2), pool_(std::move(pool)) {}

    /// What one answer has taken; gives it back at its end.
    class Share {
      public:
        Share() = default;
        explicit Share(std::shared_ptr<AnswerMemory> memory) : memory_(std::move(memory)) {}
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;
        Share(Share&& other) noexcept
            : memory_(std::move(other.memory_)), taken_(std::exchange(other.taken_, 0)) {}
        Share& operator=(Share&& other) noexcept {
            std::swap(memory_, other.memory_);
            std::swap(taken_, other.taken_);
            return *this;
        }
        ~Share() {
            if (memory_) {
                memory_->give_back(taken_);
            }
        }

        /// The answer takes `bytes` in all. False: there is no room for so many, and it has as many as
        /// before.
        [[nodiscard]] bool grow_to(std::size_t bytes) {
            if (!memory_ || bytes <= ordinary + taken_) {
                return true;
            }
            const std::size_t more = bytes - ordinary - taken_;
            const bool there_is_room = memory_->take(more);
            taken_ += there_is_room ? more : 0;
            return there_is_room;
        }

      private:
        std::shared_ptr<AnswerMemory> memory_;  ///< null: nobody counts
        std::size_t taken_ = 0;                 ///< of the pool
    };

  private:
    [[nodiscard]] bool take(std::size_t bytes) {
        std::size_t left = left_.load();
        do {
            if (left < bytes) {
                return false;
            }
        } while (!left_.compare_exchange_weak(left, left - bytes));
        const bool taken = !pool_ || pool_->take(bytes);
        left_ += taken ? 0 : bytes;
        return taken;
    }

    void give_back(std::size_t bytes) {
        left_ += bytes;
        if (pool_) {
            pool_->give_back(bytes);
        }
    }

    std::atomic<std::size_t> left_;
    const std::size_t size_;
    const std::shared_ptr<AnswerMemory> pool_;  ///< that this is a part of; null: none
};

}  // namespace exporter::datadog

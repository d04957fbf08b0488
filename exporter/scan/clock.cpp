#include "scan/clock.h"

#include <condition_variable>
#include <mutex>
#include <random>

namespace exporter::scan {

namespace {

class SystemClock final : public Clock {
  public:
    base::Timestamp now() override {
        return std::chrono::floor<base::Timestamp::duration>(std::chrono::system_clock::now());
    }

    SteadyTime steady_now() override { return std::chrono::steady_clock::now(); }

    bool wait_until(SteadyTime moment, std::stop_token stop) override {
        std::mutex mutex;
        std::condition_variable_any never_notified;
        std::unique_lock lock(mutex);  // cppcheck-suppress localMutex ; only there to be waited with
        never_notified.wait_until(lock, stop, moment, [] { return false; });
        return !stop.stop_requested();
    }
};

class SystemRandomness final : public Randomness {
  public:
    double next() override {
        const std::lock_guard lock(mutex_);
        return distribution_(engine_);
    }

  private:
    std::mutex mutex_;
    std::mt19937_64 engine_{std::random_device{}()};
    std::uniform_real_distribution<double> distribution_;
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

Randomness& system_randomness() {
    static SystemRandomness randomness;
    return randomness;
}

}  // namespace exporter::scan

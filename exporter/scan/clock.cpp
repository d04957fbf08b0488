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
        std::unique_lock lock(mutex);  // cppcheck-suppress localMutex ; used only for the wait
        never_notified.wait_until(lock, stop, moment, [] { return false; });
        return !stop.stop_requested();
    }
};

}  // namespace

Clock& system_clock() {
    static SystemClock clock;
    return clock;
}

double system_randomness() {
    thread_local std::mt19937_64 engine{std::random_device{}()};
    return std::uniform_real_distribution<double>()(engine);
}

}  // namespace exporter::scan

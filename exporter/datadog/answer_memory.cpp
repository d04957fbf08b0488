#include "datadog/answer_memory.h"

namespace exporter::datadog {

AnswerMemory::Share::~Share() {
    if (memory_) {
        memory_->give_back(taken_);
    }
}

bool AnswerMemory::Share::grow_to(std::size_t bytes) {
    if (!memory_ || bytes <= ordinary + taken_) {
        return true;
    }
    const std::size_t more = bytes - ordinary - taken_;
    if (!memory_->take(more)) {
        return false;
    }
    taken_ += more;
    return true;
}

bool AnswerMemory::take(std::size_t bytes) {
    std::size_t left = left_.load();
    while (left >= bytes) {
        if (left_.compare_exchange_weak(left, left - bytes)) {
            if (pool_ && !pool_->take(bytes)) {
                left_ += bytes;
                return false;
            }
            return true;
        }
    }
    return false;
}

void AnswerMemory::give_back(std::size_t bytes) {
    left_ += bytes;
    if (pool_) {
        pool_->give_back(bytes);
    }
}

}  // namespace exporter::datadog

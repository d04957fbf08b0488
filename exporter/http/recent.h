// The newest few of what was inserted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace exporter::http {

/// Not for several threads at once.
template <class T>
class Recent {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit Recent(std::size_t capacity) : capacity_(capacity) {}

    template <class Key>
    [[nodiscard]] bool contains(const Key& item) const {
        return std::find(items_.begin(), items_.end(), item) != items_.end();
    }

    /// What is there already keeps its age.
    void insert(T item) {
        if (contains(item)) {
            return;
        }
        if (items_.size() < capacity_) {
            items_.push_back(std::move(item));
            return;
        }
        items_[next_] = std::move(item);
        next_ = (next_ + 1) % capacity_;
    }

    template <class Predicate>
    void erase_if(Predicate is_unwanted) {
        // The oldest first, as when the next one went in behind the last.
        std::rotate(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(next_), items_.end());
        next_ = 0;
        std::erase_if(items_, is_unwanted);
    }

  private:
    const std::size_t capacity_;
    std::vector<T> items_;
    std::size_t next_ = 0;  ///< where the next one goes
};

}  // namespace exporter::http

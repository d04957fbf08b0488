#include "inventory/detail_list.h"

#include "inventory/label_text.h"

#include <algorithm>
#include <utility>

namespace exporter::inventory {

namespace {

using base::Timestamp;

Timestamp expiry_or_never(const std::optional<Timestamp>& expires_at) {
    return expires_at.value_or(Timestamp::max());
}

bool sooner(const TokenDetail& left, const TokenDetail& right) {
    const Timestamp left_expiry = expiry_or_never(left.expires_at);
    const Timestamp right_expiry = expiry_or_never(right.expires_at);
    return left_expiry != right_expiry ? left_expiry < right_expiry : left.id < right.id;
}

TokenDetail detail_of(const datadog::Token& token) {
    return {.id = id_label(token.id),
            .name = label_text(token.name),
            .type = token.type,
            .owner_type = token.owner_type,
            .owner_id = label_text(token.owner_id),
            .expires_at = token.expires_at.moment(),
            .last_used_at = token.last_used_at.moment(),
            .created_at = token.created_at.moment()};
}

}  // namespace

void DetailList::add(const datadog::Token& token) {
    const bool wanted =
        mode_ == DetailMode::all || (mode_ == DetailMode::expiring && token.expires_at.moment());
    if (!wanted) {
        return;
    }
    const bool full = heap_.size() >= limit_;
    omitted_ += Count{full};
    if (full && (limit_ == 0 ||
                 expiry_or_never(token.expires_at.moment()) > expiry_or_never(heap_.front().expires_at))) {
        return;
    }
    heap_.push_back(detail_of(token));
    std::push_heap(heap_.begin(), heap_.end(), sooner);
    if (full) {
        std::pop_heap(heap_.begin(), heap_.end(), sooner);
        heap_.pop_back();
    }
}

void DetailList::write(Inventory& inventory) {
    std::sort_heap(heap_.begin(), heap_.end(), sooner);
    inventory.details = std::move(heap_);
    inventory.details_omitted = omitted_;
}

}  // namespace exporter::inventory

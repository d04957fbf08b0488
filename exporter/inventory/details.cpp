#include "inventory/details.h"

#include "inventory/label_text.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <utility>

namespace exporter::inventory {

namespace {

using base::Timestamp;

Timestamp expiry_or_never(const std::optional<Timestamp>& expires_at) {
    return expires_at.value_or(Timestamp::max());
}

TokenDetail detail_of(const datadog::Token& token, const FindingSet& found) {
    return {.findings = found,
            .id = id_label(token.id),
            .name = label_text(token.name),
            .type = token.type,
            .owner_type = token.owner_type,
            .owner_id = label_text(token.owner_id),
            .expires_at = token.expires_at.moment(),
            .last_used_at = token.last_used_at.moment(),
            .created_at = token.created_at.moment()};
}

}  // namespace

bool is_worse(const TokenDetail& left, const TokenDetail& right) {
    const auto key = [](const TokenDetail& detail) {
        return std::tuple(worst_of(detail.findings), expiry_or_never(detail.expires_at),
                          std::string_view(detail.id));
    };
    return key(left) < key(right);
}

void Details::add(const datadog::Token& token, const FindingSet& found,
                  std::span<const std::uint32_t> scopes) {
    if (!rules_ || (rules_->findings.any() && (rules_->findings & found).none())) {
        return;
    }
    if (scopes_ + scopes.size() > most_detail_scopes) {
        ++omitted_;
        return;
    }
    const bool full = heap_.size() >= rules_->limit;
    omitted_ += Count{full};
    const auto without_id = [](const FindingSet& findings, const std::optional<Timestamp>& expires_at) {
        return std::pair(worst_of(findings), expiry_or_never(expires_at));
    };
    // Most tokens of a large organization are rejected here, before any text is copied.
    if (full && (rules_->limit == 0 || without_id(found, token.expires_at.moment()) >
                                           without_id(heap_.front().findings, heap_.front().expires_at))) {
        return;
    }
    TokenDetail& detail = heap_.emplace_back(detail_of(token, found));
    if (rules_->with_scopes) {
        detail.public_portion = label_text(token.public_portion);
        detail.scopes.assign(scopes.begin(), scopes.end());
        scopes_ += scopes.size();
    }
    std::push_heap(heap_.begin(), heap_.end(), is_worse);
    if (full) {
        std::pop_heap(heap_.begin(), heap_.end(), is_worse);
        scopes_ -= heap_.back().scopes.size();
        heap_.pop_back();
    }
}

std::vector<TokenDetail> Details::build() && {
    std::sort_heap(heap_.begin(), heap_.end(), is_worse);
    return std::move(heap_);
}

}  // namespace exporter::inventory

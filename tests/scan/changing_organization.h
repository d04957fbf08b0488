// An organization whose tokens change while they are listed.
#pragma once

#include "scan/fakes.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace exporter::scan {

/// An organization sorted by creation, with tokens created and revoked between requests. Its `Date` header
/// has whole seconds.
class ChangingOrganization {
  public:
    ChangingOrganization(FakeClock& clock, std::mt19937& random, std::size_t tokens)
        : clock_(clock), random_(random) {
        for (std::size_t i = 0; i < tokens; ++i) {
            tokens_.push_back({next_id(), clock_.now() - std::chrono::hours(1)});
        }
        remember();
    }

    datadog::Answer page(std::size_t number, std::size_t size) {
        PageBuilder builder;
        const auto date = std::chrono::floor<std::chrono::seconds>(clock_.now());
        builder.total(tokens_.size()).asked_at(date).answered_at(date);
        for (std::size_t i = number * size; i < std::min(tokens_.size(), (number + 1) * size); ++i) {
            builder.token(tokens_[i].id, datadog::Date::at(tokens_[i].created_at));
        }
        return page_answer(builder);
    }

    void maybe_change(unsigned percent) {
        // Changes often come in pairs, which the total may not reveal.
        for (int i = 0; i < 2 && random_() % 100 < percent; ++i) {
            clock_.advance(std::chrono::milliseconds(1 + random_() % 400));
            if (random_() % 2 == 0 && !tokens_.empty()) {
                tokens_.erase(tokens_.begin() + static_cast<std::ptrdiff_t>(random_() % tokens_.size()));
            } else {
                tokens_.push_back({next_id(), clock_.now()});
            }
            remember();
        }
    }

    [[nodiscard]] bool ever_was(const std::vector<std::string>& ids) const {
        return moments_.contains(std::set<std::string>(ids.begin(), ids.end()));
    }

  private:
    struct Entry {
        std::string id;
        base::Timestamp created_at;
    };

    std::string next_id() { return fmt::format("token-{}", ++last_id_); }

    void remember() {
        std::set<std::string> ids;
        for (const Entry& entry : tokens_) {
            ids.insert(entry.id);
        }
        moments_.insert(std::move(ids));
    }

    FakeClock& clock_;
    std::mt19937& random_;
    std::vector<Entry> tokens_;
    std::set<std::set<std::string>> moments_;
    int last_id_ = 0;
};

}  // namespace exporter::scan

#include "app/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace exporter::app {

namespace {

/// Fields with their lengths in front, so that no two lists of fields are the same text.
class Fingerprint {
  public:
    void add(std::string_view field) { text_ += fmt::format("{}:{};", field.size(), field); }
    void add(std::int64_t number) { add(fmt::format("{}", number)); }
    void add(base::Duration duration) { add(duration.count()); }
    template <class T>
    void add(const std::vector<T>& fields) {
        add(static_cast<std::int64_t>(fields.size()));
        for (const T& field : fields) {
            add(field);
        }
    }
    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    std::string text_;
};

/// In whatever order they are configured they mean the same.
std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
}

}  // namespace

std::string fingerprint_of(const config::Organization& organization, const config::Config& config) {
    Fingerprint fingerprint;
    fingerprint.add(organization.endpoint.url());
    fingerprint.add(static_cast<std::int64_t>(config.demo.tokens));
    fingerprint.add(static_cast<std::int64_t>(config.demo.seed));
    fingerprint.add(organization.filter);
    fingerprint.add(sorted(organization.owned_by));
    fingerprint.add(config.buckets.expiry);
    fingerprint.add(config.buckets.last_used);
    fingerprint.add(config.buckets.age);
    fingerprint.add(static_cast<std::int64_t>(config.scopes.limit));
    fingerprint.add(sorted(config.scopes.privileged));
    fingerprint.add(config.policy.max_lifetime);
    fingerprint.add(config.policy.max_idle);
    fingerprint.add(static_cast<std::int64_t>(config.tokens.detail));
    fingerprint.add(static_cast<std::int64_t>(config.tokens.detail_limit));
    return std::move(fingerprint).text();
}

}  // namespace exporter::app

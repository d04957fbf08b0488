// Which logins were right: remembered by fingerprints, from which no password can be had.
#pragma once

#include "web/authorization.h"
#include "web/hmac.h"
#include "web/recent.h"

#include <cstddef>

namespace exporter::web {

/// Not for several threads at once, but for `fingerprint`.
class LoginCache {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity) : right_(capacity) {}

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    [[nodiscard]] Digest fingerprint(const Credentials& credentials) const;

    [[nodiscard]] bool contains(const Digest& fingerprint) const { return right_.contains(fingerprint); }
    void insert(const Digest& fingerprint) { right_.insert(fingerprint); }
    void clear() { right_.clear(); }

  private:
    const Digest key_ = random_key();
    Recent<Digest> right_;
};

}  // namespace exporter::web

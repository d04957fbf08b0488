// Which logins were right: remembered by fingerprints, from which no password can be had.
#pragma once

#include "web/authorization.h"
#include "web/hmac.h"

#include <cstddef>
#include <vector>

namespace exporter::web {

/// Not for several threads at once, but for `fingerprint`.
class LoginCache {
  public:
    /// @param capacity at which the oldest makes room, at least 1
    explicit LoginCache(std::size_t capacity) : capacity_(capacity) {}

    /// HMAC with a key that only this object has. Takes a microsecond or two.
    [[nodiscard]] Digest fingerprint(const Credentials& credentials) const;

    [[nodiscard]] bool contains(const Digest& fingerprint) const;
    void insert(const Digest& fingerprint);
    void clear();

  private:
    const std::size_t capacity_;
    const Digest key_ = random_key();
    std::vector<Digest> fingerprints_;
    std::size_t next_ = 0;  ///< where the next one goes
};

}  // namespace exporter::web

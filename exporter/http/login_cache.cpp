#include "http/login_cache.h"

#include <cstdint>

namespace exporter::http {

Digest LoginCache::fingerprint(const Credentials& credentials) const {
    WipedText message;
    message.reserve(sizeof(std::uint64_t) + credentials.user.size() + credentials.password.size());
    // The length first, so that no end of a user reads as the beginning of a password.
    for (std::uint64_t size = credentials.user.size(), i = 0; i < sizeof(size); ++i) {
        message.push_back(static_cast<char>(static_cast<unsigned char>(size >> (8 * i))));
    }
    message.insert(message.end(), credentials.user.begin(), credentials.user.end());
    message.insert(message.end(), credentials.password.begin(), credentials.password.end());
    return hmac_sha256(key_, view(message));
}

}  // namespace exporter::http

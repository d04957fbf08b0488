#include "http/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>

namespace exporter::http {

Digest hmac_sha256(const Digest& key, std::string_view message) {
    Digest digest{};
    const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
    if (::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(), digest.data(),
               nullptr) == nullptr) {
        std::abort();  // Only for want of memory. A digest that is the same for all would let anybody in.
    }
    return digest;
}

Digest random_key() {
    Digest key{};
    if (::RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
        std::abort();
    }
    return key;
}

}  // namespace exporter::http

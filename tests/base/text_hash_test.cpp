#include "base/text_hash.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <set>
#include <string>

namespace exporter::base {
namespace {

/// The key 00 01 … 0F of the paper's test vectors.
constexpr HashKey paper_key{0x0706050403020100, 0x0F0E0D0C0B0A0908};

/// SipHash-1-3 by OpenSSL, an independent implementation.
std::uint64_t by_openssl(const std::string& text, const HashKey& key) {
    const std::unique_ptr<EVP_MAC, decltype(&::EVP_MAC_free)> mac(
        ::EVP_MAC_fetch(nullptr, "SIPHASH", nullptr), &::EVP_MAC_free);
    const std::unique_ptr<EVP_MAC_CTX, decltype(&::EVP_MAC_CTX_free)> context(::EVP_MAC_CTX_new(mac.get()),
                                                                              &::EVP_MAC_CTX_free);
    unsigned int size = 8;
    unsigned int rounds = 1;
    unsigned int final_rounds = 3;
    const std::array<OSSL_PARAM, 4> parameters = {
        ::OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_SIZE, &size),
        ::OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &rounds),
        ::OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &final_rounds), ::OSSL_PARAM_construct_end()};
    std::array<unsigned char, 8> digest{};
    std::size_t length = 0;
    EXPECT_EQ(::EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(&key), sizeof key,
                             parameters.data()),
              1);
    EXPECT_EQ(
        ::EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(text.data()), text.size()), 1);
    EXPECT_EQ(::EVP_MAC_final(context.get(), digest.data(), &length, digest.size()), 1);
    std::uint64_t value = 0;
    for (std::size_t i = digest.size(); i-- > 0;) {
        value = (value << 8U) | digest[i];
    }
    return value;
}

TEST(TextHash, IsSipHash13) {
    EXPECT_EQ(text_hash("", paper_key), 0xABAC0158050FC4DCU) << "from the tests of Rust's standard library";
    std::string text;
    for (int length = 0; length < 80; ++length) {
        EXPECT_EQ(text_hash(text, paper_key), by_openssl(text, paper_key)) << length;
        EXPECT_EQ(text_hash(text, {~0ULL, 1}), by_openssl(text, {~0ULL, 1})) << length;
        text += static_cast<char>(length * 37);
    }
}

// Made by colliding_scopes.c. All have the same MurmurHash64A, which libstdc++'s std::hash uses.
TEST(TextHash, DiffersForTextsThatCollideUnkeyed) {
    std::set<std::uint64_t> hashes;
    for (const char* text : {"ihbefpnePO*jrr5e", "mdngmjbhHWBayPFa", "dgdbljmoL)?/[DkK"}) {
        hashes.insert(text_hash(text));
    }
    EXPECT_EQ(hashes.size(), 3U);
}

TEST(TextHash, UsesTheProcessKeyByDefault) {
    EXPECT_EQ(text_hash("a"), text_hash("a", process_hash_key()));
    EXPECT_NE(text_hash("a"), text_hash("a", paper_key));
    EXPECT_NE(process_hash_key(), HashKey{});
}

TEST(HashKey, IsRandom) {
    EXPECT_NE(random_hash_key(), random_hash_key());
}

TEST(TextFingerprint, IsHalfOfASha256) {
    EXPECT_EQ(text_fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace exporter::base

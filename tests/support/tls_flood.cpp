#include "support/tls_flood.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace exporter::support {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void require(bool done, const char* what) {
    if (!done) {
        throw std::runtime_error(what);
    }
}

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    require(::inet_pton(AF_INET, host.c_str(), &address.sin_addr) == 1, "address");
    return address;
}

int connected_socket(std::uint16_t port, const std::string& source) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in from = address_of(source, 0);
    const sockaddr_in to = address_of("127.0.0.1", port);
    constexpr int room = 8 << 20;  // enough buffer for a whole flood in flight
    ::setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    const bool connected = ::bind(socket, reinterpret_cast<const sockaddr*>(&from), sizeof from) == 0 &&
                           ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    if (!connected) {
        ::close(socket);
    }
    require(connected, "connect");
    return socket;
}

/// Sends until all bytes are sent, the socket would block or the peer has closed. Returns the number sent.
std::size_t send_some(int socket, std::string_view bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto part = bytes.substr(sent);
        const auto count = ::send(socket, part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count <= 0) {
            break;
        }
        sent += static_cast<std::size_t>(count);
    }
    return sent;
}

std::string big_endian(std::uint64_t number) {
    std::string bytes(sizeof number, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[bytes.size() - 1 - i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
    }
    return bytes;
}

unsigned char* bytes_of(std::string& text) {
    return reinterpret_cast<unsigned char*>(text.data());
}

const unsigned char* bytes_of(const std::string& text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// TLS 1.2's key block (RFC 5246, 6.3).
std::string key_block(SSL* ssl, std::size_t size) {
    std::string secret(48, '\0');
    std::string client(32, '\0');
    std::string server(32, '\0');
    SSL_SESSION_get_master_key(SSL_get_session(ssl), bytes_of(secret), secret.size());
    SSL_get_client_random(ssl, bytes_of(client), client.size());
    SSL_get_server_random(ssl, bytes_of(server), server.size());
    const std::string seed = "key expansion" + server + client;
    const std::shared_ptr<EVP_PKEY_CTX> prf(EVP_PKEY_CTX_new_id(EVP_PKEY_TLS1_PRF, nullptr),
                                            EVP_PKEY_CTX_free);
    std::string block(size, '\0');
    require(
        EVP_PKEY_derive_init(prf.get()) == 1 && EVP_PKEY_CTX_set_tls1_prf_md(prf.get(), EVP_sha256()) == 1 &&
            EVP_PKEY_CTX_set1_tls1_prf_secret(prf.get(), bytes_of(secret), static_cast<int>(secret.size())) ==
                1 &&
            EVP_PKEY_CTX_add1_tls1_prf_seed(prf.get(), bytes_of(seed), static_cast<int>(seed.size())) == 1 &&
            EVP_PKEY_derive(prf.get(), bytes_of(block), &size) == 1,
        "key block");
    return block;
}

}  // namespace

TlsFloodConnection::TlsFloodConnection(std::uint16_t port, int version, const std::string& source)
    : socket_(connected_socket(port, source)) {
    const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
    SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256");
    ssl_ = {SSL_new(context.get()), SSL_free};
    require(SSL_set_fd(ssl_.get(), socket_) == 1 && SSL_connect(ssl_.get()) == 1, "handshake");
}

TlsFloodConnection::TlsFloodConnection(TlsFloodConnection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), ssl_(std::move(other.ssl_)) {}

TlsFloodConnection::~TlsFloodConnection() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

bool TlsFloodConnection::ended_within(milliseconds limit) const {
    std::array<char, 4096> ignored{};
    for (const auto end = steady_clock::now() + limit; steady_clock::now() < end;) {
        const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
        pollfd descriptor{socket_, POLLIN, 0};
        if (::poll(&descriptor, 1, static_cast<int>(left.count())) > 0 &&
            ::recv(socket_, ignored.data(), ignored.size(), 0) <= 0) {
            return true;
        }
    }
    return false;
}

KeyUpdateBurst::KeyUpdateBurst(std::uint16_t port, int updates, const std::string& source)
    : connection_(port, TLS1_3_VERSION, source) {
    SSL* const ssl = connection_.ssl();
    BIO* const burst = BIO_new(BIO_s_mem());
    SSL_set0_wbio(ssl, burst);
    for (int i = 0; i < updates; ++i) {
        require(SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1,
                "key update");
    }
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(burst, &bytes);
    burst_.assign(bytes, static_cast<std::size_t>(size));
}

std::size_t KeyUpdateBurst::send() {
    const auto sent = send_some(connection_.socket(), burst_);
    burst_.erase(0, sent);
    return sent;
}

RenegotiationFlood::RenegotiationFlood(std::uint16_t port, const std::string& source)
    : connection_(port, TLS1_2_VERSION, source) {
    constexpr std::size_t key_size = 16;
    constexpr std::size_t salt_size = 4;
    // Order: client key, server key, client salt, server salt.
    const auto block = key_block(connection_.ssl(), 2 * (key_size + salt_size));
    key_ = block.substr(0, key_size);
    salt_ = block.substr(2 * key_size, salt_size);
}

/// The first four bytes of a ClientHello, encrypted (RFC 5288).
std::string RenegotiationFlood::next_record() {
    const std::string plain("\x01\x00\x00\x00", 4);
    const std::string header("\x16\x03\x03", 3);
    const std::string number = big_endian(sequence_++);
    const std::string nonce = salt_ + number;
    const std::string also_protected = number + header + '\0' + static_cast<char>(plain.size());
    std::string sealed(plain.size(), '\0');
    std::string tag(16, '\0');
    const std::shared_ptr<EVP_CIPHER_CTX> gcm(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    int size = 0;
    require(EVP_EncryptInit_ex(gcm.get(), EVP_aes_128_gcm(), nullptr, bytes_of(key_), bytes_of(nonce)) == 1 &&
                EVP_EncryptUpdate(gcm.get(), nullptr, &size, bytes_of(also_protected),
                                  static_cast<int>(also_protected.size())) == 1 &&
                EVP_EncryptUpdate(gcm.get(), bytes_of(sealed), &size, bytes_of(plain),
                                  static_cast<int>(plain.size())) == 1 &&
                EVP_EncryptFinal_ex(gcm.get(), bytes_of(sealed), &size) == 1 &&
                EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag.size()),
                                    tag.data()) == 1,
            "record");
    const std::string content = number + sealed + tag;
    return header + '\0' + static_cast<char>(content.size()) + content;
}

bool RenegotiationFlood::send(milliseconds limit) {
    constexpr int at_once = 500;
    std::string waiting;
    for (const auto end = steady_clock::now() + limit; steady_clock::now() < end;) {
        for (int i = waiting.empty() ? 0 : at_once; i < at_once; ++i) {
            waiting += next_record();
        }
        const auto sent = send_some(connection_.socket(), waiting);
        const bool gone = sent < waiting.size() && errno != EAGAIN && errno != EWOULDBLOCK;
        if (gone) {
            return true;
        }
        waiting.erase(0, sent);
        pollfd descriptor{connection_.socket(), POLLOUT, 0};
        constexpr int patience_ms = 10;
        ::poll(&descriptor, 1, waiting.empty() ? 0 : patience_ms);
    }
    return false;
}

}  // namespace exporter::support

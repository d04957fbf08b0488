#include "http/tls_peer.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string_view>

namespace exporter::http::testing {

namespace {

void require(bool done, const char* what) {
    if (!done) {
        throw std::runtime_error(what);
    }
}

void identify(SSL_CTX* context, const support::CertificateText& identity) {
    const std::shared_ptr<BIO> certificate(BIO_new_mem_buf(identity.certificate.data(), -1), BIO_free);
    const std::shared_ptr<X509> x509(PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr),
                                     X509_free);
    const std::shared_ptr<BIO> key(BIO_new_mem_buf(identity.key.data(), -1), BIO_free);
    const std::shared_ptr<EVP_PKEY> pkey(PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr),
                                         EVP_PKEY_free);
    require(
        SSL_CTX_use_certificate(context, x509.get()) == 1 && SSL_CTX_use_PrivateKey(context, pkey.get()) == 1,
        "identity");
}

void offer_protocols(SSL_CTX* context, const std::vector<std::string>& protocols) {
    std::string wire;
    for (const auto& protocol : protocols) {
        wire += static_cast<char>(protocol.size()) + protocol;
    }
    require(SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(wire.data()),
                                    static_cast<unsigned>(wire.size())) == 0,
            "protocols");
}

}  // namespace

SocketPair::SocketPair() {
    std::signal(SIGPIPE, SIG_IGN);  // As in the program, because OpenSSL writes to closed connections.
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets_.data()) == 0, "socketpair");
}

SocketPair::~SocketPair() {
    ::close(sockets_[0]);
    close_client();
}

void SocketPair::close_client() {
    if (sockets_[1] >= 0) {
        ::close(sockets_[1]);
        sockets_[1] = -1;
    }
}

void SocketPair::send_raw(const std::string& bytes) const {
    require(::send(client(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()),
            "send");
}

std::string SocketPair::receive_raw() const {
    std::string bytes(65536, '\0');
    const auto size = ::recv(client(), bytes.data(), bytes.size(), 0);
    bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return bytes;
}

TlsClient::TlsClient(int socket, const ClientOptions& options)
    : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    if (!options.identity.certificate.empty()) {
        identify(context, options.identity);
    }
    if (options.version != 0) {
        SSL_CTX_set_min_proto_version(context, options.version);
        SSL_CTX_set_max_proto_version(context, options.version);
    }
    if (!options.suites.empty()) {
        require(SSL_CTX_set_cipher_list(context, options.suites.c_str()) == 1, "suites");
    }
    if (!options.groups.empty()) {
        require(SSL_CTX_ctrl(context, SSL_CTRL_SET_GROUPS_LIST, 0,
                             const_cast<char*>(options.groups.c_str())) == 1,
                "groups");
    }
    if (!options.protocols.empty()) {
        offer_protocols(context, options.protocols);
    }
    ssl_ = {SSL_new(context), SSL_free};
    if (options.longest_record != 0) {
        require(SSL_ctrl(ssl_.get(), SSL_CTRL_SET_MAX_SEND_FRAGMENT, options.longest_record, nullptr) == 1,
                "longest record");
    }
    require(SSL_set_fd(ssl_.get(), socket) == 1, "socket");
}

bool TlsClient::handshake() {
    ERR_clear_error();
    return SSL_connect(ssl_.get()) == 1;
}

bool TlsClient::send(const std::string& bytes) {
    ERR_clear_error();
    return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
           static_cast<int>(bytes.size());
}

std::string TlsClient::receive() {
    std::string all;
    std::array<char, 16384> part{};
    for (;;) {
        ERR_clear_error();
        const int size = SSL_read(ssl_.get(), part.data(), static_cast<int>(part.size()));
        if (size <= 0) {
            return all;
        }
        all.append(part.data(), static_cast<std::size_t>(size));
    }
}

bool TlsClient::was_told_the_end() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

void TlsClient::say_goodbye() {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
}

void TlsClient::ask_for_renegotiation(std::size_t ticket_bytes) {
    ERR_clear_error();
    std::string ticket(ticket_bytes, 'x');
    require(SSL_set_session_ticket_ext(ssl_.get(), ticket.data(), static_cast<int>(ticket.size())) == 1,
            "ticket");
    require(SSL_renegotiate(ssl_.get()) == 1, "renegotiation");
    (void)SSL_do_handshake(ssl_.get());
}

void TlsClient::update_keys(int times) {
    ERR_clear_error();
    for (int i = 0; i < times; ++i) {
        require(SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
                    SSL_do_handshake(ssl_.get()) == 1,
                "key update");
    }
}

std::string TlsClient::version() const {
    return SSL_get_version(ssl_.get());
}

std::string TlsClient::suite() const {
    return SSL_CIPHER_standard_name(SSL_get_current_cipher(ssl_.get()));
}

std::string TlsClient::protocol() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return name == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(name), size);
}

int TlsClient::server_certificates() const {
    return sk_X509_num(SSL_get_peer_cert_chain(ssl_.get()));
}

bool TlsClient::has_resumable_session() const {
    return SSL_SESSION_is_resumable(SSL_get0_session(ssl_.get())) == 1;
}

Connection::Connection(const TlsContext& context, const ClientOptions& options)
    : server(context.accept(sockets.server())), client(sockets.client(), options) {}

Progress Connection::shake_hands() {
    for (int turns = 0; turns < 20; ++turns) {
        const bool client_done = client.handshake();
        const auto progress = server->handshake();
        if (progress == Progress::failed || (progress == Progress::done && client_done)) {
            return progress;
        }
    }
    return Progress::want_read;
}

}  // namespace exporter::http::testing

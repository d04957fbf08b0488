#include "base/tls_socket.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace exporter::base {

/// The BIO functions that OpenSSL calls.
struct TlsSocket::Bio {
    static TlsSocket& self(BIO* bio) { return *static_cast<TlsSocket*>(::BIO_get_data(bio)); }

    static bool comes_later(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

    static int read(BIO* bio, char* into, std::size_t size, std::size_t* received) {
        TlsSocket& socket = self(bio);
        ::BIO_clear_retry_flags(bio);
        if (socket.is_flooded()) {
            return 0;
        }
        if (socket.turn_left_ == 0) {
            ::BIO_set_retry_read(bio);
            return 0;
        }
        const ssize_t count = ::recv(socket.socket_, into, std::min(size, socket.turn_left_), 0);
        if (count > 0) {
            *received = static_cast<std::size_t>(count);
            socket.turn_left_ -= *received;
            return 1;
        }
        socket.ended_ = count == 0;
        if (count < 0 && comes_later(errno)) {
            ::BIO_set_retry_read(bio);
        }
        return 0;
    }

    static int write(BIO* bio, const char* bytes, std::size_t size, std::size_t* sent) {
        ::BIO_clear_retry_flags(bio);
        const ssize_t count = ::send(self(bio).socket_, bytes, size, MSG_NOSIGNAL);
        if (count > 0) {
            *sent = static_cast<std::size_t>(count);
            return 1;
        }
        if (count < 0 && comes_later(errno)) {
            ::BIO_set_retry_write(bio);
        }
        return 0;
    }

    static long control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
        switch (command) {
            case BIO_CTRL_EOF:
                return self(bio).ended_ ? 1 : 0;
            case BIO_CTRL_FLUSH:
                return 1;
            default:
                return 0;
        }
    }

    static int destroy(BIO* bio) {
        delete static_cast<TlsSocket*>(::BIO_get_data(bio));
        ::BIO_set_data(bio, nullptr);
        return 1;
    }

    /// Called with each record's header before its content is processed.
    static void note_record(int written, int /*version*/, int content_type, const void* /*bytes*/,
                            std::size_t /*size*/, SSL* /*ssl*/, void* socket) {
        if (written == 0 && content_type == SSL3_RT_HEADER) {
            --static_cast<TlsSocket*>(socket)->records_left_;
        }
    }

    static BIO_METHOD* make_method() {
        BIO_METHOD* const method = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        if (method != nullptr) {
            ::BIO_meth_set_read_ex(method, read);
            ::BIO_meth_set_write_ex(method, write);
            ::BIO_meth_set_ctrl(method, control);
            ::BIO_meth_set_destroy(method, destroy);
        }
        return method;
    }

    /// One for the lifetime of the process; nullptr: out of memory.
    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = make_method();
        return made;
    }
};

TlsSocket* TlsSocket::attach(SSL* ssl, int socket) {
    BIO* const bio = Bio::method() != nullptr ? ::BIO_new(Bio::method()) : nullptr;
    if (bio == nullptr) {
        return nullptr;
    }
    auto* const attached = new TlsSocket(socket);
    ::BIO_set_data(bio, attached);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(ssl, bio, bio);
    ::SSL_set_msg_callback(ssl, Bio::note_record);
    // SSL_set_msg_callback_arg is a macro that does this.
    ::SSL_ctrl(ssl, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, attached);
    return attached;
}

}  // namespace exporter::base

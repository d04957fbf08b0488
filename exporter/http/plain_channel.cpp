#include "http/channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace exporter::http {
namespace {

class PlainChannel final : public Channel {
  public:
    explicit PlainChannel(int socket) : socket_(socket) {}

    Progress handshake() override { return Progress::done; }

    Transfer read(std::span<char> into) override {
        const auto received = again([&] { return ::recv(socket_, into.data(), into.size(), 0); });
        if (received == 0) {
            return {Progress::end, 0};
        }
        return outcome(received, Progress::want_read);
    }

    Transfer write(std::span<const std::string_view> pieces) override {
        std::array<iovec, 4> parts{};
        const auto count = std::min(parts.size(), pieces.size());
        std::transform(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(count), parts.begin(),
                       [](std::string_view piece) {
                           // The interface is older than const: sending does not write to it.
                           return iovec{const_cast<char*>(piece.data()), piece.size()};
                       });
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        return outcome(again([&] { return ::sendmsg(socket_, &message, MSG_NOSIGNAL); }),
                       Progress::want_write);
    }

    void finish() override { ::shutdown(socket_, SHUT_WR); }

  private:
    template <class Call>
    static ssize_t again(Call call) {
        for (;;) {
            const ssize_t result = call();
            if (result >= 0 || errno != EINTR) {
                return result;
            }
        }
    }

    static Transfer outcome(ssize_t result, Progress want) {
        if (result > 0) {
            return {Progress::done, static_cast<std::size_t>(result)};
        }
        const bool later = errno == EAGAIN || errno == EWOULDBLOCK;
        return {later ? want : Progress::failed, 0};
    }

    const int socket_;
};

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) {
    return std::make_unique<PlainChannel>(socket);
}

}  // namespace exporter::http

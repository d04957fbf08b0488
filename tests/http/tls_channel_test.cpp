// The TLS channel: what it transfers, and what else may arrive on its port.
#include "http/channel.h"
#include "http/tls.h"
#include "support/certificate.h"
#include "tls_peer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace exporter::http::testing {
namespace {

using ::testing::StartsWith;

std::shared_ptr<const TlsContext> context() {
    static const auto made = [] {
        const auto identity = support::Authority("servers").issue({"DNS:localhost"});
        TlsOptions options;
        options.certificate = identity.certificate;
        options.key = base::Secret(identity.key);
        return TlsContext::make(options).value();
    }();
    return made;
}

std::string read(Channel& channel) {
    std::array<char, 1000> bytes{};
    const auto transfer = channel.read(bytes);
    EXPECT_EQ(transfer.progress == Progress::done, transfer.bytes > 0);
    return {bytes.data(), transfer.bytes};
}

Progress progress_of_reading(Channel& channel) {
    std::array<char, 1000> bytes{};
    return channel.read(bytes).progress;
}

class TlsChannel : public ::testing::TestWithParam<int> {
  protected:
    void SetUp() override { ASSERT_EQ(connection_.shake_hands(), Progress::done); }

    Connection connection_{*context(), {.version = GetParam()}};
    Channel& server_ = *connection_.server;
    TlsClient& client_ = connection_.client;
};

INSTANTIATE_TEST_SUITE_P(Versions, TlsChannel, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& test) { return test.param == TLS1_2_VERSION ? "In12" : "In13"; });

TEST_P(TlsChannel, ReadsWhatTheClientWrites) {
    ASSERT_TRUE(client_.send("GET / HTTP/1.1\r\n"));
    EXPECT_EQ(read(server_), "GET / HTTP/1.1\r\n");
}

TEST_P(TlsChannel, WantsToReadWhenNothingIsThere) {
    EXPECT_EQ(progress_of_reading(server_), Progress::want_read);
}

TEST_P(TlsChannel, ReadsBufferedDataWithoutTheSocket) {
    ASSERT_TRUE(client_.send(std::string(2500, 'x')));
    EXPECT_EQ(read(server_).size() + read(server_).size() + read(server_).size(), 2500U);
    EXPECT_EQ(progress_of_reading(server_), Progress::want_read);
}

TEST_P(TlsChannel, WritesPiecesAsOne) {
    const std::vector<std::string_view> pieces{"", "head", "", " and", " body"};
    const auto transfer = server_.write(pieces);
    EXPECT_EQ(transfer.progress, Progress::done);
    EXPECT_EQ(transfer.bytes, 13U);
    EXPECT_EQ(client_.receive(), "head and body");
}

TEST_P(TlsChannel, WritesARecordPerCall) {
    const std::string text(100'000, 'x');
    const std::array<std::string_view, 1> alone{text};
    EXPECT_EQ(server_.write(alone).bytes, 16384U);
    const std::array<std::string_view, 2> with_head{"head", text};
    EXPECT_EQ(server_.write(with_head).bytes, 16384U);
    EXPECT_EQ(client_.receive(), std::string(16384, 'x') + "head" + std::string(16380, 'x'));
}

TEST_P(TlsChannel, ResumesWhereAFullSocketStoppedIt) {
    std::string text(3'000'000, '\0');
    for (std::size_t i = 0; i < text.size(); ++i) {
        text[i] = static_cast<char>(i * i >> 7U);
    }
    // As one piece, or with a small piece before it.
    for (const std::size_t head_size : {0U, 100U}) {
        std::string received;
        std::size_t sent = 0;
        int waits = 0;
        while (sent < text.size()) {
            const auto head = text.substr(sent, head_size);
            // Each retry passes the bytes at a different address.
            const auto body = std::string(static_cast<std::size_t>(waits), ' ') +
                              text.substr(std::min(sent + head_size, text.size()));
            const std::array<std::string_view, 2> pieces{
                head, std::string_view(body).substr(static_cast<std::size_t>(waits))};
            const auto transfer = server_.write(pieces);
            sent += transfer.bytes;
            if (transfer.progress != Progress::done) {
                ASSERT_EQ(transfer.progress, Progress::want_write);
                ASSERT_EQ(transfer.bytes, 0U);
                ++waits;
                received += client_.receive();
            }
        }
        received += client_.receive();
        EXPECT_GT(waits, 3);
        EXPECT_TRUE(received == text);
    }
}

TEST_P(TlsChannel, SendsCloseNotifyAndStillReads) {
    server_.finish();
    EXPECT_EQ(client_.receive(), "");
    EXPECT_TRUE(client_.was_told_the_end());
    ASSERT_TRUE(client_.send("late"));
    EXPECT_EQ(read(server_), "late");
}

TEST_P(TlsChannel, EndsOnCloseNotify) {
    ASSERT_TRUE(client_.send("last"));
    client_.say_goodbye();
    EXPECT_EQ(read(server_), "last");
    EXPECT_EQ(progress_of_reading(server_), Progress::end);
}

TEST_P(TlsChannel, EndsWhenTheClientJustDisconnects) {
    connection_.sockets.close_client();
    EXPECT_EQ(progress_of_reading(server_), Progress::end);
}

TEST_P(TlsChannel, FailsToWriteToAClientThatHasGone) {
    connection_.sockets.close_client();
    const std::array<std::string_view, 1> pieces{"text"};
    EXPECT_EQ(server_.write(pieces).progress, Progress::failed);
    EXPECT_EQ(server_.write(pieces).progress, Progress::failed);
    EXPECT_EQ(progress_of_reading(server_), Progress::failed) << "not `end`, which OpenSSL would report";
    server_.finish();
}

TEST_P(TlsChannel, FailsOnGarbageInTheMiddle) {
    connection_.sockets.send_raw(std::string(100, '\x17'));
    EXPECT_EQ(progress_of_reading(server_), Progress::failed);
    EXPECT_EQ(progress_of_reading(server_), Progress::failed);
    server_.finish();
}

std::size_t unread_bytes(int socket) {
    int bytes = 0;
    EXPECT_EQ(::ioctl(socket, FIONREAD, &bytes), 0);
    return static_cast<std::size_t>(bytes);
}

TEST_P(TlsChannel, TakesNoMoreThan16KiBFromTheSocketInOneTurn) {
    ASSERT_TRUE(client_.send(std::string(16384, 'x')));  // A record is longer than its payload.
    const std::size_t sent = unread_bytes(connection_.sockets.server());
    ASSERT_GT(sent, 16384U);
    std::array<char, 16384> bytes{};
    EXPECT_EQ(server_.read(bytes).progress, Progress::want_read);
    EXPECT_EQ(unread_bytes(connection_.sockets.server()), sent - 16384);
    EXPECT_EQ(server_.read(bytes).bytes, 16384U);
}

TEST(TlsChannelOfTls13, Takes16RecordsWithoutDataInARow) {
    Connection connection(*context(), {.version = TLS1_3_VERSION});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    for (int request = 0; request < 3; ++request) {
        connection.client.update_keys(16);
        ASSERT_TRUE(connection.client.send("GET /"));
        EXPECT_EQ(read(*connection.server), "GET /");
    }
}

TEST(TlsChannelOfTls13, FailsAt17RecordsWithoutDataInARow) {
    Connection connection(*context(), {.version = TLS1_3_VERSION});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    connection.client.update_keys(17);
    ASSERT_TRUE(connection.client.send("GET /"));
    EXPECT_EQ(progress_of_reading(*connection.server), Progress::failed);
}

TEST(TlsChannelOfTls13, SendsNothingMoreAfterItHasFailed) {
    Connection connection(*context(), {.version = TLS1_3_VERSION});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    (void)connection.sockets.receive_raw();
    connection.client.update_keys(17);  // OpenSSL itself could still write after this failure.
    ASSERT_TRUE(connection.client.send("GET /"));
    ASSERT_EQ(progress_of_reading(*connection.server), Progress::failed);
    const std::array<std::string_view, 1> pieces{"text"};

    EXPECT_EQ(connection.server->write(pieces).progress, Progress::failed);
    EXPECT_EQ(connection.sockets.receive_raw(), "");
    connection.server->finish();
    EXPECT_EQ(connection.sockets.receive_raw(), "") << "not even a close_notify";
}

TEST(TlsChannelOfTls12, FailsAt17RecordsWithoutDataInARow) {
    Connection connection(*context(), {.version = TLS1_2_VERSION, .longest_record = 512});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    connection.client.ask_for_renegotiation(17 * 512);
    EXPECT_EQ(progress_of_reading(*connection.server), Progress::failed);
}

TEST(TlsChannelOfTls12, NeverRenegotiates) {
    Connection connection(*context(), {.version = TLS1_2_VERSION});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    connection.client.ask_for_renegotiation();
    for (int turn = 0; turn < 10; ++turn) {
        (void)progress_of_reading(*connection.server);
        EXPECT_FALSE(connection.client.handshake());
    }
}

TEST(TlsHandshake, AgreesOnHttp) {
    Connection connection(*context(), {.protocols = {"h2", "http/1.1"}});
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    EXPECT_EQ(connection.client.protocol(), "http/1.1");
}

TEST(TlsHandshake, WorksWithoutAlpn) {
    Connection connection(*context());
    ASSERT_EQ(connection.shake_hands(), Progress::done);
    EXPECT_EQ(connection.client.protocol(), "");
}

TEST(TlsHandshake, FailsWithoutACommonProtocol) {
    Connection connection(*context(), {.protocols = {"h2", "http/1"}});
    EXPECT_EQ(connection.shake_hands(), Progress::failed);
}

TEST(TlsHandshake, AnswersPlainHttpInPlainHttp) {
    for (const std::string method : {"GET", "HEAD", "POST", "PUT"}) {
        SocketPair sockets;
        const auto channel = context()->accept(sockets.server());
        sockets.send_raw(method + " /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
        EXPECT_EQ(channel->handshake(), Progress::failed);
        EXPECT_EQ(sockets.receive_raw(),
                  "HTTP/1.0 400 Bad Request\r\nCache-Control: no-store\r\n\r\nClient sent an HTTP request to "
                  "an HTTPS server.\n");
    }
}

TEST(TlsHandshake, FailsOnGarbage) {
    for (const auto& garbage :
         {std::string(1000, '\0'), std::string(1000, '\xff'), std::string("SSH-2.0-OpenSSH_9.2p1\r\n"),
          std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10),
          std::string("\x80\x2e\x01\x00\x02", 5)}) {
        SocketPair sockets;
        const auto channel = context()->accept(sockets.server());
        sockets.send_raw(garbage);
        sockets.close_client();
        EXPECT_EQ(channel->handshake(), Progress::failed);
        EXPECT_EQ(channel->handshake(), Progress::failed);
        channel->finish();
    }
}

TEST(TlsHandshake, IsNeverSkippedWhenOutOfMemory) {
    const SocketPair sockets;
    EXPECT_THROW(Channel(sockets.server(), nullptr), std::bad_alloc);
}

TEST(TlsHandshake, WaitsForTheOtherHalf) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Connection connection(*context(), {.version = version});
        EXPECT_EQ(connection.server->handshake(), Progress::want_read);
        EXPECT_FALSE(connection.client.handshake());
        EXPECT_EQ(connection.server->handshake(), Progress::want_read);
        connection.sockets.close_client();
        EXPECT_EQ(connection.server->handshake(), Progress::failed);
    }
}

/// The record with a ClientHello.
std::string client_hello(const ClientOptions& options = {}) {
    SocketPair sockets;
    TlsClient client(sockets.client(), options);
    EXPECT_FALSE(client.handshake());
    std::string hello(16384, '\0');
    const auto size = ::recv(sockets.server(), hello.data(), hello.size(), 0);
    EXPECT_GT(size, 100);
    hello.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    return hello;
}

TEST(TlsHandshake, WorksByteByByte) {
    SocketPair sockets;
    const auto channel = context()->accept(sockets.server());
    for (const char byte : client_hello()) {
        EXPECT_EQ(sockets.receive_raw(), "");
        sockets.send_raw({byte});
        ASSERT_EQ(channel->handshake(), Progress::want_read);
    }
    EXPECT_THAT(sockets.receive_raw(), StartsWith("\x16\x03\x03"));
}

/// The same message split into `count` records of about equal size.
std::string in_records(const std::string& record, std::size_t count) {
    constexpr std::size_t header_size = 5;
    const auto message = std::string_view(record).substr(header_size);
    std::string records;
    for (std::size_t i = 0; i < count; ++i) {
        const auto begin = message.size() * i / count;
        const auto piece = message.substr(begin, message.size() * (i + 1) / count - begin);
        records += record.substr(0, 3);
        records += static_cast<char>(piece.size() >> 8U);
        records += static_cast<char>(piece.size() & 0xFFU);
        records += piece;
    }
    return records;
}

/// A ClientHello long enough for more than 256 records. Its usual length depends on OpenSSL's version, as
/// newer ones send larger keys.
std::string long_client_hello() {
    return client_hello({.protocols = {std::string(200, 'x'), "http/1.1"}});
}

TEST(TlsHandshake, AcceptsAHelloIn256Records) {
    SocketPair sockets;
    const auto channel = context()->accept(sockets.server());
    sockets.send_raw(in_records(long_client_hello(), 256));
    EXPECT_EQ(channel->handshake(), Progress::want_read);
    EXPECT_THAT(sockets.receive_raw(), StartsWith("\x16\x03\x03"));
}

TEST(TlsHandshake, FailsAtMoreThan256Records) {
    SocketPair sockets;
    const auto channel = context()->accept(sockets.server());
    sockets.send_raw(in_records(long_client_hello(), 257));
    EXPECT_EQ(channel->handshake(), Progress::failed);
}

}  // namespace
}  // namespace exporter::http::testing

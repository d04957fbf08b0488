// Tests the server while its protection changes and clients disconnect at the wrong moment.
#include "http/authenticator.h"
#include "http/client.h"
#include "http/listener.h"
#include "http/rate_limiter.h"
#include "http/server.h"
#include "http/tls.h"
#include "support/certificate.h"
#include "support/tls_flood.h"
#include "users_of.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace exporter::http {
namespace {

using namespace std::chrono_literals;
using testing::Client;
using testing::echo;
using testing::eventually;
using testing::get;
using testing::patience;
using testing::start_server;

/// bcrypt hashes of `secret`: one quick to check, one at the usual cost.
const std::string quick_hash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
const std::string usual_hash = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";
const std::string right_login = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
const std::string wrong_login = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";

std::shared_ptr<const Security> passwords(const std::string& hash) {
    auto security = std::make_shared<Security>();
    security->authenticator = std::make_shared<Authenticator>(testing::users_of({{"alice", hash}}));
    return security;
}

/// The same with a rate limit that doesn't refill during the test.
std::shared_ptr<const Security> rate_limited(const std::shared_ptr<const Security>& security,
                                             unsigned burst) {
    const auto limited = std::make_shared<Security>(*security);
    limited->rate_limiter = std::make_shared<RateLimiter>(RateLimit{1h, burst});
    return limited;
}

/// A server with passwords, a rate limit, and `/healthz` as a probe.
std::unique_ptr<Server> rate_limited_server(unsigned burst) {
    auto server = Server::start(
        {.addresses = {{"127.0.0.1", 0}}, .is_probe = [](auto path) { return path == "/healthz"; }}, echo,
        rate_limited(passwords(quick_hash), burst));
    return *std::move(server);
}

/// The statuses of `requests` requests sent one at a time on one connection.
std::vector<int> statuses(Client& client, int requests, const std::string& login,
                          const std::string& path = "/metrics") {
    std::vector<int> all;
    for (int i = 0; i < requests && client.send(get(path, login)); ++i) {
        const auto answer = client.answer();
        all.push_back(answer ? answer->status : 0);
    }
    return all;
}

std::unique_ptr<Server> protected_server(const std::string& hash) {
    auto server = Server::start({.addresses = {{"127.0.0.1", 0}}}, echo, passwords(hash));
    return *std::move(server);
}

TEST(Passwords, AdmitTheRightLoginElseAnswer401) {
    const auto server = protected_server(quick_hash);
    Client client(server->addresses()[0].port);
    client.send(get("/metrics", right_login));
    EXPECT_EQ(client.answer().value().status, 200);
    client.send(get("/metrics", wrong_login));
    const auto answer = client.answer().value();
    EXPECT_EQ(answer.status, 401);
    EXPECT_EQ(answer.headers.at("www-authenticate"), R"(Basic realm="metrics", charset="UTF-8")");
    client.send(get("/metrics"));
    EXPECT_EQ(client.answer().value().status, 401);
}

TEST(Passwords, AreCheckedWhileOthersAreServed) {
    const auto server = protected_server(usual_hash);
    Client slow(server->addresses()[0].port);
    slow.send(get("/", wrong_login));
    Client client(server->addresses()[0].port);
    client.send(get("/"));
    EXPECT_EQ(client.answer().value().status, 401);
    EXPECT_FALSE(slow.readable_within(0ms)) << "its password is still being checked";
    EXPECT_EQ(slow.answer().value().status, 401);
}

TEST(Passwords, OfADisconnectedClientDoNoHarm) {
    // With a socket that was listening before the server starts, the request has arrived when the server
    // accepts.
    const auto directory =
        std::filesystem::temp_directory_path() / ("security-" + std::to_string(::getpid()));
    std::filesystem::create_directory(directory);
    const std::string path = directory / "exporter.sock";
    auto listening = listen_on({{}, 0, path}).value();
    {
        Client leaving{std::filesystem::path(path)};
        leaving.send(get("/", wrong_login));
    }
    const auto server =
        Server::start({.inherited_sockets = {listening.socket.release()}}, echo, passwords(usual_hash))
            .value();
    Client next{std::filesystem::path(path)};
    next.send(get("/", right_login));
    EXPECT_EQ(next.answer().value().status, 200);
    EXPECT_TRUE(eventually([&] { return server->connections() == 1; }));
    std::filesystem::remove_all(directory);
}

std::unique_ptr<Server> encrypted_server_with_probe_address() {
    const auto identity = support::Authority("servers").issue({"IP:127.0.0.1"});
    auto security = std::make_shared<Security>();
    security->tls =
        TlsContext::make({.certificate = identity.certificate, .key = base::Secret(identity.key)}).value();
    return Server::start({.addresses = {{"127.0.0.1", 0}},
                          .is_probe = [](std::string_view path) { return path == "/healthz"; },
                          .probe_addresses = {{"127.0.0.1", 0}}},
                         echo, security)
        .value();
}

/// Time until a probe is answered.
std::chrono::milliseconds time_of_probe(const Server& server) {
    const auto begin = std::chrono::steady_clock::now();
    Client probe(server.probe_addresses()[0].port);
    probe.send(get("/healthz"));
    EXPECT_EQ(probe.answer().value().status, 200);
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
}

TEST(TlsFlood, OfKeyUpdatesIsCutOffWithoutDelayingProbes) {
    const auto server = encrypted_server_with_probe_address();
    constexpr int updates = 20'000;  // Processing one takes some 10 us.
    std::vector<support::KeyUpdateBurst> bursts;
    for (int connection = 0; connection < 8; ++connection) {
        bursts.emplace_back(server->addresses()[0].port, updates);
    }
    for (auto& burst : bursts) {
        EXPECT_GT(burst.send(), 100'000U);
    }
    EXPECT_LE(time_of_probe(*server), 1s);
    for (const auto& burst : bursts) {
        EXPECT_TRUE(burst.ended_within(patience));
    }
}

TEST(TlsFlood, OfRenegotiationsIsCutOffWithoutDelayingProbes) {
    const auto server = encrypted_server_with_probe_address();
    support::RenegotiationFlood flood(server->addresses()[0].port);
    bool ended = false;
    std::jthread sending([&] { ended = flood.send(5s); });
    for (int probe = 0; probe < 5; ++probe) {
        EXPECT_LE(time_of_probe(*server), 1s);
    }
    sending.join();
    EXPECT_TRUE(ended);
}

TEST(RateLimit, OfStrangersDoesNotKeepAKnownLoginOutAtTheSameAddress) {
    const auto server = rate_limited_server(4);
    Client known(server->addresses()[0].port);
    ASSERT_EQ(statuses(known, 1, right_login), (std::vector{200}));
    Client stranger(server->addresses()[0].port);
    EXPECT_EQ(statuses(stranger, 5, wrong_login), (std::vector{401, 401, 401, 429, 429}));
    EXPECT_EQ(statuses(known, 5, right_login), (std::vector{200, 200, 200, 200, 429}))
        << "known logins have their own limit";
}

// As after a restart behind a proxy, with no known logins yet.
TEST(RateLimit, OfRequestsWithoutAPasswordDoesNotKeepANewLoginOutAtTheSameAddress) {
    const auto server = rate_limited_server(2);
    const auto port = server->addresses()[0].port;
    Client stranger(port);
    EXPECT_EQ(statuses(stranger, 3, ""), (std::vector{401, 401, 429}));
    EXPECT_EQ(statuses(stranger, 1, "Authorization: Bearer YWxpY2U6c2VjcmV0\r\n"), (std::vector{429}));
    Client scraper(port);
    EXPECT_EQ(statuses(scraper, 1, right_login), (std::vector{200}));
}

TEST(RateLimit, OfStrangersDoesNotKeepAKnownLoginOutWhenOtherUsersChange) {
    const auto before = passwords(quick_hash);
    const auto server = Server::start({.addresses = {{"127.0.0.1", 0}}}, echo, before).value();
    const auto port = server->addresses()[0].port;
    Client first(port);
    ASSERT_EQ(statuses(first, 1, right_login), (std::vector{200}));
    before->authenticator->replace(testing::users_of({{"alice", quick_hash}, {"bob", usual_hash}}));
    server->secure(rate_limited(before, 2));
    ASSERT_TRUE(first.closed_within(patience)) << "the new security is in use";
    Client stranger(port);
    EXPECT_EQ(statuses(stranger, 3, wrong_login), (std::vector{401, 401, 429}));
    EXPECT_EQ(statuses(stranger, 3, ""), (std::vector{401, 401, 429}));
    Client scraper(port);
    EXPECT_EQ(statuses(scraper, 1, right_login), (std::vector{200}));
}

TEST(RateLimit, OfOneAddressDoesNotKeepANewLoginOutAtAnother) {
    const auto server = rate_limited_server(2);
    Client guesser(server->addresses()[0].port, "127.0.0.1", "127.0.0.2");
    ASSERT_EQ(statuses(guesser, 3, wrong_login), (std::vector{401, 401, 429}));
    Client scraper(server->addresses()[0].port);
    EXPECT_EQ(statuses(scraper, 1, right_login), (std::vector{200}));
}

TEST(RateLimit, CountsEveryPasswordCheckIncludingProbes) {
    const auto server = rate_limited_server(3);
    Client known(server->addresses()[0].port, "127.0.0.1", "127.0.0.2");
    ASSERT_EQ(statuses(known, 1, right_login), (std::vector{200}));
    Client guesser(server->addresses()[0].port);
    EXPECT_EQ(statuses(guesser, 5, wrong_login, "/healthz"), (std::vector{401, 401, 401, 429, 429}));
    EXPECT_EQ(statuses(guesser, 1, wrong_login), (std::vector{429})) << "one limit for all paths";
    EXPECT_EQ(statuses(guesser, 5, "", "/healthz"), (std::vector{401, 401, 401, 401, 401}))
        << "no password to check";
    EXPECT_EQ(statuses(guesser, 5, right_login, "/healthz"), (std::vector{200, 200, 200, 200, 200}))
        << "known login: nothing to check";
}

/// Guesses passwords from one address until destroyed, on as many connections as one address may have logins
/// queued.
class Guesser {
  public:
    Guesser(std::uint16_t port, const std::string& source)
        : guessing_([port, source](const std::stop_token& stop) {
              std::vector<Client> clients;
              for (std::size_t i = 0; i < Authenticator::longest_queue_of_a_peer; ++i) {
                  clients.emplace_back(port, "127.0.0.1", source);
              }
              while (!stop.stop_requested()) {
                  for (auto& client : clients) {
                      client.send(get("/", wrong_login));
                  }
                  for (auto& client : clients) {
                      (void)client.answer();
                  }
              }
          }) {}

  private:
    std::jthread guessing_;
};

TEST(Passwords, OfANewLoginAreCheckedWhileTwentyAddressesGuess) {
    const auto server = protected_server(usual_hash);
    const auto port = server->addresses()[0].port;
    Client first(port, "127.0.0.1", "127.0.0.2");
    std::vector<std::unique_ptr<Guesser>> guessers;
    for (int i = 0; i < 20; ++i) {
        guessers.push_back(std::make_unique<Guesser>(port, "127.0.0." + std::to_string(100 + i)));
    }
    // Wait until all of them are guessing.
    ASSERT_TRUE(
        eventually([&] { return server->connections() > 20 * Authenticator::longest_queue_of_a_peer; }));
    first.send(get("/", wrong_login));
    ASSERT_EQ(first.answer().value().status, 401) << "not 503";
    Client scraper(port);
    scraper.send(get("/", right_login));
    EXPECT_EQ(scraper.answer().value_or(testing::Answer{}).status, 200);
    server->stop(0ms);  // Ends the guessers' waits for responses.
}

TEST(EveryAnswer, ForbidsCaching) {
    const auto plain = start_server([](const Request& request) -> Response {
        return request.path == "/throws" ? throw std::runtime_error("reached") : echo(request);
    });
    const auto full = start_server(echo, {.max_answers = 0});
    const auto guarded = rate_limited_server(1);
    struct Case {
        const Server& server;
        std::string request;
        int status;
    };
    const std::string endless(20000, 'x');
    for (const auto& [server, request, status] :
         {Case{*plain, get("/"), 200}, Case{*plain, "GET / HTTP/1.1\r\n\r\n", 400},
          Case{*plain, get("/", "Content-Length: 1\r\n"), 413}, Case{*plain, get("/" + endless), 414},
          Case{*plain, get("/", "X: " + endless + "\r\n"), 431}, Case{*plain, get("/throws"), 500},
          Case{*plain, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505}, Case{*full, get("/"), 503},
          Case{*guarded, get("/"), 401}, Case{*guarded, get("/"), 429}}) {
        Client client(server.addresses()[0].port);
        client.send(request);
        auto answer = client.answer().value();
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.headers["cache-control"], "no-store") << status;
    }
}

TEST(NewSecurity, IsAskedOfKeptAliveConnections) {
    const auto server = start_server(echo);
    Client client(server->addresses()[0].port);
    client.send(get("/"));
    ASSERT_EQ(client.answer().value().status, 200);
    server->secure(passwords(quick_hash));
    EXPECT_TRUE(client.closed_within(patience));
    Client next(server->addresses()[0].port);
    next.send(get("/"));
    EXPECT_EQ(next.answer().value().status, 401);
}

TEST(NewSecurity, ClosesABusyConnectionAfterItsAnswer) {
    const auto body = std::make_shared<const std::string>(32 << 20, 'x');
    std::atomic<bool> asked = false;
    const auto server = start_server([&](const Request&) {
        asked = true;
        Response response;
        response.shared_body = body;
        return response;
    });
    Client client(server->addresses()[0].port);
    client.send(get("/"));
    ASSERT_TRUE(eventually([&] { return asked.load(); }));
    server->secure(passwords(quick_hash));
    Client probe(server->addresses()[0].port);
    probe.send(get("/"));
    ASSERT_TRUE(probe.answer().has_value()) << "the new security is in use";
    EXPECT_EQ(client.answer().value().body.size(), body->size()) << "the response must be complete";
    EXPECT_TRUE(client.closed_within(patience));
}

}  // namespace
}  // namespace exporter::http

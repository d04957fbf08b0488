#include "metrics/exposition.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace exporter::metrics {
namespace {

std::string joined(const Body& body) {
    return *body.head + body.tail;
}

/// The text of one gzip member; none when it is damaged or bytes follow it.
std::optional<std::string> gunzip(const std::string& bytes) {
    z_stream stream{};
    if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) {
        return std::nullopt;
    }
    std::string input = bytes;
    stream.next_in = reinterpret_cast<Bytef*>(input.data());
    stream.avail_in = static_cast<uInt>(input.size());
    std::string text;
    int result = Z_OK;
    std::string buffer(65536, '\0');
    while (result == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = static_cast<uInt>(buffer.size());
        result = inflate(&stream, Z_NO_FLUSH);
        text.append(buffer, 0, buffer.size() - stream.avail_out);
    }
    const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
    inflateEnd(&stream);
    return whole ? std::optional(text) : std::nullopt;
}

/// Bytes that deflate can't make smaller, so that every buffer size is crossed.
std::string noise(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> byte(0, 255);
    std::string text(size, '\0');
    for (char& c : text) {
        c = static_cast<char>(byte(random));
    }
    return text;
}

std::string many_lines(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += "datadog_access_tokens{org=\"default\",expiry_bucket=\"b" + std::to_string(i) + "\"} 1\n";
    }
    return text;
}

// The texts are made in the test: what a parameter holds is made anew by every process that lists the tests.
struct Case {
    const char* name;
    std::string (*text)();
    std::string (*live)();
};

std::string nothing() {
    return "";
}

std::string live_line() {
    return "process_open_fds 7\n";
}

std::string text_line() {
    return "up 1\n";
}

class ExpositionBody : public ::testing::TestWithParam<Case> {};

TEST_P(ExpositionBody, IsTextThenLive) {
    const auto text = GetParam().text();
    const auto live = GetParam().live();
    EXPECT_EQ(joined(Exposition(text).body(live, Encoding::identity)), text + live);
}

TEST_P(ExpositionBody, GunzipsAsOneMemberToTextThenLive) {
    const auto text = GetParam().text();
    const auto live = GetParam().live();
    const auto unpacked = gunzip(joined(Exposition(text).body(live, Encoding::gzip)));
    ASSERT_TRUE(unpacked.has_value());
    EXPECT_TRUE(*unpacked == text + live)
        << "sizes: " << unpacked->size() << ", " << text.size() + live.size();
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ExpositionBody,
    ::testing::Values(Case{"Nothing", nothing, nothing},      //
                      Case{"EmptyLive", text_line, nothing},  //
                      Case{"EmptyText", nothing, live_line},  //
                      Case{"Small", text_line, live_line},    //
                      Case{"ManyLines", [] { return many_lines(20000); }, [] { return many_lines(50); }},
                      Case{"OneBufferOfNoise", [] { return noise(16384, 1); },
                           [] { return noise(16384, 2); }},
                      Case{"LargeNoise", [] { return noise(3000000, 3); }, [] { return noise(100000, 4); }}),
    [](const auto& test) { return test.param.name; });

// The stored stream and its trailer may end anywhere in zlib's output buffer.
TEST(ExpositionGzip, HoldsForEverySizeAroundTheBuffer) {
    const auto bytes = noise(16500, 5);
    for (std::size_t size = 16300; size < 16500; ++size) {
        const auto text = bytes.substr(0, size);
        const auto unpacked = gunzip(joined(Exposition(text).body(text, Encoding::gzip)));
        ASSERT_TRUE(unpacked == std::optional(text + text)) << size;
    }
}

TEST(ExpositionGzip, CompressesTheStoredTextOnceAndSharesIt) {
    const Exposition exposition(many_lines(1000));
    const auto first = exposition.body("a 1\n", Encoding::gzip);
    const auto second = exposition.body("a 2\n", Encoding::gzip);
    EXPECT_EQ(first.head, second.head);
    EXPECT_LT(first.head->size(), exposition.text().size() / 10);
    EXPECT_NE(first.tail, second.tail);
}

TEST(ExpositionGzip, RejectsADamagedBodyInThisTest) {
    auto bytes = joined(Exposition("up 1\n").body("x 1\n", Encoding::gzip));
    EXPECT_EQ(gunzip(bytes + 'x'), std::nullopt) << "trailing byte";
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    EXPECT_EQ(gunzip(bytes), std::nullopt) << "checksum";
}

TEST(ExpositionBodySize, IsThatOfBothParts) {
    EXPECT_EQ(Exposition("up 1\n").body("x 1\n", Encoding::identity).size(), 9U);
}

TEST(ExpositionStore, HasOnlyTheLivePartBeforeTheFirstPoll) {
    const ExpositionStore store([] { return std::string("live 1\n"); });
    EXPECT_EQ(joined(store.scrape(Encoding::identity)), "live 1\n");
    EXPECT_EQ(gunzip(joined(store.scrape(Encoding::gzip))), "live 1\n");
}

TEST(ExpositionStore, RendersTheLivePartAtEachScrape) {
    int scrapes = 0;
    ExpositionStore store([&scrapes] { return "scrape " + std::to_string(++scrapes) + '\n'; });
    store.publish(std::make_shared<const Exposition>("up 1\n"));
    EXPECT_EQ(joined(store.scrape(Encoding::identity)), "up 1\nscrape 1\n");
    EXPECT_EQ(joined(store.scrape(Encoding::identity)), "up 1\nscrape 2\n");
}

TEST(ExpositionStore, KeepsAnOldExpositionForTheScrapeThatHasIt) {
    ExpositionStore store([] { return std::string(); });
    store.publish(std::make_shared<const Exposition>("old 1\n"));
    const auto body = store.scrape(Encoding::identity);
    store.publish(std::make_shared<const Exposition>("new 1\n"));
    EXPECT_EQ(joined(body), "old 1\n");
    EXPECT_EQ(joined(store.scrape(Encoding::identity)), "new 1\n");
}

// Each published text repeats one digit, so a mixture of two would show.
TEST(ExpositionStore, GivesEachScrapeExactlyOnePublishedText) {
    const auto text_of = [](std::size_t poll) {
        return std::string(1000 + poll * 10, static_cast<char>('0' + poll % 10)) + '\n';
    };
    constexpr std::size_t polls = 300;
    const std::string live = "live 1\n";
    ExpositionStore store([&live] { return std::string(live); });
    store.publish(std::make_shared<const Exposition>(text_of(0)));

    const auto is_published = [&](const std::string& text) {
        const auto poll = (text.size() - live.size() - 1 - 1000) / 10;
        return poll < polls && text == text_of(poll) + live;
    };
    std::atomic<bool> published_all = false;
    std::atomic<int> wrong = 0;
    std::vector<std::jthread> scrapers;
    for (const auto encoding : {Encoding::identity, Encoding::gzip, Encoding::gzip}) {
        scrapers.emplace_back([&, encoding] {
            bool last_round = false;
            while (!last_round) {
                last_round = published_all;
                const auto bytes = joined(store.scrape(encoding));
                const auto text = encoding == Encoding::gzip ? gunzip(bytes).value_or("damaged") : bytes;
                wrong += is_published(text) ? 0 : 1;
            }
        });
    }
    for (std::size_t poll = 1; poll < polls; ++poll) {
        store.publish(std::make_shared<const Exposition>(text_of(poll)));
    }
    published_all = true;
    scrapers.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace exporter::metrics

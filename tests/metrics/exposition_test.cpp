#include "metrics/exposition.h"

#include "support/exposition.h"
#include "support/gzip.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace exporter::metrics {
namespace {

using support::gunzip;

std::string joined(const Body& body) {
    return *body.head + body.tail;
}

/// The same stored text in both formats.
std::shared_ptr<const Exposition> exposition_of(const std::string& text) {
    return testing::exposition_of([&text](Format) { return text; });
}

/// The body's final line, if the format has one.
std::string ending(Format format) {
    return format == Format::openmetrics ? "# EOF\n" : "";
}

/// Incompressible bytes, so that every buffer size is crossed.
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

// The texts are built inside the test, because every process that lists the tests builds all parameters.
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

TEST_P(ExpositionBody, IsTextThenLivePartThenEnding) {
    const auto text = GetParam().text();
    const auto live = GetParam().live();
    for (const Format format : formats) {
        const auto body = joined(exposition_of(text)->body(live, format, Encoding::identity));
        EXPECT_TRUE(body == text + live + ending(format)) << "size: " << body.size();
    }
}

TEST_P(ExpositionBody, GunzipsAsOneMemberToTheSame) {
    const auto text = GetParam().text();
    const auto live = GetParam().live();
    for (const Format format : formats) {
        const auto unpacked = gunzip(joined(exposition_of(text)->body(live, format, Encoding::gzip)));
        ASSERT_TRUE(unpacked.has_value());
        EXPECT_TRUE(*unpacked == text + live + ending(format))
            << "sizes: " << unpacked->size() << ", " << text.size() + live.size();
    }
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
                      Case{"LargeNoise", [] { return noise(3000000, 3); }, [] { return noise(200000, 4); }}),
    [](const auto& test) { return test.param.name; });

// The stored stream may end anywhere in zlib's output buffer.
TEST(ExpositionGzip, HoldsForEverySizeAroundTheBuffer) {
    const auto bytes = noise(16500, 5);
    for (std::size_t size = 16300; size < 16500; ++size) {
        const auto text = bytes.substr(0, size);
        const auto unpacked =
            gunzip(joined(exposition_of(text)->body("live 1\n", Format::text, Encoding::gzip)));
        ASSERT_TRUE(unpacked == std::optional(text + "live 1\n")) << size;
    }
}

// An uncompressed block holds at most 65535 bytes (RFC 1951, 3.2.4).
TEST(ExpositionGzip, HoldsForEverySizeOfTheLivePartAroundABlock) {
    const auto bytes = noise(2 * 65535 + 2, 6);
    for (const std::size_t block : {std::size_t{0}, std::size_t{65535}, std::size_t{2 * 65535}}) {
        for (std::size_t size = block < 2 ? 0 : block - 2; size <= block + 2; ++size) {
            const auto live = bytes.substr(0, size);
            const auto unpacked =
                gunzip(joined(exposition_of("up 1\n")->body(live, Format::text, Encoding::gzip)));
            ASSERT_TRUE(unpacked == std::optional("up 1\n" + live)) << size;
        }
    }
}

TEST(ExpositionGzip, CompressesTheStoredTextOnceAndSharesIt) {
    const auto text = many_lines(1000);
    const auto exposition = exposition_of(text);
    for (const Format format : formats) {
        const auto first = exposition->body("a 1\n", format, Encoding::gzip);
        const auto second = exposition->body("a 2\n", format, Encoding::gzip);
        EXPECT_EQ(first.head, second.head);
        EXPECT_LT(first.head->size(), text.size() / 10);
        EXPECT_NE(first.tail, second.tail);
    }
}

TEST(ExpositionGzip, DamageIsDetectedByTheTestsGunzip) {
    auto bytes = joined(exposition_of("up 1\n")->body("x 1\n", Format::text, Encoding::gzip));
    EXPECT_EQ(gunzip(bytes + 'x'), std::nullopt) << "trailing byte";
    bytes[bytes.size() - 5] = static_cast<char>(bytes[bytes.size() - 5] ^ 1);
    EXPECT_EQ(gunzip(bytes), std::nullopt) << "checksum";
}

TEST(ExpositionFormats, AreRenderedOnceEach) {
    std::vector<Format> rendered;
    const auto exposition = testing::exposition_of([&rendered](Format format) {
        rendered.push_back(format);
        return std::string(format == Format::text ? "text 1\n" : "openmetrics 1\n");
    });
    EXPECT_EQ(joined(exposition->body("", Format::text, Encoding::identity)), "text 1\n");
    EXPECT_EQ(joined(exposition->body("", Format::openmetrics, Encoding::identity)),
              "openmetrics 1\n# EOF\n");
    EXPECT_EQ(rendered, (std::vector{Format::text, Format::openmetrics}));
}

TEST(ExpositionFormats, HaveTheirContentTypes) {
    EXPECT_EQ(content_type(Format::text), "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(content_type(Format::openmetrics),
              "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

TEST(ExpositionBodySize, IsThatOfBothParts) {
    EXPECT_EQ(exposition_of("up 1\n")->body("x 1\n", Format::text, Encoding::identity).size(), 9U);
}

TEST(ExpositionStore, HasOnlyTheLivePartBeforeTheFirstPoll) {
    const ExpositionStore store([](Format) { return std::string("live 1\n"); });
    EXPECT_EQ(joined(store.scrape(Format::text, Encoding::identity)), "live 1\n");
    EXPECT_EQ(gunzip(joined(store.scrape(Format::text, Encoding::gzip))), "live 1\n");
    EXPECT_EQ(joined(store.scrape(Format::openmetrics, Encoding::identity)), "live 1\n# EOF\n");
}

TEST(ExpositionStore, RendersTheLivePartAtEachScrapeInItsFormat) {
    int scrapes = 0;
    ExpositionStore store([&scrapes](Format format) {
        return (format == Format::text ? "text " : "openmetrics ") + std::to_string(++scrapes) + '\n';
    });
    store.publish(exposition_of("up 1\n"));
    EXPECT_EQ(joined(store.scrape(Format::text, Encoding::identity)), "up 1\ntext 1\n");
    EXPECT_EQ(joined(store.scrape(Format::openmetrics, Encoding::identity)), "up 1\nopenmetrics 2\n# EOF\n");
}

TEST(ExpositionStore, KeepsAnOldExpositionForTheScrapeThatHasIt) {
    ExpositionStore store([](Format) { return std::string(); });
    store.publish(exposition_of("old 1\n"));
    const auto body = store.scrape(Format::text, Encoding::identity);
    store.publish(exposition_of("new 1\n"));
    EXPECT_EQ(joined(body), "old 1\n");
    EXPECT_EQ(joined(store.scrape(Format::text, Encoding::identity)), "new 1\n");
}

// Each published text repeats one digit, so a mix of two would be detected.
TEST(ExpositionStore, GivesEachScrapeExactlyOnePublishedText) {
    const auto text_of = [](std::size_t poll) {
        return std::string(1000 + poll * 10, static_cast<char>('0' + poll % 10)) + '\n';
    };
    constexpr std::size_t polls = 300;
    const std::string live = "live 1\n";
    ExpositionStore store([&live](Format) { return live; });
    store.publish(exposition_of(text_of(0)));

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
                const auto bytes = joined(store.scrape(Format::text, encoding));
                const auto text = encoding == Encoding::gzip ? gunzip(bytes).value_or("damaged") : bytes;
                wrong += is_published(text) ? 0 : 1;
            }
        });
    }
    for (std::size_t poll = 1; poll < polls; ++poll) {
        store.publish(exposition_of(text_of(poll)));
    }
    published_all = true;
    scrapers.clear();
    EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace exporter::metrics

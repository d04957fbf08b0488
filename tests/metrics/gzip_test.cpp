#include "metrics/gzip.h"

#include "support/gzip.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace exporter::metrics {
namespace {

using support::gunzip;

/// Texts with much in common, so that deflate would gain from references between them.
std::vector<std::string> similar_texts(std::mt19937_64& random) {
    std::vector<std::string> texts(1 + random() % 8);
    for (std::string& text : texts) {
        for (std::uint64_t lines = random() % 300; lines > 0; --lines) {
            text += "datadog_access_tokens{org=\"default\"} " + std::to_string(random() % 100) + '\n';
        }
    }
    return texts;
}

struct Compressed {
    std::string deflated;
    TextSum text;

    [[nodiscard]] Fragment fragment() const { return {deflated, text}; }
};

Compressed compressed(Deflater& deflater, const std::string& text) {
    Compressed made;
    made.text = deflater.append(text, made.deflated);
    return made;
}

TEST(Fragments, JoinInAnyOrder) {
    std::mt19937_64 random(1);
    Deflater deflater;
    for (int round = 0; round < 200; ++round) {
        const auto texts = similar_texts(random);
        std::vector<Compressed> parts;
        parts.reserve(texts.size());
        for (const std::string& text : texts) {
            parts.push_back(compressed(deflater, text));
        }
        std::vector<std::size_t> order(2 * texts.size());  // some twice, some never
        for (std::size_t& index : order) {
            index = random() % texts.size();
        }
        std::string expected;
        std::vector<Fragment> fragments;
        for (const std::size_t index : order) {
            expected += texts[index];
            fragments.push_back(parts[index].fragment());
        }
        const OpenGzip member = open_gzip(fragments);
        ASSERT_TRUE(text_of(member) == expected);
        ASSERT_TRUE(gunzip(*member.bytes + gzip_ending(member, "tail")) == expected + "tail");
    }
}

TEST(Fragments, DoNotDependOnWhatWasCompressedBefore) {
    std::mt19937_64 random(2);
    Deflater used;
    for (int round = 0; round < 100; ++round) {
        for (const std::string& text : similar_texts(random)) {
            Deflater fresh;
            ASSERT_TRUE(compressed(used, text).deflated == compressed(fresh, text).deflated);
        }
    }
}

TEST(Fragments, OfAnEmptyStringHaveNoBytes) {
    Deflater deflater;
    const Compressed nothing = compressed(deflater, "");
    EXPECT_EQ(nothing.deflated, "");
    EXPECT_EQ(nothing.text.size, 0U);
}

TEST(Fragments, WithoutBytesChangeNothing) {
    Deflater deflater;
    const Compressed line = compressed(deflater, "up 1\n");
    const std::vector<Fragment> parts = {Fragment{}, line.fragment(), Fragment{}};
    const OpenGzip member = open_gzip(parts);
    EXPECT_EQ(gunzip(*member.bytes + gzip_ending(member, "")), "up 1\n");
}

TEST(OpenGzip, OfNoPartIsEmpty) {
    const OpenGzip member = open_gzip({});
    EXPECT_EQ(text_of(member), "");
    EXPECT_EQ(gunzip(*member.bytes + gzip_ending(member, "")), "");
}

TEST(OpenGzip, HasNoSpareCapacity) {
    Deflater deflater;
    const Compressed line = compressed(deflater, std::string(1000, 'x'));
    const std::vector<Fragment> parts(100, line.fragment());
    const OpenGzip member = open_gzip(parts);
    EXPECT_EQ(member.bytes->capacity(), member.bytes->size());
}

}  // namespace
}  // namespace exporter::metrics

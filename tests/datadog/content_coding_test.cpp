// Which content codings are supported, and how gzip's members, ends and checksums are read.
#include "datadog/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <initializer_list>
#include <string>
#include <vector>

namespace exporter::datadog {
namespace {

AnswerHead coded(const std::vector<std::string>& values) {
    AnswerHead head{200, "OK", {}};
    for (const std::string& value : values) {
        head.fields.emplace_back("Content-Encoding", value);
    }
    return head;
}

TEST(ContentCoding, IsKnownByNameInAnyCase) {
    for (const std::string name : {"gzip", "GZIP", "x-gzip", "X-Gzip", "identity, gzip", "gzip, Identity"}) {
        EXPECT_EQ(content_coding_of(coded({name})), ContentCoding::gzip) << name;
    }
    for (const std::string name : {"", "identity", "Identity", "identity, identity", ","}) {
        EXPECT_EQ(content_coding_of(coded({name})), ContentCoding::identity) << name;
    }
    EXPECT_EQ(content_coding_of(coded({})), ContentCoding::identity);
    EXPECT_EQ(content_coding_of(coded({"identity", "gzip"})), ContentCoding::gzip);
}

TEST(ContentCoding, IsNamedIfNotRequested) {
    for (const std::string name : {"br", "deflate", "zstd2", "gzip, gzip", "br, gzip", "gzip;q=1"}) {
        const auto coding = content_coding_of(coded({name}));

        ASSERT_FALSE(coding) << name;
        EXPECT_EQ(coding.error().kind, ErrorKind::bad_page);
        EXPECT_EQ(coding.error().message,
                  "an answer in the content coding `" + name + "`, which was not requested");
    }
}

/// One gzip member with the optional header fields in `header` (RFC 1952, 2.3).
std::string member(const std::string& text, int level = Z_BEST_COMPRESSION, gz_header* header = nullptr) {
    z_stream stream{};
    EXPECT_EQ(::deflateInit2_(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                              static_cast<int>(sizeof stream)),
              Z_OK);
    if (header != nullptr) {
        ::deflateSetHeader(&stream, header);
    }
    std::string compressed(::deflateBound(&stream, text.size()) + 1000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    EXPECT_EQ(::deflate(&stream, Z_FINISH), Z_STREAM_END);
    compressed.resize(stream.total_out);
    ::deflateEnd(&stream);
    return compressed;
}

struct Undone {
    explicit Undone(std::string_view bytes, std::size_t piece = std::string_view::npos) {
        for (; !bytes.empty() && taken; bytes.remove_prefix(std::min(piece, bytes.size()))) {
            taken = gunzip.take(bytes.substr(0, piece), [this](std::string_view more) {
                text += more;
                return true;
            });
        }
    }

    Gunzip gunzip;
    bool taken = true;
    std::string text;
};

TEST(Gunzip, ReadsMembersAndPaddingInAnyPieces) {
    const std::string long_text(100'000, 'x');
    std::string name = "file";
    gz_header header{};
    header.name = reinterpret_cast<Bytef*>(name.data());
    header.comment = header.name;
    header.extra = header.name;
    header.extra_len = 4;
    header.hcrc = 1;
    const std::vector<std::pair<std::string, std::string>> rows = {
        {member("ab"), "ab"},
        {member("a") + member("b"), "ab"},
        {member("") + member("a") + member("") + member("b") + member(""), "ab"},
        {member("a", Z_NO_COMPRESSION) + member("b"), "ab"},
        {member("ab", 9, &header), "ab"},
        {member("ab") + std::string(1000, '\0'), "ab"},
        {member(long_text) + member("b"), long_text + "b"},
    };
    for (const auto& [bytes, text] : rows) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{10}, bytes.size()}) {
            const Undone undone(bytes, piece);

            EXPECT_TRUE(undone.taken) << undone.gunzip.problem();
            EXPECT_TRUE(undone.gunzip.is_whole());
            EXPECT_EQ(undone.text, text);
        }
    }
}

TEST(Gunzip, IsIncompleteIfTheLastMemberIsCut) {
    const std::string bytes = member("a") + member("b");
    const std::size_t first = member("a").size();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const Undone undone(bytes.substr(0, size), 5);

        EXPECT_TRUE(undone.taken) << size;
        EXPECT_EQ(undone.gunzip.is_whole(), size == first) << size;
    }
}

TEST(Gunzip, DetectsTextChangedByAFlippedBit) {
    const std::string text = "some text that is long enough";
    const std::string bytes = member(text);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));

        const Undone undone(damaged);

        EXPECT_TRUE(!undone.taken || !undone.gunzip.is_whole() || undone.text == text) << bit;
    }
}

TEST(Gunzip, SaysWhatIsWrong) {
    std::string wrong_sum = member("ab");
    wrong_sum[wrong_sum.size() - 8] ^= 1;
    std::string wrong_length = member("ab");
    wrong_length[wrong_length.size() - 1] ^= 1;
    const std::vector<std::pair<std::string, std::string>> rows = {
        {R"({"data":[]})", "incorrect header check"},
        {wrong_sum, "incorrect data check"},
        {wrong_length, "incorrect length check"},
        {member("a") + "xx", "incorrect header check"},
        {member("a") + std::string(1, '\0') + "x", "bytes after its end that are not gzip"},
        {member("a") + std::string(1, '\0') + member("b"), "bytes after its end that are not gzip"},
    };
    for (const auto& [bytes, problem] : rows) {
        for (const std::size_t piece : {std::size_t{1}, bytes.size()}) {
            const Undone undone(bytes, piece);

            EXPECT_FALSE(undone.taken);
            EXPECT_EQ(undone.gunzip.problem(), problem);
        }
    }
}

TEST(Gunzip, StopsWhereNoMoreIsWanted) {
    const std::string bomb = member(std::string(std::size_t{10} << 20, '\0'));
    std::size_t got = 0;
    Gunzip gunzip;

    EXPECT_FALSE(gunzip.take(bomb, [&got](std::string_view text) {
        got += text.size();
        return got < 100'000;
    }));

    EXPECT_LT(got, 200'000U);
    EXPECT_EQ(gunzip.problem(), "");
}

}  // namespace
}  // namespace exporter::datadog

// For any bytes from a server, split in any way: the parsed response is the same, is either complete or
// failed once the connection is closed, and stays within its limits. The same holds for decompressing its
// body.
#include "datadog/answer.h"
#include "datadog/content_coding.h"
#include "require.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace exporter::datadog;

constexpr std::size_t most_body_bytes = 4096;
constexpr std::size_t most_plain_bytes = 65536;

/// The length of the next piece.
class Pieces {
  public:
    /// @param seed 0: everything at once
    explicit Pieces(unsigned seed) : whole_(seed == 0), random_(seed) {}

    std::size_t next() { return whole_ ? std::string_view::npos : 1 + random_() % (1 + random_() % 40); }

  private:
    bool whole_;
    std::minstd_rand random_;
};

struct Outcome {
    bool whole = false;
    bool keeps = false;
    std::optional<AnswerHead> head;
    bool failed = false;
    std::string body;

    friend bool operator==(const Outcome& left, const Outcome& right) {
        const bool same_head = left.head.has_value() == right.head.has_value() &&
                               (!left.head || (left.head->status == right.head->status &&
                                               left.head->reason == right.head->reason &&
                                               left.head->fields == right.head->fields));
        // How much of an invalid body was passed on, and which of two faults is found first, depends on how
        // the input was split.
        return left.whole == right.whole && left.keeps == right.keeps && same_head &&
               left.failed == right.failed && (!left.whole || left.body == right.body);
    }
};

Outcome read(std::string_view bytes, AnswerReader::Method method, Pieces pieces) {
    AnswerReader answer(method, most_body_bytes);
    Outcome outcome;
    while (!bytes.empty()) {
        std::string_view arrived = bytes.substr(0, pieces.next());
        bytes.remove_prefix(arrived.size());
        while (!arrived.empty()) {
            outcome.body += answer.take(arrived);
        }
    }
    outcome.keeps = answer.keeps_connection();
    answer.end_of_bytes();
    outcome.whole = answer.is_whole();
    if (answer.head() != nullptr) {
        outcome.head = *answer.head();
    }
    outcome.failed = answer.failure().has_value();
    require(outcome.whole != outcome.failed);
    require(!outcome.whole || outcome.head);
    require(!outcome.keeps || outcome.whole);
    require(!answer.keeps_connection());
    require(outcome.body.size() <= most_body_bytes);
    return outcome;
}

struct Plain {
    bool whole = false;
    std::string text;  ///< empty unless whole: the output before a fault depends on the pieces

    bool operator==(const Plain&) const = default;
};

Plain uncompress(std::string_view bytes, Pieces pieces) {
    Gunzip gunzip;
    Plain plain;
    bool taken = true;
    while (taken && !bytes.empty()) {
        const std::string_view arrived = bytes.substr(0, pieces.next());
        bytes.remove_prefix(arrived.size());
        taken = gunzip.take(arrived, [&plain](std::string_view text) {
            plain.text += text;
            return plain.text.size() <= most_plain_bytes;
        });
    }
    plain.whole = taken && gunzip.is_whole();
    require(!plain.whole || gunzip.problem().empty());
    require(plain.text.size() <= most_plain_bytes + (std::size_t{16} << 10));
    if (!plain.whole) {
        plain.text.clear();
    }
    return plain;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const unsigned seed = 1 + data[0];
    const auto method = data[1] % 8 == 7 ? AnswerReader::Method::connect : AnswerReader::Method::get;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);

    const Outcome at_once = read(bytes, method, Pieces(0));
    require(read(bytes, method, Pieces(seed)) == at_once);

    if (at_once.whole && content_coding_of(*at_once.head) == ContentCoding::gzip) {
        require(uncompress(at_once.body, Pieces(seed)) == uncompress(at_once.body, Pieces(0)));
    }
    // Also decompress the raw input: checksums stop most inputs from getting this far through a response.
    require(uncompress(bytes, Pieces(seed)) == uncompress(bytes, Pieces(0)));
    return 0;
}

#include "datadog/content_coding.h"

#include "base/text.h"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <limits>
#include <new>

namespace exporter::datadog {

namespace {

/// The largest window, plus 16: zlib checks gzip's header and trailer.
constexpr int gzip_window_bits = 15 + 16;

constexpr std::size_t largest_input = std::numeric_limits<uInt>::max();

}  // namespace

Result<ContentCoding> content_coding_of(const AnswerHead& head) {
    auto codings = head.list("Content-Encoding");
    std::erase(codings, "identity");
    if (codings.empty()) {
        return ContentCoding::identity;
    }
    // RFC 9110, 8.4.1.3: `x-gzip` is the same.
    if (codings.size() == 1 && (codings.front() == "gzip" || codings.front() == "x-gzip")) {
        return ContentCoding::gzip;
    }
    return tl::unexpected(Error{ErrorKind::bad_page,
                                fmt::format("an answer in the content coding `{}`, which was not requested",
                                            one_line(base::join(codings)))});
}

Gunzip::Gunzip()
    : stream_(new z_stream(), [](z_stream* stream) {
          ::inflateEnd(stream);  // Has no effect on a stream that was never initialized.
          delete stream;
      }) {
    // inflateInit2 is a macro that does this, with a cast that our warnings refuse.
    if (::inflateInit2_(stream_.get(), gzip_window_bits, ZLIB_VERSION, static_cast<int>(sizeof(z_stream))) !=
        Z_OK) {
        throw std::bad_alloc();
    }
}

void Gunzip::begin() {
    ::inflateReset(stream_.get());  // Fails only if there is no stream.
    part_ = Part::member;
    problem_.clear();
}

bool Gunzip::take(std::string_view bytes, const Sink& sink) {
    while (!bytes.empty()) {
        if (part_ != Part::member && !begin_another(bytes)) {
            return problem_.empty();
        }
        if (!inflate_some(bytes, sink)) {
            return false;
        }
    }
    return true;
}

/// False: no other member, only padding or invalid bytes. Zeros may follow the last member, as padding from
/// tapes and block devices.
bool Gunzip::begin_another(std::string_view& bytes) {
    if (part_ == Part::padding || bytes.front() == '\0') {
        part_ = Part::padding;
        if (bytes.find_first_not_of('\0') != std::string_view::npos) {
            problem_ = "bytes after its end that are not gzip";
        }
        return false;
    }
    part_ = Part::member;
    return ::inflateReset(stream_.get()) == Z_OK;
}

/// Decompresses up to the end of the member, or of `bytes`.
bool Gunzip::inflate_some(std::string_view& bytes, const Sink& sink) {
    std::array<char, std::size_t{16} << 10> piece;
    const std::string_view input = bytes.substr(0, largest_input);
    // zlib does not write to its input; only newer versions declare it const.
    stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input.data()));
    stream_->avail_in = static_cast<uInt>(input.size());
    do {
        stream_->next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_->avail_out = static_cast<uInt>(piece.size());
        const int outcome = ::inflate(stream_.get(), Z_NO_FLUSH);
        if (outcome == Z_MEM_ERROR) {
            throw std::bad_alloc();
        }
        if (outcome != Z_OK && outcome != Z_STREAM_END && outcome != Z_BUF_ERROR) {
            problem_ = stream_->msg != nullptr ? stream_->msg : "damaged data";
            return false;
        }
        const std::size_t size = piece.size() - stream_->avail_out;
        if (size > 0 && !sink({piece.data(), size})) {
            return false;
        }
        if (outcome == Z_STREAM_END) {
            part_ = Part::after_member;
        }
    } while (part_ == Part::member && (stream_->avail_in > 0 || stream_->avail_out == 0));
    bytes.remove_prefix(input.size() - stream_->avail_in);
    return true;
}

}  // namespace exporter::datadog

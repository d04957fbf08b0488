// Content codings of an answer's body (RFC 9110, 8.4), and gzip decompression (RFC 1952).
//
// cpp-httplib doesn't do this: it stops after the first of several gzip members, accepts truncated bodies,
// knows only one spelling of each coding, and decompresses `br`, whose memory nothing would limit.
#pragma once

#include "datadog/answer.h"
#include "datadog/error.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct z_stream_s;  // zlib's

namespace exporter::datadog {

enum class ContentCoding { identity, gzip };

/// @return an error of kind `bad_page` for a coding that was not requested; its message follows `… sent`
[[nodiscard]] Result<ContentCoding> content_coding_of(const AnswerHead& head);

/// Decompresses gzip as the bytes arrive; always uses 40 KiB, and 16 KiB of stack.
class Gunzip {
  public:
    /// Receives the decompressed bytes, at most 16 KiB at a time; false: stop.
    using Sink = std::function<bool(std::string_view)>;

    /// Throws std::bad_alloc.
    Gunzip();

    /// Call this before each body.
    void begin();
    /// False: the bytes are not gzip (see `problem`), or the sink wants no more. Don't call it again after
    /// that.
    [[nodiscard]] bool take(std::string_view bytes, const Sink& sink);
    /// Every member is complete, so the body may end here.
    [[nodiscard]] bool is_whole() const { return part_ != Part::member; }
    /// What is wrong with the bytes; empty: nothing so far.
    [[nodiscard]] const std::string& problem() const { return problem_; }

  private:
    /// Where the next byte belongs.
    enum class Part { member, after_member, padding };

    [[nodiscard]] bool begin_another(std::string_view& bytes);
    [[nodiscard]] bool inflate_some(std::string_view& bytes, const Sink& sink);

    std::unique_ptr<z_stream_s, void (*)(z_stream_s*)> stream_;
    Part part_ = Part::member;
    std::string problem_;
};

}  // namespace exporter::datadog

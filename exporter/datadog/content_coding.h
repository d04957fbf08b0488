// How the body of an answer is coded (RFC 9110, 8.4), and gzip undone (RFC 1952).
//
// Not left to cpp-httplib: it ends at the first of several gzip members, takes a body without its end for a
// whole one, knows codings by one spelling only, and undoes `br`, whose memory nothing would count.
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

/// @return an error of kind `bad_page` for a coding that was not asked for; its message goes on after
/// `… sent`
[[nodiscard]] Result<ContentCoding> content_coding_of(const AnswerHead& head);

/// Undoes gzip while the bytes arrive; takes 40 KiB, and 16 KiB of stack, whatever they are.
class Gunzip {
  public:
    /// Gets what was uncompressed, 16 KiB at most at a time; false: no more is wanted.
    using Sink = std::function<bool(std::string_view)>;

    /// Throws std::bad_alloc.
    Gunzip();

    /// To be called before each body.
    void begin();
    /// False: the bytes are no gzip (see `problem`), or the sink wants no more. Nothing may be taken after.
    [[nodiscard]] bool take(std::string_view bytes, const Sink& sink);
    /// All members came to their ends, and so may the body.
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

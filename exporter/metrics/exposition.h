// The exposition: what a scrape is answered with. Rendered and compressed once per poll; a scrape only adds
// the small live part. This is all that web knows of metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace exporter::metrics {

/// One scrape's body: `head` is shared by all scrapes since the last poll, `tail` is this scrape's own. The
/// body is their concatenation.
struct Body {
    std::shared_ptr<const std::string> head;
    std::string tail;

    [[nodiscard]] std::size_t size() const { return head->size() + tail.size(); }
};

enum class Encoding { identity, gzip };

/// Text in the Prometheus exposition format 0.0.4, in both encodings. Immutable.
class Exposition {
  public:
    /// Compresses `text`, which must be whole lines.
    explicit Exposition(std::string text);

    [[nodiscard]] const std::string& text() const { return *text_; }

    /// This exposition followed by `live`, as one gzip member where `encoding` says so: the stored part is a
    /// raw deflate stream that ended on a byte boundary, so a second one joins it and the checksums combine.
    [[nodiscard]] Body body(std::string_view live, Encoding encoding) const;

  private:
    std::shared_ptr<const std::string> text_;
    std::shared_ptr<const std::string> deflated_;  ///< gzip header and an unfinished deflate stream
    std::uint32_t checksum_ = 0;                   ///< CRC-32 of the text
};

/// Holds the current exposition. A new one replaces it whole: no scrape sees half of a poll. Thread-safe.
class ExpositionStore {
  public:
    /// @param live renders the part that is as of the scrape (process metrics); thread-safe
    explicit ExpositionStore(std::function<std::string()> live);

    void publish(std::shared_ptr<const Exposition> exposition);

    /// The body of a scrape, now.
    [[nodiscard]] Body scrape(Encoding encoding) const;

  private:
    const std::function<std::string()> live_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Exposition> current_;  ///< protected by mutex_; never null
};

/// `text/plain; version=0.0.4; charset=utf-8`
inline constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace exporter::metrics

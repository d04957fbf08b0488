// The exposition: the answer to a scrape. It is stored compressed, in each format; a scrape only appends the
// small live part. This is the only part of metrics/ that web/ uses.
//
// It is built in two steps, so that the cost of a poll depends only on its own organization. After a poll,
// the lines of its organization are rendered and compressed; then an exposition copies the compressed lines
// of all organizations. The result equals, byte for byte, `render` of each metric's series, organization by
// organization.
#pragma once

#include "metrics/gzip.h"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace prometheus {
struct MetricFamily;
}

namespace exporter::metrics {

struct Snapshot;

/// The format of the lines: Prometheus' text format 0.0.4, the default, or OpenMetrics 1.0.0.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
/// https://prometheus.io/docs/specs/om/open_metrics_spec/
enum class Format { text, openmetrics };

inline constexpr std::array formats = {Format::text, Format::openmetrics};

/// `text/plain; version=0.0.4; charset=utf-8` or `application/openmetrics-text; version=1.0.0; charset=utf-8`
[[nodiscard]] std::string_view content_type(Format format);

/// The lines of `families` in `format`: counters, gauges (OpenMetrics: an info if the name ends in `_info`)
/// and histograms that end with the bucket `+Inf`. Text is byte for byte the same as
/// prometheus::TextSerializer's, but faster and without a locale. OpenMetrics has the same samples, without
/// `# EOF`; a name that ends in a unit has a `# UNIT` line.
[[nodiscard]] std::string render(const std::vector<prometheus::MetricFamily>& families, Format format);

/// The two parts of `render`'s output for a family: the lines that describe it, and its sample lines.
[[nodiscard]] std::string render_header(const prometheus::MetricFamily& family, Format format);
[[nodiscard]] std::string render_samples(const prometheus::MetricFamily& family, Format format);

enum class Encoding { identity, gzip };

/// Renders complete lines of some families in a format. Without OpenMetrics' `# EOF`, because other lines may
/// follow.
using Renderer = std::function<std::string(Format)>;

/// Lines of metrics of the catalog, compressed one metric at a time; a metric is identified by its row.
struct CompressedLines {
    struct Place {
        std::size_t begin = 0;
        std::size_t size = 0;
        TextSum text;
    };

    std::string deflated;
    std::vector<std::array<Place, formats.size()>>
        places;  ///< by row and format; equal lines share the bytes

    /// A view of this object's bytes; empty if there are no lines.
    [[nodiscard]] Fragment at(std::size_t row, Format format) const;
};

/// The sample lines of one organization, without the lines that describe the families. Rendered after each
/// poll. Thread-safe.
[[nodiscard]] std::shared_ptr<const CompressedLines> render_lines(const Snapshot& snapshot);

/// One scrape's body: `head` followed by `tail`. All scrapes since the last poll share `head`; each has its
/// own `tail`.
struct Body {
    std::shared_ptr<const std::string> head;
    std::string tail;

    [[nodiscard]] std::size_t size() const { return head->size() + tail.size(); }
};

/// The stored part of the exposition, in each format. Immutable and thread-safe.
///
/// Only the compressed bytes exist, at most a fifth of the text, until a client requests uncompressed text.
/// Prometheus by default doesn't.
class Exposition {
  public:
    /// @param stored by format
    explicit Exposition(std::array<OpenGzip, formats.size()> stored) : stored_(std::move(stored)) {}

    /// The stored part followed by `live` (complete lines of the same format) and the format's end marker.
    /// One gzip member if `encoding` requires it. The first uncompressed body unpacks the stored part; later
    /// ones share its text.
    [[nodiscard]] Body body(std::string_view live, Format format, Encoding encoding) const;

  private:
    [[nodiscard]] std::shared_ptr<const std::string> text(Format format) const;

    std::array<OpenGzip, formats.size()> stored_;  ///< by format; constant after construction

    mutable std::mutex unpacking_;  ///< held while unpacking; other scrapes wait for the same text
    mutable std::array<std::shared_ptr<const std::string>, formats.size()>
        texts_;  ///< by format, null until requested; protected by unpacking_
};

/// The exposition of these organizations, in their order.
/// @param organizations not null; not used after the call
[[nodiscard]] std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const CompressedLines>> organizations);

/// Holds the current exposition. A new one replaces it as a whole: no scrape sees half a poll. Thread-safe.
class ExpositionStore {
  public:
    /// @param live renders the metrics taken at scrape time (process metrics); thread-safe
    explicit ExpositionStore(Renderer live);

    void publish(std::shared_ptr<const Exposition> exposition);

    /// The body of a scrape at this moment.
    [[nodiscard]] Body scrape(Format format, Encoding encoding) const;

  private:
    const Renderer live_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Exposition> current_;  ///< protected by mutex_; never null
};

}  // namespace exporter::metrics

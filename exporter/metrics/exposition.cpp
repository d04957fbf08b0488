#include "metrics/exposition.h"

#include "metrics/catalog.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace exporter::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// The precision of prometheus-cpp: one digit less than needed to round-trip every double, so that 0.1 is
/// printed as `0.1`.
constexpr int value_digits = std::numeric_limits<double>::max_digits10 - 1;

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

class Writer {
  public:
    Writer(Format format, std::size_t expected_bytes) : format_(format) { text_.reserve(expected_bytes); }

    /// In OpenMetrics, the suffixes of sample names are not part of the family's name. prometheus-cpp 1.0 has
    /// no type for an info: it is a gauge with the suffix `_info`.
    void write_header(const MetricFamily& family) {
        std::string_view name = family.name;
        std::string_view type = family.type == MetricType::Histogram ? "histogram" : "gauge";
        if (family.type == MetricType::Counter) {
            type = "counter";
            name = is_openmetrics() ? without_suffix(name, "_total") : name;
        } else if (is_openmetrics() && family.type == MetricType::Gauge && name.ends_with("_info")) {
            type = "info";
            name = without_suffix(name, "_info");
        }
        append("# HELP ", name, " ", family.help, "\n# TYPE ", name, " ", type, "\n");
        for (const std::string_view suffix : {"_seconds", "_bytes"}) {
            if (is_openmetrics() && name.ends_with(suffix)) {
                append("# UNIT ", name, " ", suffix.substr(1), "\n");
            }
        }
    }

    void write_samples(const MetricFamily& family) {
        for (const ClientMetric& series : family.metric) {
            if (family.type == MetricType::Histogram) {
                write_histogram(family.name, series);
            } else {
                const bool is_counter = family.type == MetricType::Counter;
                write_sample(family.name, "", series, is_counter ? series.counter.value : series.gauge.value);
            }
        }
    }

    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    [[nodiscard]] bool is_openmetrics() const { return format_ == Format::openmetrics; }

    /// prometheus-cpp writes count and sum first; OpenMetrics wants the buckets before them.
    void write_histogram(std::string_view name, const ClientMetric& series) {
        if (!is_openmetrics()) {
            write_count_and_sum(name, series);
        }
        for (const ClientMetric::Bucket& bucket : series.histogram.bucket) {
            write_sample(name, "_bucket", series, bucket.cumulative_count, &bucket.upper_bound);
        }
        if (is_openmetrics()) {
            write_count_and_sum(name, series);
        }
    }

    void write_count_and_sum(std::string_view name, const ClientMetric& series) {
        write_sample(name, "_count", series, series.histogram.sample_count);
        write_sample(name, "_sum", series, series.histogram.sample_sum);
    }

    /// @param bound the value of the label `le`; null: no such label
    template <class Number>
    void write_sample(std::string_view name, std::string_view suffix, const ClientMetric& series,
                      Number value, const double* bound = nullptr) {
        append(name, suffix);
        append_labels(series, bound);
        append(" ");
        append_number(value);
        append("\n");
    }

    void append_labels(const ClientMetric& series, const double* bound) {
        std::string_view separator = "{";
        for (const ClientMetric::Label& label : series.label) {
            append(separator, label.name, "=\"");
            append_escaped(label.value);
            append("\"");
            separator = ",";
        }
        if (bound != nullptr) {
            append(separator, "le=\"");
            append_bound(*bound);
            append("\"");
        }
        if (bound != nullptr || !series.label.empty()) {
            append("}");
        }
    }

    void append_escaped(std::string_view value) {
        std::size_t written = 0;
        for (std::size_t i = 0; i < value.size(); ++i) {
            const char c = value[i];
            if (c == '\\' || c == '"' || c == '\n') {
                append(value.substr(written, i - written), c == '\n' ? "\\n" : c == '"' ? "\\\"" : "\\\\");
                written = i + 1;
            }
        }
        append(value.substr(written));
    }

    /// In OpenMetrics like Go's %g, with `.0` if there is neither a point nor an exponent: bounds are
    /// compared as text (OpenMetrics 1.0, "Considerations: Canonical Numbers").
    void append_bound(double bound) {
        if (std::isinf(bound)) {
            append("+Inf");
        } else if (!is_openmetrics()) {
            append_number(bound);
        } else {
            const std::size_t begin = text_.size();
            append_digits(bound, std::chars_format::general);
            if (text_.find_first_of(".e", begin) == std::string::npos) {
                append(".0");
            }
        }
    }

    void append_number(double value) { append_digits(value, std::chars_format::general, value_digits); }
    void append_number(std::uint64_t count) { append_digits(count); }

    /// @param how as for `std::to_chars`
    template <class Number, class... How>
    void append_digits(Number value, How... how) {
        std::array<char, 32> digits;  // "-1.2345678901234567e-308" is the longest
        text_.append(digits.data(),
                     std::to_chars(digits.data(), digits.data() + digits.size(), value, how...).ptr);
    }

    template <class... Parts>
    void append(const Parts&... parts) {
        (text_.append(std::string_view(parts)), ...);
    }

    const Format format_;
    std::string text_;
};

constexpr std::size_t bytes_of_a_line = 160;

constexpr std::string_view end_of_openmetrics = "# EOF\n";

/// Compresses the output of `render` for each row's family.
template <class FamilyOf>
CompressedLines compress(const FamilyOf& family_of_row,
                         std::string (*render)(const prometheus::MetricFamily&, Format)) {
    CompressedLines lines;
    Deflater deflater;
    const auto append = [&](std::string_view text) {
        const std::size_t begin = lines.deflated.size();
        const TextSum sum = deflater.append(text, lines.deflated);
        return CompressedLines::Place{begin, lines.deflated.size() - begin, sum};
    };
    lines.places.reserve(catalog().size());
    // One family at a time, so that only the compressed bytes of all families are in memory.
    for (const Metric& metric : catalog()) {
        const prometheus::MetricFamily family = family_of_row(metric);
        const std::string text = render(family, Format::text);
        const std::string openmetrics = render(family, Format::openmetrics);
        const CompressedLines::Place place = append(text);
        lines.places.push_back({place, openmetrics == text ? place : append(openmetrics)});
    }
    lines.deflated.shrink_to_fit();
    return lines;
}

OpenGzip join_format(std::span<const std::shared_ptr<const CompressedLines>> organizations, Format format) {
    // The HELP, TYPE and UNIT lines of each family in the catalog.
    static const CompressedLines headers =
        compress([](const Metric& metric) { return FamilyBuilder(metric).build(); }, render_header);
    std::vector<Fragment> parts;
    parts.reserve(catalog().size() * (1 + organizations.size()));
    for (std::size_t row = 0; row < catalog().size(); ++row) {
        const std::size_t header = parts.size();
        parts.push_back(headers.at(row, format));
        for (const auto& organization : organizations) {
            if (const Fragment lines = organization->at(row, format); lines.text.size != 0) {
                parts.push_back(lines);
            }
        }
        if (parts.size() == header + 1) {
            parts.pop_back();
        }
    }
    return open_gzip(parts);
}

}  // namespace

std::string render_header(const MetricFamily& family, Format format) {
    Writer writer(format, 0);
    writer.write_header(family);
    return std::move(writer).text();
}

std::string render_samples(const MetricFamily& family, Format format) {
    Writer writer(format, family.metric.size() * bytes_of_a_line);
    writer.write_samples(family);
    return std::move(writer).text();
}

std::string render(const std::vector<MetricFamily>& families, Format format) {
    std::size_t lines = 0;
    for (const MetricFamily& family : families) {
        lines += family.metric.size() + 2;
    }
    Writer writer(format, lines * bytes_of_a_line);
    for (const MetricFamily& family : families) {
        writer.write_header(family);
        writer.write_samples(family);
    }
    return std::move(writer).text();
}

std::string_view content_type(Format format) {
    return format == Format::openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                         : "text/plain; version=0.0.4; charset=utf-8";
}

Fragment CompressedLines::at(std::size_t row, Format format) const {
    const Place& place = places[row][static_cast<std::size_t>(format)];
    return {std::string_view(deflated).substr(place.begin, place.size), place.text};
}

std::shared_ptr<const CompressedLines> render_lines(const Snapshot& snapshot) {
    return std::make_shared<const CompressedLines>(
        compress([&](const Metric& metric) { return family_of(metric, snapshot); }, render_samples));
}

Body Exposition::body(std::string_view live, Format format, Encoding encoding) const {
    std::string tail(live);
    if (format == Format::openmetrics) {
        tail += end_of_openmetrics;
    }
    if (encoding == Encoding::identity) {
        return {text(format), std::move(tail)};
    }
    const OpenGzip& stored = stored_.at(static_cast<std::size_t>(format));
    return {stored.bytes, gzip_ending(stored, tail)};
}

std::shared_ptr<const std::string> Exposition::text(Format format) const {
    const auto index = static_cast<std::size_t>(format);
    const std::lock_guard lock(unpacking_);
    std::shared_ptr<const std::string>& text = texts_.at(index);
    if (!text) {
        text = std::make_shared<const std::string>(text_of(stored_.at(index)));
    }
    return text;
}

std::shared_ptr<const Exposition> join(
    std::span<const std::shared_ptr<const CompressedLines>> organizations) {
    return std::make_shared<const Exposition>(std::array{join_format(organizations, Format::text),
                                                         join_format(organizations, Format::openmetrics)});
}

ExpositionStore::ExpositionStore(Renderer live) : live_(std::move(live)), current_(join({})) {}

void ExpositionStore::publish(std::shared_ptr<const Exposition> exposition) {
    const std::lock_guard lock(mutex_);
    // The parameter destroys the old exposition after the lock is released, so no scrape waits for its memory
    // to be freed.
    std::swap(current_, exposition);
}

Body ExpositionStore::scrape(Format format, Encoding encoding) const {
    const auto current = [this] {
        const std::lock_guard lock(mutex_);
        return current_;
    }();
    return current->body(live_(format), format, encoding);
}

}  // namespace exporter::metrics

#include "metrics/collectables.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace exporter::metrics {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// What prometheus-cpp prints: one digit less than would make every double read back as itself, so that 0.1
/// is `0.1`.
constexpr int value_digits = std::numeric_limits<double>::max_digits10 - 1;

constexpr std::string_view total = "_total";
constexpr std::string_view info = "_info";

std::string_view without_suffix(std::string_view name, std::string_view suffix) {
    return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : name;
}

/// prometheus-cpp 1.0 has no type for it.
bool is_info(const MetricFamily& family) {
    return family.type == MetricType::Gauge && family.name.ends_with(info);
}

std::string_view type_name(const MetricFamily& family, Format format) {
    switch (family.type) {
        case MetricType::Counter:
            return "counter";
        case MetricType::Gauge:
            return format == Format::openmetrics && is_info(family) ? "info" : "gauge";
        case MetricType::Summary:
            return "summary";
        case MetricType::Histogram:
            return "histogram";
        case MetricType::Untyped:
            break;
    }
    return format == Format::openmetrics ? "unknown" : "untyped";
}

/// In OpenMetrics what a type appends to its samples' names is no part of the family's.
std::string_view family_name(const MetricFamily& family, Format format) {
    if (format == Format::openmetrics && family.type == MetricType::Counter) {
        return without_suffix(family.name, total);
    }
    if (format == Format::openmetrics && is_info(family)) {
        return without_suffix(family.name, info);
    }
    return family.name;
}

/// Empty when the family's name does not end in one.
std::string_view unit_of(std::string_view family_name) {
    for (const std::string_view unit : {"seconds", "bytes"}) {
        if (family_name.ends_with(unit) && without_suffix(family_name, unit).ends_with('_')) {
            return unit;
        }
    }
    return {};
}

class Writer {
  public:
    Writer(Format format, std::size_t expected_bytes) : format_(format) { text_.reserve(expected_bytes); }

    void write_header(const MetricFamily& family) {
        const std::string_view name = family_name(family, format_);
        if (!family.help.empty()) {
            append("# HELP ", name, " ");
            // Not in the text format, where it should be too: its bytes are those of prometheus-cpp.
            is_openmetrics() ? append_escaped(family.help) : append(family.help);
            append("\n");
        }
        append("# TYPE ", name, " ", type_name(family, format_), "\n");
        if (const std::string_view unit = unit_of(name); is_openmetrics() && !unit.empty()) {
            append("# UNIT ", name, " ", unit, "\n");
        }
    }

    void write_samples(const MetricFamily& family) {
        for (const ClientMetric& series : family.metric) {
            write(family, series);
        }
    }

    [[nodiscard]] std::string text() && { return std::move(text_); }

  private:
    struct ExtraLabel {
        std::string_view name;
        double value;
    };

    [[nodiscard]] bool is_openmetrics() const { return format_ == Format::openmetrics; }

    void write(const MetricFamily& family, const ClientMetric& series) {
        switch (family.type) {
            case MetricType::Counter:
                return write_counter(family.name, series);
            case MetricType::Gauge:
                return line(family.name, "", series, series.gauge.value);
            case MetricType::Summary:
                return write_summary(family.name, series);
            case MetricType::Histogram:
                return write_histogram(family.name, series);
            case MetricType::Untyped:
                break;
        }
        line(family.name, "", series, series.untyped.value);
    }

    void write_counter(std::string_view name, const ClientMetric& series) {
        const bool lacks_total = is_openmetrics() && !name.ends_with(total);
        line(name, lacks_total ? total : "", series, series.counter.value);
    }

    // prometheus-cpp writes count and sum first, OpenMetrics has the buckets before them.

    void write_summary(std::string_view name, const ClientMetric& series) {
        const ClientMetric::Summary& summary = series.summary;
        if (!is_openmetrics()) {
            write_count_and_sum(name, series, summary.sample_count, summary.sample_sum);
        }
        for (const ClientMetric::Quantile& quantile : summary.quantile) {
            const ExtraLabel extra = {"quantile", quantile.quantile};
            line(name, "", series, quantile.value, &extra);
        }
        if (is_openmetrics()) {
            write_count_and_sum(name, series, summary.sample_count, summary.sample_sum);
        }
    }

    void write_histogram(std::string_view name, const ClientMetric& series) {
        const ClientMetric::Histogram& histogram = series.histogram;
        if (!is_openmetrics()) {
            write_count_and_sum(name, series, histogram.sample_count, histogram.sample_sum);
        }
        write_buckets(name, series);
        if (is_openmetrics()) {
            write_count_and_sum(name, series, histogram.sample_count, histogram.sample_sum);
        }
    }

    void write_count_and_sum(std::string_view name, const ClientMetric& series, std::uint64_t count,
                             double sum) {
        line(name, "_count", series, count);
        line(name, "_sum", series, sum);
    }

    void write_buckets(std::string_view name, const ClientMetric& series) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const ClientMetric::Histogram& histogram = series.histogram;
        for (const ClientMetric::Bucket& bucket : histogram.bucket) {
            const ExtraLabel extra = {"le", bucket.upper_bound};
            line(name, "_bucket", series, bucket.cumulative_count, &extra);
        }
        if (histogram.bucket.empty() || histogram.bucket.back().upper_bound != infinity) {
            const ExtraLabel extra = {"le", infinity};
            line(name, "_bucket", series, histogram.sample_count, &extra);
        }
    }

    template <class Number>
    void line(std::string_view name, std::string_view suffix, const ClientMetric& series, Number value,
              const ExtraLabel* extra = nullptr) {
        append(name, suffix);
        append_labels(series, extra);
        append(" ");
        append_number(value);
        if (series.timestamp_ms != 0) {
            append(" ");
            append_timestamp(series.timestamp_ms);
        }
        append("\n");
    }

    void append_labels(const ClientMetric& series, const ExtraLabel* extra) {
        if (series.label.empty() && extra == nullptr) {
            return;
        }
        std::string_view separator = "{";
        for (const ClientMetric::Label& label : series.label) {
            append(separator, label.name, "=\"");
            append_escaped(label.value);
            append("\"");
            separator = ",";
        }
        if (extra != nullptr) {
            append(separator, extra->name, "=\"");
            is_openmetrics() ? append_canonical(extra->value) : append_number(extra->value);
            append("\"");
        }
        append("}");
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

    void append_timestamp(std::int64_t milliseconds) {
        constexpr double milliseconds_of_a_second = 1000;
        is_openmetrics() ? append_number(static_cast<double>(milliseconds) / milliseconds_of_a_second)
                         : append_number(milliseconds);
    }

    void append_number(double value) {
        if (!append_special(value)) {
            append_digits(value, value_digits);
        }
    }

    /// As Go's %g, with `.0` where there is neither point nor exponent: these numbers are compared as text
    /// (OpenMetrics 1.0, "Considerations: Canonical Numbers").
    void append_canonical(double value) {
        if (append_special(value)) {
            return;
        }
        const std::size_t begin = text_.size();
        append_digits(value);
        if (text_.find_first_of(".e", begin) == std::string::npos) {
            append(".0");
        }
    }

    bool append_special(double value) {
        if (std::isnan(value)) {
            append(is_openmetrics() ? "NaN" : "Nan");
            return true;
        }
        if (std::isinf(value)) {
            append(value < 0 ? "-Inf" : "+Inf");
            return true;
        }
        return false;
    }

    /// @param precision of the digits; none: as many as read back as `value`
    template <class... Precision>
    void append_digits(double value, Precision... precision) {
        // "-1.2345678901234567e-308" is the longest.
        std::array<char, 32> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                       std::chars_format::general, precision...)
                             .ptr;
        text_.append(digits.data(), end);
    }

    template <class Integer>
    void append_number(Integer value) {
        std::array<char, std::numeric_limits<Integer>::digits10 + 2> digits;
        text_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    }

    template <class... Parts>
    void append(const Parts&... parts) {
        (text_.append(std::string_view(parts)), ...);
    }

    const Format format_;
    std::string text_;
};

std::size_t estimate_bytes(const MetricFamily& family) {
    constexpr std::size_t bytes_of_a_line = 160;
    return (2 + family.metric.size()) * bytes_of_a_line;
}

}  // namespace

std::string render_header(const MetricFamily& family, Format format) {
    Writer writer(format, 0);
    writer.write_header(family);
    return std::move(writer).text();
}

std::string render_samples(const MetricFamily& family, Format format) {
    Writer writer(format, estimate_bytes(family));
    writer.write_samples(family);
    return std::move(writer).text();
}

std::string render(const std::vector<MetricFamily>& families, Format format) {
    std::size_t bytes = 0;
    for (const MetricFamily& family : families) {
        bytes += estimate_bytes(family);
    }
    Writer writer(format, bytes);
    for (const MetricFamily& family : families) {
        writer.write_header(family);
        writer.write_samples(family);
    }
    return std::move(writer).text();
}

}  // namespace exporter::metrics

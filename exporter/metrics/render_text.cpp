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

std::string_view type_name(MetricType type) {
    switch (type) {
        case MetricType::Counter:
            return "counter";
        case MetricType::Gauge:
            return "gauge";
        case MetricType::Summary:
            return "summary";
        case MetricType::Histogram:
            return "histogram";
        case MetricType::Untyped:
            break;
    }
    return "untyped";
}

class TextWriter {
  public:
    explicit TextWriter(std::size_t expected_bytes) { text_.reserve(expected_bytes); }

    void write(const MetricFamily& family) {
        if (!family.help.empty()) {
            append("# HELP ", family.name, " ", family.help, "\n");
        }
        append("# TYPE ", family.name, " ", type_name(family.type), "\n");
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

    void write(const MetricFamily& family, const ClientMetric& series) {
        switch (family.type) {
            case MetricType::Counter:
                return line(family.name, "", series, series.counter.value);
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

    void write_summary(std::string_view name, const ClientMetric& series) {
        line(name, "_count", series, series.summary.sample_count);
        line(name, "_sum", series, series.summary.sample_sum);
        for (const ClientMetric::Quantile& quantile : series.summary.quantile) {
            const ExtraLabel extra = {"quantile", quantile.quantile};
            line(name, "", series, quantile.value, &extra);
        }
    }

    void write_histogram(std::string_view name, const ClientMetric& series) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        const ClientMetric::Histogram& histogram = series.histogram;
        line(name, "_count", series, histogram.sample_count);
        line(name, "_sum", series, histogram.sample_sum);
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
            append_number(series.timestamp_ms);
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
            append_number(extra->value);
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

    void append_number(double value) {
        if (std::isnan(value)) {
            append("Nan");
        } else if (std::isinf(value)) {
            append(value < 0 ? "-Inf" : "+Inf");
        } else {
            // "-1.234567890123456e-308" is the longest.
            std::array<char, 32> digits;
            const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value,
                                           std::chars_format::general, value_digits)
                                 .ptr;
            text_.append(digits.data(), end);
        }
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

    std::string text_;
};

std::size_t estimate_bytes(const std::vector<MetricFamily>& families) {
    constexpr std::size_t bytes_of_a_line = 160;
    std::size_t lines = 0;
    for (const MetricFamily& family : families) {
        lines += 2 + family.metric.size();
    }
    return lines * bytes_of_a_line;
}

}  // namespace

std::string render_text(const std::vector<prometheus::MetricFamily>& families) {
    TextWriter writer(estimate_bytes(families));
    for (const MetricFamily& family : families) {
        writer.write(family);
    }
    return std::move(writer).text();
}

}  // namespace exporter::metrics

// Metric families from figures that are kept elsewhere, as they are at the time of a scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/histogram.h"

namespace longhand::http {

/// Collects families; a family is what a name's `# HELP` and `# TYPE` stand over. Each name is given once.
class MetricFamilies {
public:
    explicit MetricFamilies(std::vector<prometheus::MetricFamily> begun) : families_(std::move(begun)) {}

    void gauge(std::string name, std::string help, double value);
    void counter(std::string name, std::string help, double value);
    void histogram(std::string name, std::string help, const Histogram& values);

    /// One series for each word that `label` takes. The words are the program's own: their number is bounded.
    using Labelled = std::vector<std::pair<std::string, double>>;
    void gauges(std::string name, std::string help, const std::string& label, const Labelled& values);
    void counters(std::string name, std::string help, const std::string& label, const Labelled& values);

    const std::vector<prometheus::MetricFamily>& all() const { return families_; }

private:
    prometheus::MetricFamily& add(std::string name, std::string help, prometheus::MetricType type);

    std::vector<prometheus::MetricFamily> families_;
};

}  // namespace longhand::http

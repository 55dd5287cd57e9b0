#include "http/metric_families.h"

#include <cstdint>
#include <limits>

namespace longhand::http {

using prometheus::ClientMetric;
using prometheus::MetricType;

prometheus::MetricFamily& MetricFamilies::add(std::string name, std::string help, MetricType type) {
    prometheus::MetricFamily& family = families_.emplace_back();
    family.name = std::move(name);
    family.help = std::move(help);
    family.type = type;
    return family;
}

void MetricFamilies::gauge(std::string name, std::string help, double value) {
    add(std::move(name), std::move(help), MetricType::Gauge).metric.emplace_back().gauge.value = value;
}

void MetricFamilies::counter(std::string name, std::string help, double value) {
    add(std::move(name), std::move(help), MetricType::Counter).metric.emplace_back().counter.value = value;
}

void MetricFamilies::gauges(std::string name, std::string help, const std::string& label, const Labelled& values) {
    prometheus::MetricFamily& family = add(std::move(name), std::move(help), MetricType::Gauge);
    for (const auto& [word, value] : values) {
        ClientMetric& metric = family.metric.emplace_back();
        metric.label = {{label, word}};
        metric.gauge.value = value;
    }
}

void MetricFamilies::counters(std::string name, std::string help, const std::string& label, const Labelled& values) {
    prometheus::MetricFamily& family = add(std::move(name), std::move(help), MetricType::Counter);
    for (const auto& [word, value] : values) {
        ClientMetric& metric = family.metric.emplace_back();
        metric.label = {{label, word}};
        metric.counter.value = value;
    }
}

void MetricFamilies::histogram(std::string name, std::string help, const Histogram& values) {
    ClientMetric::Histogram& out =
        add(std::move(name), std::move(help), MetricType::Histogram).metric.emplace_back().histogram;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < values.counts().size(); ++i) {
        below += values.counts()[i];
        const bool is_last = i == values.bounds().size();
        out.bucket.push_back({below, is_last ? std::numeric_limits<double>::infinity() : values.bounds()[i]});
    }
    out.sample_count = values.count();
    out.sample_sum = values.sum();
}

}  // namespace longhand::http

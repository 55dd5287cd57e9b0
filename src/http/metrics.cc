#include "http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

namespace longhand::http {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                          0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};

/// A series whose value is read elsewhere at the time of the scrape.
prometheus::MetricFamily family(std::string name, std::string help, prometheus::MetricType type) {
    prometheus::MetricFamily out;
    out.name = std::move(name);
    out.help = std::move(help);
    out.type = type;
    return out;
}

prometheus::ClientMetric value(prometheus::MetricType type, double number,
                               std::vector<prometheus::ClientMetric::Label> labels = {}) {
    prometheus::ClientMetric out;
    out.label = std::move(labels);
    if (type == prometheus::MetricType::Counter)
        out.counter.value = number;
    else
        out.gauge.value = number;
    return out;
}

struct Series {
    const char* name;
    const char* help;
    prometheus::MetricType type;
    double number;
};

void add(std::vector<prometheus::MetricFamily>& families, std::initializer_list<Series> all) {
    for (const Series& one : all) {
        auto out = family(one.name, one.help, one.type);
        out.metric.push_back(value(one.type, one.number));
        families.push_back(std::move(out));
    }
}

void add_ledger(std::vector<prometheus::MetricFamily>& families, const store::LedgerTotals& ledger) {
    constexpr auto kGauge = prometheus::MetricType::Gauge;
    constexpr auto kCounter = prometheus::MetricType::Counter;
    add(families,
        {{"longhand_ledger_calls_total", "Requests to providers that have ended", kCounter,
          static_cast<double>(ledger.calls)},
         {"longhand_ledger_cost_usd_total", "What they cost, in US dollars, where it is known", kCounter,
          ledger.cost.usd()},
         {"longhand_ledger_unknown_costs_total", "Those of which nobody gave a price", kCounter,
          static_cast<double>(ledger.unknown_costs)},
         {"longhand_ledger_prompt_tokens_total", "Tokens of prompts that were bought", kCounter,
          static_cast<double>(ledger.prompt_tokens)},
         {"longhand_ledger_completion_tokens_total", "Tokens of answers that were bought", kCounter,
          static_cast<double>(ledger.completion_tokens)},
         {"longhand_ledger_unfinished_calls", "Requests to providers under way", kGauge,
          static_cast<double>(ledger.unfinished_calls)},
         {"longhand_ledger_reserved_usd", "What is held for them, in US dollars", kGauge, ledger.reserved_cost.usd()}});
}

}  // namespace

class Metrics::RouteSeries {
public:
    using Requests = prometheus::Family<prometheus::Counter>;

    using Seconds = prometheus::Family<prometheus::Histogram>;

    RouteSeries(Requests& requests, Seconds& seconds, std::string method, std::string route)
        : requests_(requests), method_(std::move(method)), route_(std::move(route)), all_seconds_(seconds) {}

    void observe(int status, std::chrono::microseconds taken) {
        count_of(status).Increment();
        seconds().Observe(static_cast<double>(taken.count()) / 1e6);
    }

private:
    // Adding is a lock, and a comparison of all labels: once for the route and each status. Twice gives the same.
    prometheus::Histogram& seconds() {
        prometheus::Histogram* known = seconds_.load(std::memory_order_acquire);
        if (known != nullptr) return *known;
        prometheus::Histogram& added = all_seconds_.Add({{"method", method_}, {"route", route_}}, kSeconds);
        seconds_.store(&added, std::memory_order_release);
        return added;
    }
    prometheus::Counter& count_of(int status) {
        const auto place = static_cast<std::size_t>(status - kFirstStatus);
        if (place >= counts_.size()) return added(status);
        prometheus::Counter* known = counts_[place].load(std::memory_order_acquire);
        if (known != nullptr) return *known;
        prometheus::Counter& counter = added(status);
        counts_[place].store(&counter, std::memory_order_release);
        return counter;
    }
    prometheus::Counter& added(int status) {
        return requests_.Add({{"method", method_}, {"route", route_}, {"status", std::to_string(status)}});
    }

    static constexpr int kFirstStatus = 100;
    Requests& requests_;
    const std::string method_, route_;
    Seconds& all_seconds_;
    std::atomic<prometheus::Histogram*> seconds_ = nullptr;
    std::array<std::atomic<prometheus::Counter*>, 500> counts_{};
};

class Metrics::Impl {
public:
    std::mutex mutex;
    std::deque<RouteSeries> series;
    prometheus::Registry registry;
    prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                            .Name("longhand_http_requests_total")
                                                            .Help("Answers, by route and status")
                                                            .Register(registry);
    prometheus::Family<prometheus::Histogram>& seconds =
        prometheus::BuildHistogram()
            .Name("longhand_http_request_seconds")
            .Help("Time from a request's head to the end of its answer")
            .Register(registry);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Metrics::RouteSeries& Metrics::series(std::string_view method, std::string_view route) {
    const std::lock_guard lock(impl_->mutex);
    return impl_->series.emplace_back(impl_->requests, impl_->seconds, std::string(method), std::string(route));
}

void Metrics::request(RouteSeries& series, int status, std::chrono::microseconds taken) {
    series.observe(status, taken);
}

std::string Metrics::text(const store::StoreStats& store, const std::optional<engine::EngineStats>& engine,
                          WallTime now) const {
    constexpr auto kGauge = prometheus::MetricType::Gauge;
    constexpr auto kCounter = prometheus::MetricType::Counter;
    auto families = impl_->registry.Collect();
    auto jobs = family("longhand_jobs", "Jobs stored, by state", kGauge);
    for (const auto& [state, count] : store.jobs) {
        jobs.metric.push_back(
            value(kGauge, static_cast<double>(count), {{"status", std::string(job::to_string(state))}}));
    }
    families.push_back(std::move(jobs));
    const auto waiting = store.oldest_queued ? now - *store.oldest_queued : Milliseconds(0);
    add(families,
        {{"longhand_oldest_queued_seconds", "Age of the oldest queued job", kGauge,
          static_cast<double>(waiting.count()) / 1000.0},
         {"longhand_store_commits_total", "Transactions committed", kCounter, static_cast<double>(store.commits)},
         {"longhand_store_operations_total", "Writes within them", kCounter, static_cast<double>(store.operations)},
         {"longhand_store_stale_writes_total", "Writes dropped for an old lease", kCounter,
          static_cast<double>(store.stale_writes)}});
    add_ledger(families, store.ledger);
    if (engine) {
        add(families,
            {{"longhand_engine_running", "Jobs that run in this process", kGauge, static_cast<double>(engine->running)},
             {"longhand_engine_claims_total", "Jobs claimed", kCounter, static_cast<double>(engine->claims)},
             {"longhand_engine_rescues_total", "Jobs rescued", kCounter, static_cast<double>(engine->rescues)},
             {"longhand_engine_handed_over_total", "Jobs handed over", kCounter,
              static_cast<double>(engine->handed_over)},
             {"longhand_engine_stale_writes_total", "Jobs lost to a newer lease", kCounter,
              static_cast<double>(engine->stale_writes)},
             {"longhand_model_calls_total", "Model calls begun", kCounter, static_cast<double>(engine->model_calls)},
             {"longhand_model_errors_total", "Model calls failed", kCounter, static_cast<double>(engine->model_errors)},
             {"longhand_prompt_tokens_total", "Tokens sent to models", kCounter,
              static_cast<double>(engine->prompt_tokens)},
             {"longhand_completion_tokens_total", "Tokens written by models", kCounter,
              static_cast<double>(engine->completion_tokens)}});
    }
    return prometheus::TextSerializer().Serialize(families);
}

}  // namespace longhand::http

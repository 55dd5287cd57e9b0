#include "http/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <atomic>
#include <deque>
#include <mutex>

#include "http/metric_families.h"
#include "http/process_figures.h"

namespace longhand::http {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                          0.025,  0.05,    0.1,    0.25,  0.5,    1,     5};
constexpr std::array kProviderStates = {"unknown", "ok", "waiting", "refused"};

double in_seconds(std::chrono::nanoseconds time) {
    return std::chrono::duration<double>(time).count();
}

std::int64_t jobs_in(const store::StoreStats& store, job::State state) {
    for (const auto& [counted, count] : store.jobs) {
        if (counted == state) return count;
    }
    return 0;
}

void add_waiting(MetricFamilies& families, const store::StoreStats& store,
                 const std::optional<engine::EngineStats>& engine) {
    std::int64_t here = 0, elsewhere = 0;
    for (const store::ReadyJobs& ready : store.waiting.ready) {
        const bool is_ours =
            engine && ready.provider == engine->provider && ready.pipeline_version == engine->pipeline_version;
        (is_ours ? here : elsewhere) += ready.count;
    }
    const auto number = [](std::int64_t count) { return static_cast<double>(count); };
    families.gauges("longhand_jobs_waiting", "Jobs that wait, by what for", "reason",
                    {{"worker", number(here)},
                     {"other_worker", number(elsewhere)},
                     {"owner_limit", number(store.waiting.capped)},
                     {"provider", number(store.waiting.delayed)},
                     {"alone", number(store.waiting.suspect)},
                     {"budget", number(jobs_in(store, job::State::draft))}});
}

void add_jobs(MetricFamilies& families, const MetricsSources& sources) {
    const store::StoreStats& store = sources.store;
    MetricFamilies::Labelled jobs;
    for (const auto& [state, count] : store.jobs) jobs.emplace_back(job::to_string(state), static_cast<double>(count));
    families.gauges("longhand_jobs", "Jobs stored, by state", "status", jobs);
    add_waiting(families, store, sources.engine);
    const auto waiting = store.oldest_queued ? sources.now - *store.oldest_queued : Milliseconds(0);
    families.gauge("longhand_oldest_queued_seconds", "Age of the oldest queued job", in_seconds(waiting));
    families.counter("longhand_store_rescues_total", "Jobs taken from a run that died or hung, at the start too",
                     static_cast<double>(store.rescues));
}

/// What a name's runs are called, and the time in them.
struct NamedSeries {
    const char* count;
    const char* seconds;
    const char* what;
    const char* label;
};

void add_named(MetricFamilies& families, const NamedSeries& series, const store::FiguresByName& figures) {
    MetricFamilies::Labelled counts, seconds;
    for (const auto& [name, one] : figures) {
        counts.emplace_back(name, static_cast<double>(one.count));
        seconds.emplace_back(name, in_seconds(one.time));
    }
    families.counters(series.count, std::string(series.what) + ", by name", series.label, counts);
    families.counters(series.seconds, std::string("Time in ") + series.what + ", by name", series.label, seconds);
}

void add_store(MetricFamilies& families, const store::StoreStats& store) {
    const store::WriteStats& writes = store.writes;
    families.counter("longhand_store_commits_total", "Transactions committed", static_cast<double>(writes.commits));
    families.counter("longhand_store_failed_commits_total", "Transactions of which nothing was kept",
                     static_cast<double>(writes.failed_commits));
    families.counter("longhand_store_operations_total", "Writes within those committed",
                     static_cast<double>(writes.operations));
    families.gauge("longhand_store_waiting_operations", "Writes that no transaction has taken yet",
                   static_cast<double>(writes.waiting));
    families.counter("longhand_store_stale_writes_total", "Writes dropped for an old lease",
                     static_cast<double>(store.stale_writes));
    families.histogram("longhand_store_commit_operations", "Writes that share a commit", writes.commit_operations);
    families.histogram("longhand_store_commit_seconds", "Time in which a commit became durable", writes.commit_seconds);
    add_named(families,
              {"longhand_store_writes_total", "longhand_store_write_seconds_total", "writes run", "operation"},
              writes.by_operation);
    add_named(families,
              {"longhand_store_queries_total", "longhand_store_query_seconds_total", "SQL queries run", "query"},
              store.queries);
}

void add_ledger(MetricFamilies& families, const store::LedgerTotals& ledger) {
    families.counter("longhand_ledger_calls_total", "Requests to providers that have ended",
                     static_cast<double>(ledger.calls));
    // An estimate that the provider corrects may fall, which of a counter would be a restart.
    families.gauge("longhand_ledger_cost_usd", "What they cost, in US dollars, where it is known", ledger.cost.usd());
    families.gauge("longhand_ledger_unknown_costs", "Those of which nobody gave a price",
                   static_cast<double>(ledger.unknown_costs));
    families.gauge("longhand_ledger_prompt_tokens", "Tokens of prompts that were bought",
                   static_cast<double>(ledger.prompt_tokens));
    families.gauge("longhand_ledger_completion_tokens", "Tokens of answers that were bought",
                   static_cast<double>(ledger.completion_tokens));
    families.gauge("longhand_ledger_unfinished_calls", "Requests to providers under way",
                   static_cast<double>(ledger.unfinished_calls));
    families.gauge("longhand_ledger_reserved_usd", "What is held for them, in US dollars", ledger.reserved_cost.usd());
}

void add_models(MetricFamilies& families, const engine::EngineStats& engine) {
    families.counter("longhand_model_calls_total", "Requests to the provider, each attempt of a model call",
                     static_cast<double>(engine.model_calls));
    families.counter("longhand_model_errors_total", "Model calls that failed, after all attempts",
                     static_cast<double>(engine.model_errors));
    families.counter("longhand_prompt_tokens_total", "Tokens sent to models",
                     static_cast<double>(engine.prompt_tokens));
    families.counter("longhand_completion_tokens_total", "Tokens written by models",
                     static_cast<double>(engine.completion_tokens));
    MetricFamilies::Labelled failures;
    for (const auto& [kind, count] : engine.calls.failures) failures.emplace_back(kind, static_cast<double>(count));
    families.counters("longhand_provider_errors_total", "Requests to the provider that failed, by why", "kind",
                      failures);
    families.histogram("longhand_model_first_byte_seconds", "Time to the provider's first byte",
                       engine.calls.first_byte_seconds);
    families.histogram("longhand_model_answer_seconds", "Time to the end of an answer", engine.calls.answer_seconds);
}

void add_engine(MetricFamilies& families, const engine::EngineStats& engine) {
    families.gauge("longhand_engine_workers", "Jobs that may run at once in this process",
                   static_cast<double>(engine.workers));
    families.gauge("longhand_engine_running", "Jobs that run in this process", static_cast<double>(engine.running));
    families.counter("longhand_engine_claims_total", "Jobs claimed", static_cast<double>(engine.claims));
    families.counter("longhand_engine_rescues_total", "Jobs rescued while this process ran",
                     static_cast<double>(engine.rescues));
    families.counter("longhand_engine_handed_over_total", "Jobs handed over", static_cast<double>(engine.handed_over));
    families.counter("longhand_engine_stale_writes_total", "Jobs lost to a newer lease",
                     static_cast<double>(engine.stale_writes));
    families.gauge("longhand_lease_seconds", "How long a lease holds", in_seconds(engine.lease));
    families.gauge("longhand_lease_oldest_age_seconds", "Age of the lease that was not extended for longest",
                   in_seconds(engine.leases.oldest.value_or(Milliseconds(0))));
    families.histogram("longhand_lease_age_seconds", "Age of leases when they were extended", engine.leases.seconds);
    add_models(families, engine);
}

void add_webhooks(MetricFamilies& families, const engine::WebhookStats& webhooks) {
    families.counters("longhand_webhook_tries_total", "Tries to deliver a message to a webhook, by how they ended",
                      "outcome",
                      {{"delivered", static_cast<double>(webhooks.delivered)},
                       {"retried", static_cast<double>(webhooks.retried)},
                       {"given_up", static_cast<double>(webhooks.given_up)}});
    families.gauge("longhand_webhook_tries_under_way", "Tries under way", static_cast<double>(webhooks.under_way));
    families.gauge("longhand_webhook_late_seconds", "How long the message has been due that has been due longest",
                   in_seconds(webhooks.late));
}

void add_surroundings(MetricFamilies& families, const MetricsSources& sources) {
    MetricFamilies::Labelled states;
    for (const char* state : kProviderStates) states.emplace_back(state, sources.provider_state == state ? 1 : 0);
    families.gauges("longhand_provider_state", "1 for how the provider took the last call", "state", states);
    families.gauge("longhand_disk_free_bytes", "Room where the data is", static_cast<double>(sources.disk_free));
    families.gauge("longhand_disk_reserve_bytes", "Room below which nothing is begun",
                   static_cast<double>(sources.disk_reserve));
    families.gauges("longhand_build_info", "1, with what runs here", "version", {{sources.version, 1}});
    add_process_figures(families);
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

std::string Metrics::text(const MetricsSources& sources) const {
    MetricFamilies families(impl_->registry.Collect());
    add_jobs(families, sources);
    add_store(families, sources.store);
    add_ledger(families, sources.store.ledger);
    if (sources.engine) add_engine(families, *sources.engine);
    if (sources.webhooks) add_webhooks(families, *sources.webhooks);
    add_surroundings(families, sources);
    return prometheus::TextSerializer().Serialize(families.all());
}

}  // namespace longhand::http

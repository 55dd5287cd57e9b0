// What /metrics shows, in Prometheus' text format. docs/operations.md says what each series is good for.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "engine/webhook_sender.h"
#include "store/job_store.h"

namespace longhand::http {

/// What others have counted, as it is when it is asked for.
struct MetricsSources {
    store::StoreStats store;
    std::optional<engine::EngineStats> engine;     ///< nothing: this process runs no jobs
    std::optional<engine::WebhookStats> webhooks;  ///< nothing: it sends none
    std::string provider_state;                    ///< one of the words of /readyz
    std::uint64_t disk_free = 0;                   ///< bytes
    std::uint64_t disk_reserve = 0;                ///< bytes that are left to those jobs that run already
    std::string version;
    WallTime now{};
};

/// Thread-safe.
class Metrics {
public:
    Metrics();
    ~Metrics();

    /// The series of one route, looked up once. Lives as long as the metrics.
    class RouteSeries;
    /// `route` is a pattern of the table, never a path as sent: the number of series stays bounded.
    RouteSeries& series(std::string_view method, std::string_view route);
    static void request(RouteSeries& series, int status, std::chrono::microseconds taken);
    std::string text(const MetricsSources& sources) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::http

// What /metrics shows, in Prometheus' text format.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/engine.h"
#include "store/job_store.h"

namespace longhand::http {

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
    std::string text(const store::StoreStats& store, const std::optional<engine::EngineStats>& engine,
                     WallTime now) const;

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace longhand::http

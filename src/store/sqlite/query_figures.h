// How often each named query ran, and for how long.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/figures.h"
#include "store/sqlite/queries.h"

namespace longhand::store::sqlite {

/// Over all connections that count into it. Thread-safe; no caller waits for another.
class QueryFigures {
public:
    /// `query` is Query::number.
    void ran(std::size_t query, std::chrono::nanoseconds time) {
        slots_[query].count.fetch_add(1, std::memory_order_relaxed);
        slots_[query].nanoseconds.fetch_add(time.count(), std::memory_order_relaxed);
    }
    /// Those that have run.
    FiguresByName by_name() const {
        FiguresByName figures;
        for (std::size_t query = 0; query < slots_.size(); ++query) {
            const auto count = slots_[query].count.load(std::memory_order_relaxed);
            const std::chrono::nanoseconds time{slots_[query].nanoseconds.load(std::memory_order_relaxed)};
            if (count > 0) figures.emplace(query_name(query), Figures{count, time});
        }
        return figures;
    }

private:
    struct Slot {
        std::atomic<std::int64_t> count = 0;
        std::atomic<std::int64_t> nanoseconds = 0;
    };
    std::vector<Slot> slots_{query_count()};
};

}  // namespace longhand::store::sqlite

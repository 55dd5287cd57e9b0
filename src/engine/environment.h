// What the parts of one engine share.
#pragma once

#include <spdlog/logger.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "base/owner_places.h"
#include "base/runtime.h"
#include "engine/engine.h"
#include "engine/figures.h"
#include "engine/live_feed.h"
#include "llm/chat.h"
#include "store/file_store.h"
#include "store/job_store.h"
#include "typeset/typesetter.h"

namespace longhand::engine {

struct Counters {
    std::atomic<std::size_t> running = 0;
    std::atomic<std::int64_t> claims = 0, rescues = 0, handed_over = 0, stale_writes = 0;
    std::atomic<std::int64_t> model_calls = 0, model_errors = 0, prompt_tokens = 0, completion_tokens = 0;
};

/// What is known of the data folder's disk; see disk.h.
struct DiskState {
    std::string problem;    ///< for which no job begins; empty: none
    bool in_doubt = false;  ///< it refused a file since it was last looked at
    SteadyTime look_again{};
    std::map<Uuid, unsigned> refusals;  ///< of jobs that it sent back to the queue, until they end otherwise
};

/// Links of one owner's jobs that are fetched at a time: each may hold a thread that looks names up.
inline constexpr unsigned kLinksOfOwner = 8;

/// Outlives every coroutine of its engine.
struct Environment {
    Runtime& runtime;
    store::JobStore& store;
    store::FileStore& files;
    llm::ChatModel& model;
    typeset::Typesetter& typesetter;
    EngineOptions options;
    std::shared_ptr<spdlog::logger> log;
    job::WorkerId worker;
    LiveFeed live;
    Counters counters;
    Measures measures;
    DiskState disk;
    OwnerPlaces link_places{kLinksOfOwner};
    Notifier estimated;  ///< a call ended with our own figure, though its provider gave it an id
};

}  // namespace longhand::engine

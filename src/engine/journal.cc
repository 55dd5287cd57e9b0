#include "engine/journal.h"

#include "engine/call_books.h"
#include "engine/patience.h"

namespace longhand::engine {

using store::StoreErrc;
using writing::StepErrc;
using StepFailure = Failure<StepErrc>;

Journal::Journal(Environment& environment, std::shared_ptr<RunningJob> job, std::vector<store::JournalEntry> entries)
    : environment_(environment), job_(std::move(job)) {
    for (auto& entry : entries) values_.emplace(std::move(entry.key), std::move(entry.value));
}

const std::string* Journal::find(std::string_view key) const {
    const auto value = values_.find(key);
    return value == values_.end() ? nullptr : &value->second;
}

awaitable<writing::StepResult<std::optional<std::string>>> Journal::take(std::string key) {
    if (auto value = values_.extract(key)) {
        taken_.insert(std::move(key));
        co_return std::move(value.mapped());
    }
    if (!taken_.contains(key)) co_return std::nullopt;
    auto reading = read_again(std::move(key));
    co_return co_await std::move(reading);
}

void Journal::let_go(std::string_view key) {
    const auto value = values_.find(key);
    if (value == values_.end()) return;
    taken_.insert(std::move(values_.extract(value).key()));
}

awaitable<writing::StepResult<std::optional<std::string>>> Journal::read_again(std::string key) {
    std::function<awaitable<store::StoreResult<std::vector<store::JournalEntry>>>()> load = [this] {
        return environment_.store.journal(job_->id());
    };
    auto entries = co_await persistently<std::vector<store::JournalEntry>>(environment_, std::move(load), job_->stop());
    if (!entries.has_value()) co_return store_refused(environment_, *job_, entries.error()).error();
    for (auto& entry : *entries) {
        if (entry.key == key) co_return std::move(entry.value);
    }
    // Bought again it would be paid for twice.
    environment_.log->error("job {}: step {} is not in its journal any more", job_->id().to_string(), key);
    co_return step_failed(*job_, "internal_error",
                          "A step could not be read. Retry the job; the server's log says more.")
        .error();
}

awaitable<writing::StepResult<std::string>> Journal::record(store::JournalEntry entry,
                                                            std::optional<store::CallEnd> paid, job::Told told) {
    const auto job = job_;
    entry.recorded_at = environment_.runtime.wall_now();
    const std::string key = entry.key;
    std::function<awaitable<store::StoreResult<store::StepRecorded>>()> verb = [this, paid, told,
                                                                                entry = std::move(entry)] {
        job_->refresh();
        return environment_.store.record_step({.job = job_->id(),
                                               .lease = job_->lease(),
                                               .entry = entry,
                                               .report = job_->report,
                                               .told = told,
                                               .call = paid});
    };
    auto recorded = co_await persistently<store::StepRecorded>(environment_, std::move(verb), job->abandoned());
    if (!recorded.has_value()) {
        const auto refusal = store_refused(environment_, *job, recorded.error());
        if (paid) {
            auto settling = settle(environment_, job, std::move(*paid));
            co_await std::move(settling);
        }
        co_return refusal;
    }
    environment_.log->debug("job {}: step {} recorded, {} bytes", job->id().to_string(), key, recorded->value.size());
    values_.insert_or_assign(key, recorded->value);
    job->waiting_since.reset();
    job->waits = 0;
    if (job->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
    co_return std::move(recorded->value);
}

writing::StepResult<std::string> store_refused(Environment& environment, RunningJob& job,
                                               const store::StoreFailure& failure) {
    switch (failure.code) {
        case StoreErrc::stale:
            ++environment.counters.stale_writes;
            job.signals.lose(StopReason::lost_lease);
            return StepFailure{StepErrc::stopped, ""};
        case StoreErrc::unavailable:
        case StoreErrc::stopping:
            return StepFailure{StepErrc::stopped, ""};
        case StoreErrc::limit:
            return step_failed(job, "step_too_large", failure.message);
        case StoreErrc::not_found:
        case StoreErrc::wrong_state:
        case StoreErrc::duplicate:
        case StoreErrc::repeated:
        case StoreErrc::budget:
        case StoreErrc::unusable:
            break;
    }
    environment.log->error("job {}: the database refuses a step: {}", job.id().to_string(), failure.message);
    return step_failed(job, "internal_error",
                       "A step could not be read or stored. Retry the job; the server's log says more.");
}

writing::StepResult<std::string> step_failed(RunningJob& job, std::string code, std::string message) {
    if (!job.problem) job.problem = job::Problem{std::move(code), message};
    return StepFailure{StepErrc::failed, std::move(message)};
}

}  // namespace longhand::engine

#include "engine/beats.h"

#include <algorithm>
#include <utility>

namespace longhand::engine {

using store::BeatAnswer;
using store::StoreErrc;

namespace {

// A cancel, or any other write, that comes during a beat waits for the rows of so many jobs and no more.
constexpr std::size_t kJobsAtOnce = 32;

// What the store does not have yet of a job's streams.
void collect_unstored(const RunningJob& job, std::vector<store::PartialText>& texts) {
    for (const auto& [key, text] : job.texts) {
        if (text.unstored.empty()) continue;
        texts.push_back({.job = job.id(),
                         .lease = job.lease(),
                         .key = key,
                         .attempt = text.attempt,
                         .offset = text.stored,
                         .text = text.unstored,
                         .call = text.call,
                         .tokens = static_cast<std::int64_t>(text.tokens.tokens())});
    }
}

void mark_stored(RunningJob& job, const std::vector<store::PartialText>& texts) {
    for (const auto& stored : texts) {
        if (stored.job != job.id() || stored.lease != job.lease()) continue;
        const auto text = job.texts.find(stored.key);
        // A stream that began afresh meanwhile is another text.
        if (text == job.texts.end() || text->second.attempt != stored.attempt) continue;
        if (text->second.stored != stored.offset) continue;
        text->second.unstored.erase(0, stored.text.size());
        text->second.stored += stored.text.size();
    }
}

}  // namespace

awaitable<void> Beats::run(StopToken stop) {
    while (!stop.stopped()) {
        auto beating = beat();
        co_await std::move(beating);
        co_await environment_.runtime.sleep_for(environment_.options.beat, stop);
    }
}

awaitable<void> Beats::watch(StopToken stop) {
    while (!stop.stopped()) {
        watch_once();
        co_await environment_.runtime.sleep_for(environment_.options.beat, stop);
    }
}

awaitable<void> Beats::limit_steps(StopToken stop) {
    while (!stop.stopped()) {
        auto rescuing = rescue_hanging(running_());
        co_await std::move(rescuing);
        co_await environment_.runtime.sleep_for(environment_.options.beat, stop);
    }
}

awaitable<void> Beats::beat() {
    const RunningJobs jobs = running_();
    for (std::size_t begin = 0; begin < jobs.size(); begin += kJobsAtOnce) {
        const std::size_t end = std::min(begin + kJobsAtOnce, jobs.size());
        const RunningJobs some(jobs.begin() + static_cast<std::ptrdiff_t>(begin),
                               jobs.begin() + static_cast<std::ptrdiff_t>(end));
        auto extending = extend(some);
        co_await std::move(extending);
        auto storing = store_texts(some);
        co_await std::move(storing);
    }
}

awaitable<void> Beats::extend(RunningJobs jobs) {
    std::erase_if(jobs, [](const auto& job) { return job->signals.abandon.stopped(); });
    std::vector<store::Beat> beats;
    for (const auto& job : jobs) {
        job->refresh();
        beats.push_back({.job = job->id(), .lease = job->lease(), .report = job->report});
    }
    if (beats.empty()) co_return;
    const SteadyTime sent = environment_.runtime.steady_now();
    auto extending = environment_.store.extend(environment_.worker, environment_.options.lease, std::move(beats));
    store::StoreResult<std::vector<BeatAnswer>> answers = co_await std::move(extending);
    if (!answers.has_value()) {
        if (answers.error().code != StoreErrc::stopping && !std::exchange(was_refused_, true)) {
            environment_.log->error("the beats of the jobs that run are not stored: {}", answers.error().message);
        }
        co_return;
    }
    if (std::exchange(was_refused_, false)) environment_.log->info("the beats are stored again");
    for (std::size_t i = 0; i < jobs.size() && i < answers->size(); ++i) {
        switch ((*answers)[i]) {
            case BeatAnswer::held:
                jobs[i]->held_at = std::max(jobs[i]->held_at, sent);
                environment_.measures.lease_held(jobs[i]->id(), jobs[i]->lease(), jobs[i]->held_at);
                break;
            case BeatAnswer::cancelled:
                jobs[i]->signals.lose(StopReason::cancelled);
                break;
            case BeatAnswer::lost:
                jobs[i]->signals.lose(StopReason::lost_lease);
                break;
        }
    }
}

void Beats::watch_once() {
    const SteadyTime now = environment_.runtime.steady_now();
    for (const auto& job : running_()) {
        if (job->signals.stop.stopped() || now - job->held_at < environment_.options.watchdog) continue;
        environment_.log->warn("job {}: no beat was answered for too long; it stops here", job->id().to_string());
        // What is paid for may still be written, if the lease turns out to be held.
        job->signals.stop.stop(StopReason::deadline);
    }
}

awaitable<void> Beats::store_texts(RunningJobs jobs) {
    std::vector<store::PartialText> texts;
    for (const auto& job : jobs) {
        if (!job->signals.stop.stopped()) collect_unstored(*job, texts);
    }
    if (texts.empty()) co_return;
    auto appending = environment_.store.append_text(texts);
    store::StoreResult<void> stored = co_await std::move(appending);
    // Of a job that was lost the beat tells. Text that could not be stored goes with the next one.
    if (!stored.has_value()) co_return;
    for (const auto& job : jobs) mark_stored(*job, texts);
}

awaitable<void> Beats::rescue_hanging(RunningJobs jobs) {
    const SteadyTime now = environment_.runtime.steady_now();
    for (const auto& job : jobs) {
        if (job->signals.stop.stopped()) continue;
        const auto hanging = std::find_if(job->active.begin(), job->active.end(), [&](const auto& step) {
            return now - step.second > environment_.options.step_limit;
        });
        if (hanging == job->active.end()) continue;
        const std::string reason = "step " + hanging->first + " took longer than its limit";
        environment_.log->warn("job {}: {}", job->id().to_string(), reason);
        auto rescuing = environment_.store.rescue(job->id(), job->lease(), reason);
        store::StoreResult<job::Job> rescued = co_await std::move(rescuing);
        if (!rescued.has_value() && rescued.error().code != StoreErrc::stale) continue;
        ++environment_.counters.rescues;
        job->signals.lose(StopReason::lost_lease);
    }
}

}  // namespace longhand::engine

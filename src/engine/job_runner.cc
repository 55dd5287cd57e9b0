#include "engine/job_runner.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <exception>
#include <variant>

#include "engine/disk.h"
#include "engine/job_sources.h"
#include "engine/journal.h"
#include "engine/outputs.h"
#include "engine/patience.h"
#include "engine/step_context.h"

namespace longhand::engine {

using store::StoreErrc;
using writing::StepErrc;
using writing::StepResult;
using StepFailure = Failure<StepErrc>;

namespace {

constexpr Milliseconds kFirstWait{30'000}, kLongestWait{300'000};
constexpr std::size_t kEventsLookedAt = 1500;  // a day of waiting, with its claims
constexpr std::string_view kInternalError =
    "Something went wrong inside the server. What is finished is kept; retry the job, and tell the operator if it "
    "happens again.";

struct Done {
    std::vector<store::OutputRecord> outputs;
    std::string data;
    std::int64_t words = 0;
};
using Work = StepResult<Done>;

std::string completion_data(const writing::Finished& finished) {
    return boost::json::serialize(
        boost::json::value{{"pages", finished.pages}, {"words", finished.words}, {"citations", finished.citations}});
}

class JobRun {
public:
    JobRun(Environment& environment, std::shared_ptr<RunningJob> job)
        : environment_(environment), job_(std::move(job)) {}

    awaitable<void> run() {
        Work work = StepFailure{StepErrc::stopped, ""};
        std::exception_ptr bug;
        try {
            auto walking = walk();
            work = co_await std::move(walking);
        } catch (...) {
            bug = std::current_exception();
        }
        if (bug) work = internal_error(bug);
        auto ending = end(std::move(work));
        co_await std::move(ending);
    }

private:
    awaitable<Work> walk() {
        auto loading = load_journal();
        StepResult<std::vector<store::JournalEntry>> entries = co_await std::move(loading);
        if (!entries.has_value()) co_return entries.error();
        Journal journal(environment_, job_, std::move(*entries));
        job_->work.stage = job::Stage::reading_sources;
        auto reading = read_sources(environment_, job_, journal);
        StepResult<JobSources> sources = co_await std::move(reading);
        if (!sources.has_value()) co_return sources.error();

        RunFolder folder(environment_.files);
        JobContext context(environment_, job_, journal, std::move(*sources), folder);
        auto writing = environment_.options.write(context);
        StepResult<writing::Finished> finished = co_await std::move(writing);
        if (!finished.has_value()) co_return finished.error();
        if (job_->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
        job_->work.stage = job::Stage::typesetting;
        job_->work.words_done = finished->words;
        if (!job_->report.title) job_->report.title = finished->manuscript.title;
        job_->refresh();
        environment_.live.report(job_->id(), job_->report);
        may_have_files_ = true;
        auto making = environment_.options.outputs ? environment_.options.outputs(*finished)
                                                   : make_outputs(environment_, job_, *finished, &folder);
        StepResult<std::vector<store::OutputRecord>> outputs = co_await std::move(making);
        if (!outputs.has_value()) co_return outputs.error();
        for (const auto& output : *outputs) files_.push_back(output.path);
        co_return Done{std::move(*outputs), completion_data(*finished), finished->words};
    }

    awaitable<StepResult<std::vector<store::JournalEntry>>> load_journal() {
        // Under its first lease nobody has written anything before.
        if (job_->lease() == 1) co_return std::vector<store::JournalEntry>{};
        std::function<awaitable<store::StoreResult<std::vector<store::JournalEntry>>>()> load = [this] {
            return environment_.store.journal(job_->id());
        };
        auto entries =
            co_await persistently<std::vector<store::JournalEntry>>(environment_, std::move(load), job_->stop());
        if (!entries.has_value()) co_return not_read(entries.error());
        std::function<awaitable<store::StoreResult<std::vector<job::Event>>>()> look = [this] {
            const auto& job = job_->claimed.job;
            const std::int64_t after =
                std::max<std::int64_t>(0, job.last_event - static_cast<std::int64_t>(kEventsLookedAt));
            return environment_.store.events_after(job.owner, job.id, after, kEventsLookedAt);
        };
        auto events = co_await persistently<std::vector<job::Event>>(environment_, std::move(look), job_->stop());
        if (!events.has_value()) co_return not_read(events.error());
        if (const auto wait = provider_wait(*events)) {
            job_->waiting_since = wait->since;
            job_->waits = wait->times;
        }
        co_return std::move(*entries);
    }

    StepFailure not_read(const store::StoreFailure& failure) {
        const bool quiet = failure.code == StoreErrc::unavailable || failure.code == StoreErrc::stopping ||
                           failure.code == StoreErrc::not_found;  // deleted meanwhile
        if (quiet) return {StepErrc::stopped, ""};
        environment_.log->error("job {}: its journal can't be read: {}", job_->id().to_string(), failure.message);
        return step_failed(*job_, "internal_error", std::string(kInternalError)).error();
    }

    StepFailure internal_error(std::exception_ptr bug) {
        try {
            std::rethrow_exception(bug);
        } catch (const std::exception& error) {
            environment_.log->error("job {}: an exception left its work: {}", job_->id().to_string(), error.what());
        } catch (...) {
            environment_.log->error("job {}: an exception left its work", job_->id().to_string());
        }
        job_->problem.reset();
        return step_failed(*job_, "internal_error", std::string(kInternalError)).error();
    }

    using Verb = std::function<awaitable<store::StoreResult<job::Job>>()>;
    enum class Ended { completed, otherwise, refused };

    awaitable<void> end(Work work) {
        Ended ended = Ended::otherwise;
        if (!job_->signals.abandon.stopped()) {
            auto writing = write_end(verb_for(std::move(work)));
            ended = co_await std::move(writing);
        }
        if (ended == Ended::refused) {
            // What the store never takes would keep the job in progress for ever.
            auto writing = write_end(fail({"internal_error", std::string(kInternalError)}));
            ended = co_await std::move(writing);
        }
        if (ended == Ended::completed || !may_have_files_) co_return;
        auto removing = remove_files();
        co_await std::move(removing);
    }

    awaitable<Ended> write_end(Verb verb) {
        auto writing = persistently<job::Job>(environment_, std::move(verb), job_->abandoned());
        store::StoreResult<job::Job> ended = co_await std::move(writing);
        if (ended.has_value()) {
            environment_.log->info("job {}: {}", job_->id().to_string(), job::to_string(ended->state));
            if (ended->state != job::State::queued) environment_.disk.refusals.erase(job_->id());
            if (ended->state == job::State::completed) co_return Ended::completed;
            co_return Ended::otherwise;
        }
        if (ended.error().code == StoreErrc::stale) {
            // Cancelled, or taken over, while it ended.
            ++environment_.counters.stale_writes;
            co_return Ended::otherwise;
        }
        if (ended.error().code == StoreErrc::stopping) co_return Ended::otherwise;
        environment_.log->warn("job {}: its end was not written: {}", job_->id().to_string(), ended.error().message);
        if (ended.error().code == StoreErrc::unavailable) co_return Ended::otherwise;
        co_return Ended::refused;
    }

    /// The files of a work that was not completed, once nobody will complete it: a run that goes on makes the same.
    awaitable<void> remove_files() {
        const auto& claimed = job_->claimed.job;
        auto reading = environment_.store.job_for_owner(claimed.owner, claimed.id);
        store::StoreResult<job::Job> job = co_await std::move(reading);
        const bool deleted = !job.has_value() && job.error().code == StoreErrc::not_found;
        if (deleted) {
            files_ = {store::FileStore::artifact_folder(claimed.id)};
        } else {
            const bool over = job.has_value() && job::is_terminal(job->state) && job->state != job::State::completed;
            if (!over) co_return;
            auto listing = environment_.store.outputs_for_owner(claimed.owner, claimed.id);
            store::StoreResult<std::vector<store::OutputRecord>> named = co_await std::move(listing);
            if (!named.has_value()) co_return;
            for (const auto& output : *named) std::erase(files_, output.path);
        }
        // A copy: the removal may outlast the engine.
        environment_.runtime.post_blocking([files = environment_.files, paths = files_]() mutable {
            for (const auto& path : paths) files.remove(path);
        });
    }

    // It is the machine's fault and not the work's.
    bool is_of_the_disk() const {
        return job_->problem && (job_->problem->code == "disk" || job_->problem->code == "index");
    }

    Verb verb_for(Work work) {
        if (work.has_value()) return complete(std::move(*work));
        switch (work.error().code) {
            case StepErrc::failed:
                if (is_of_the_disk() && disk_refused_job(environment_, *job_)) return hand_over();
                return fail(job_->problem.value_or(job::Problem{"writing_failed", work.error().message}));
            case StepErrc::moderated:
                return moderate({"content_moderated", work.error().message});
            case StepErrc::stopped:
                break;
        }
        if (job_->out_of_budget) return pause();
        if (job_->wait_reason) return wait_for_provider();
        if (job_->user_stop) return await_user();
        if (job_->signals.stop.stopped()) return hand_over();
        // It would stop again at once, wherever it is run.
        environment_.log->error("job {}: its work stopped and nobody asked for it", job_->id().to_string());
        return fail({"internal_error", std::string(kInternalError)});
    }

    /// `verb` with what was shown since the last beat stored before it: the next run begins there, for progress never
    /// falls. Whether the lease is held and the store is there, the verb is told too.
    Verb after_progress(Verb verb) {
        return [this, verb = std::move(verb)] { return progress_and(verb); };
    }
    awaitable<store::StoreResult<job::Job>> progress_and(Verb verb) {
        job_->refresh();
        std::vector<store::Beat> beats{{.job = job_->id(), .lease = job_->lease(), .report = job_->report}};
        auto extending = environment_.store.extend(environment_.worker, environment_.options.lease, std::move(beats));
        const auto extended = co_await std::move(extending);
        ignore_result(extended, "the verb meets the same lease and the same store");
        auto ending = verb();
        co_return co_await std::move(ending);
    }

    Verb complete(Done done) {
        job_->refresh();
        job_->report.counts.words_done = job_->report.counts.words_planned = done.words;
        return [this, done = std::move(done)] {
            return environment_.store.complete({.job = job_->id(),
                                                .lease = job_->lease(),
                                                .counts = job_->report.counts,
                                                .outputs = done.outputs,
                                                .data = done.data});
        };
    }
    Verb fail(job::Problem problem) {
        return after_progress([this, problem = std::move(problem)] {
            return environment_.store.fail(job_->id(), job_->lease(), problem);
        });
    }
    Verb moderate(job::Problem problem) {
        return after_progress([this, problem = std::move(problem)] {
            return environment_.store.moderate(job_->id(), job_->lease(), problem);
        });
    }
    Verb pause() {
        const std::string data = boost::json::serialize(boost::json::value{{"reason", *job_->out_of_budget}});
        return after_progress([this, data] { return environment_.store.pause(job_->id(), job_->lease(), data); });
    }
    Verb await_user() {
        return after_progress([this] { return environment_.store.await_user(*job_->user_stop); });
    }
    Verb wait_for_provider() {
        const Milliseconds delay =
            pause_before(job_->waits + 1, kFirstWait, kLongestWait, environment_.runtime.random());
        return after_progress([this, delay] {
            return environment_.store.wait_for_provider(job_->id(), job_->lease(), delay, *job_->wait_reason);
        });
    }
    Verb hand_over() {
        return after_progress([this] { return handed_over(); });
    }
    awaitable<store::StoreResult<job::Job>> handed_over() {
        std::vector<std::pair<Uuid, job::Lease>> jobs{{job_->id(), job_->lease()}};
        auto handing = environment_.store.hand_over(std::move(jobs));
        store::StoreResult<void> done = co_await std::move(handing);
        if (!done.has_value()) co_return done.error();
        ++environment_.counters.handed_over;
        job::Job job = job_->claimed.job;
        job.state = job::State::queued;
        co_return job;
    }

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    bool may_have_files_ = false;
    std::vector<std::string> files_;  ///< made for its completion
};

}  // namespace

awaitable<void> run_job(Environment& environment, std::shared_ptr<RunningJob> job) {
    JobRun run(environment, std::move(job));
    auto running = run.run();
    co_await std::move(running);
}

}  // namespace longhand::engine

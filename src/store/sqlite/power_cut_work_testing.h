// Work for a store whose power will go: workers that call its verbs, and what it has promised them by its answers.
#pragma once

#include <fmt/format.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace longhand::store::sqlite {

/// A text that its name gives, longer than a page of the database: one that is there in part shows.
inline std::string text_of(const std::string& name) {
    std::string text;
    while (text.size() < 5'000) text += name + " ";
    return text;
}

/// All that is durable by the store's own word: each of these is there after a cut, or what came after it.
struct Promises {
    struct CallPromise {
        Uuid job;
        job::CallState state = job::CallState::reserved;
    };

    /// As the store's observer.
    void keep(const Committed& committed) {
        told[committed.job.id] = committed.job;
        if (committed.event) events[{committed.job.id, committed.event->seq}] = *committed.event;
    }

    std::map<Uuid, job::Job> told;
    std::map<std::pair<Uuid, std::int64_t>, job::Event> events;
    // By the answers to the workers.
    std::map<Uuid, job::Job> answered;
    std::set<std::pair<Uuid, std::string>> steps;                 ///< job and key
    std::map<std::pair<Uuid, std::string>, std::uint64_t> texts;  ///< bytes
    std::map<Uuid, CallPromise> calls;
};

/// What the workers of one life of the machine share.
struct Workplace {
    Store& store;
    Promises& promises;
    Uuid owner;
    job::WorkerId worker;
    std::vector<Uuid> jobs;                          ///< that somebody here began
    std::optional<Failure<StoreErrc>> failure = {};  ///< the first that no verb gives while there is power
};

/// Takes the jobs of one project through their lives, one verb after the other, as its seed says.
class PowerCutWorker {
public:
    /// `name`: of this worker in this life of the machine, so that keys of its steps are nobody else's.
    PowerCutWorker(Workplace& place, Uuid project, std::string name, std::uint64_t seed)
        : place_(place), project_(project), name_(std::move(name)), random_(seed) {}

    /// So many verbs, or until one of anybody's fails as none does while there is power.
    awaitable<void> work(int verbs) {
        for (int i = 0; i < verbs && !place_.failure; ++i) {
            auto verb = next();
            co_await std::move(verb);
        }
    }
    /// Verbs that succeeded.
    int answers() const { return answers_; }

private:
    struct InFlight {
        Uuid id;
        std::string key;
        std::uint64_t streamed = 0;  ///< bytes
    };

    template <class T>
    bool took(const StoreResult<T>& answer) {
        if (answer) {
            ++answers_;
            return true;
        }
        switch (answer.error().code) {
            case StoreErrc::stale:  // another worker has cancelled it
                leave();
                return false;
            case StoreErrc::wrong_state:
                return false;
            default:
                if (!place_.failure) place_.failure = answer.error();
                return false;
        }
    }
    void leave() {
        job_.reset();
        calls_.clear();
    }
    std::size_t pick() { return random_() % calls_.size(); }
    void forget(const Uuid& call) {
        std::erase_if(calls_, [&](const InFlight& other) { return other.id == call; });
    }

    awaitable<void> next() {
        if (!job_) return begin();
        const std::uint64_t choice = random_() % 20;
        if (choice == 0) return end();
        if (choice == 1) return cancel();
        if (choice == 2 || calls_.size() > 3) return beat();
        if (choice < 7 || calls_.empty()) return reserve();
        if (choice < 10) return open(pick());
        if (choice < 13) return append(pick());
        if (choice < 18) return record(pick());
        return settle(pick());
    }

    awaitable<void> begin() {
        auto queueing = queue_one();
        const StoreResult<Enqueued> queued = co_await std::move(queueing);
        if (!took(queued)) co_return;
        const Uuid id = queued->busy ? queued->busy->job : queued->job.id;
        place_.jobs.push_back(id);
        if (!queued->busy) place_.promises.answered[id] = queued->job;
        if (queued->busy && queued->busy->state == job::State::draft) {
            const job::Budget same_caps;
            auto resuming = changed(place_.store.resume(place_.owner, id, same_caps));
            co_await std::move(resuming);
        }
        auto claiming = place_.store.claim(claim_request(id));
        const StoreResult<std::vector<ClaimedJob>> claimed = co_await std::move(claiming);
        if (!took(claimed) || claimed->empty()) co_return;
        job_ = claimed->front().job;
        place_.promises.answered[id] = *job_;
    }
    awaitable<StoreResult<Enqueued>> queue_one() {
        if (failed_) return place_.store.retry(place_.owner, *std::exchange(failed_, std::nullopt));
        NewJob request;
        request.owner = place_.owner;
        request.project = project_;
        request.title = fmt::format("work {}.{}", name_, ++number_);
        request.settings.prompt = text_of(*request.title);
        request.provider = kProvider;
        return place_.store.enqueue(std::move(request));
    }
    ClaimRequest claim_request(const Uuid& job) const {
        ClaimRequest request;
        request.worker = place_.worker;
        request.provider = kProvider;
        request.only_job = job;
        return request;
    }

    /// A verb that answers with the job's row.
    awaitable<void> changed(awaitable<StoreResult<job::Job>> verb) {
        const StoreResult<job::Job> job = co_await std::move(verb);
        if (took(job)) place_.promises.answered[job->id] = *job;
    }
    awaitable<void> end() {
        const job::Job job = *job_;
        leave();
        switch (random_() % 5) {
            case 0:
                failed_ = job.id;
                return changed(place_.store.fail(job.id, job.lease, {"provider", "It broke."}));
            case 1:
                return changed(place_.store.pause(job.id, job.lease, "{}"));
            case 2:
                return hand_over(job);
            default:
                return changed(place_.store.complete(completion_of(job)));
        }
    }
    static Completion completion_of(const job::Job& job) {
        Completion completion;
        completion.job = job.id;
        completion.lease = job.lease;
        completion.outputs = {{"pdf", "aa", 100, 12, "artifacts/x/pdf-aa", false},
                              {"md", "bb", 50, 0, "artifacts/x/md-bb", false}};
        return completion;
    }
    awaitable<void> hand_over(job::Job job) {
        const std::vector<std::pair<Uuid, job::Lease>> jobs{{job.id, job.lease}};
        auto handing = place_.store.hand_over(jobs);
        const StoreResult<void> handed = co_await std::move(handing);
        took(handed);
    }
    awaitable<void> cancel() {
        return changed(place_.store.cancel(place_.owner, place_.jobs[random_() % place_.jobs.size()]));
    }
    awaitable<void> beat() {
        const std::vector<Beat> beats{{job_->id, job_->lease, report()}};
        auto beating = place_.store.extend(place_.worker, Milliseconds{15'000}, beats);
        const StoreResult<std::vector<BeatAnswer>> answers = co_await std::move(beating);
        if (took(answers) && answers->front() != BeatAnswer::held) leave();
        if (calls_.size() > 3) calls_.clear();
    }
    job::Report report() {
        job::Report report;
        report.stage = random_() % 2 == 0 ? job::Stage::generating_work : job::Stage::reviewing;
        report.progress = static_cast<double>(random_() % 99);
        return report;
    }

    awaitable<void> reserve() {
        const Uuid job = job_->id;
        CallIntent intent;
        intent.job = job;
        intent.lease = job_->lease;
        intent.key = fmt::format("section/{}.{}", name_, ++number_);
        intent.provider = kProvider;
        intent.model = "writer";
        intent.prompt_tokens = 100;
        intent.most_completion_tokens = 40;
        intent.price = job::Price{{1'000'000}, {10'000'000}, {100'000}};
        const std::string key = intent.key;
        auto reserving = place_.store.reserve_call(std::move(intent));
        const StoreResult<Uuid> call = co_await std::move(reserving);
        if (!took(call)) co_return;
        place_.promises.calls[*call] = {job, job::CallState::reserved};
        InFlight in_flight;
        in_flight.id = *call;
        in_flight.key = key;
        calls_.push_back(std::move(in_flight));
    }
    awaitable<void> open(std::size_t index) {
        const Uuid call = calls_[index].id;
        CallOpening opening;
        opening.job = job_->id;
        opening.lease = job_->lease;
        opening.call = call;
        opening.generation_id = "gen";
        auto opened = place_.store.open_call(std::move(opening));
        const StoreResult<void> answer = co_await std::move(opened);
        if (took(answer)) place_.promises.calls[call].state = job::CallState::open;
    }
    awaitable<void> append(std::size_t index) {
        const Uuid job = job_->id;
        PartialText text;
        text.job = job;
        text.lease = job_->lease;
        text.key = calls_[index].key;
        text.offset = calls_[index].streamed;
        text.text = text_of(text.key);
        text.call = calls_[index].id;
        text.tokens = static_cast<std::int64_t>(text.offset / 100 + 1);
        const std::uint64_t size = text.offset + text.text.size();
        std::vector<PartialText> texts;
        texts.push_back(std::move(text));
        auto appending = place_.store.append_text(std::move(texts));
        const StoreResult<void> appended = co_await std::move(appending);
        if (!took(appended)) co_return;
        calls_[index].streamed = size;
        place_.promises.texts[{job, calls_[index].key}] = size;
    }
    awaitable<void> record(std::size_t index) {
        const Uuid job = job_->id;
        const InFlight call = calls_[index];
        StepRecord record;
        record.job = job;
        record.lease = job_->lease;
        record.entry.key = call.key;
        record.entry.value = text_of(call.key);
        record.entry.input_hash = "ab";
        record.report = report();
        record.call = end_of(job, call, job::CallState::settled);
        auto recording = place_.store.record_step(std::move(record));
        const StoreResult<StepRecorded> recorded = co_await std::move(recording);
        if (!took(recorded)) co_return;
        place_.promises.steps.insert({job, call.key});
        place_.promises.calls[call.id].state = job::CallState::settled;
        forget(call.id);
    }
    /// Of a call that gave nothing.
    awaitable<void> settle(std::size_t index) {
        const InFlight call = calls_[index];
        const auto state = random_() % 2 == 0 ? job::CallState::estimated : job::CallState::released;
        auto settling = place_.store.settle_call(end_of(job_->id, call, state));
        const StoreResult<void> settled = co_await std::move(settling);
        if (!took(settled)) co_return;
        place_.promises.calls[call.id].state = state;
        forget(call.id);
    }
    static CallEnd end_of(const Uuid& job, const InFlight& call, job::CallState state) {
        CallEnd end;
        end.job = job;
        end.call = call.id;
        end.state = state;
        end.tokens.prompt = 90;
        end.tokens.completion = 20;
        end.ending = "stop";
        return end;
    }

    static constexpr const char* kProvider = "offline";
    Workplace& place_;
    const Uuid project_;
    const std::string name_;
    std::mt19937_64 random_;
    int number_ = 0;
    int answers_ = 0;
    std::optional<job::Job> job_;
    std::vector<InFlight> calls_;
    std::optional<Uuid> failed_;  ///< to be retried
};

}  // namespace longhand::store::sqlite

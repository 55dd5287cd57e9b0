#include "engine/step_context.h"

#include <charconv>

#include "base/digest.h"
#include "engine/model_call.h"
#include "engine/outputs.h"
#include "engine/side_by_side.h"
#include "engine/step_value.h"

namespace longhand::engine {

using writing::StepErrc;
using writing::StepResult;
using StepFailure = Failure<StepErrc>;

namespace {

std::string prompt_hash(const writing::AskRequest& request) {
    return sha256_hex(request.system + '\0' + request.user);
}

}  // namespace

JobContext::JobContext(Environment& environment, std::shared_ptr<RunningJob> job, Journal& journal, JobSources sources,
                       RunFolder& folder)
    : environment_(environment),
      job_(std::move(job)),
      journal_(journal),
      sources_(std::move(sources)),
      folder_(folder) {}

StepFailure JobContext::await_user(writing::MilestoneStop stop) {
    job_->user_stop = store::AwaitUser{
        .job = job_->id(), .lease = job_->lease(), .milestone = stop.milestone, .shown = std::move(stop.shown)};
    return {StepErrc::stopped, ""};
}

awaitable<StepResult<writing::AskReply>> JobContext::ask(job::StepKey key, writing::AskRequest request) {
    if (job_->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
    auto taking = journal_.take(key.text());
    StepResult<std::optional<std::string>> value = co_await std::move(taking);
    if (!value.has_value()) co_return value.error();
    if (*value) {
        if (auto reply = decode_reply(**value)) co_return std::move(*reply);
        co_return step_failed(*job_, "journal_unreadable", "The job's journal can't be read. Start a new job.").error();
    }
    auto bought = buy(key.text(), std::move(request));
    StepResult<writing::AskReply> reply = co_await std::move(bought);
    co_return reply;
}

awaitable<StepResult<writing::AskReply>> JobContext::buy(std::string key, writing::AskRequest request) {
    if (!co_await wait_for_call_slot()) co_return StepFailure{StepErrc::stopped, ""};
    const InTally slot(job_, &RunningJob::calls);
    const std::string hash = prompt_hash(request);
    ModelCall call(environment_, job_, key, std::move(request));
    auto answer = call.answer();
    StepResult<llm::ChatReply> reply = co_await std::move(answer);
    if (!reply.has_value()) co_return reply.error();

    const auto prompt_tokens = static_cast<std::int64_t>(reply->usage.prompt_tokens);
    const auto completion_tokens = static_cast<std::int64_t>(reply->usage.completion_tokens);
    job_->report.counts.prompt_tokens += prompt_tokens;
    job_->report.counts.completion_tokens += completion_tokens;
    environment_.counters.prompt_tokens += prompt_tokens;
    environment_.counters.completion_tokens += completion_tokens;

    writing::AskReply answered;
    answered.text = std::move(reply->text);
    answered.finish = reply->finish == llm::FinishReason::length ? writing::Finish::length : writing::Finish::stop;
    store::JournalEntry entry;
    entry.key = key;
    entry.value = encode_reply(answered);
    entry.input_hash = hash;
    entry.prompt_tokens = prompt_tokens;
    entry.completion_tokens = completion_tokens;
    auto recording = journal_.record(std::move(entry), call.take_paid());
    StepResult<std::string> stands = co_await std::move(recording);
    if (!stands.has_value()) co_return stands.error();
    journal_.let_go(key);
    environment_.live.finished(job_->id(), key);
    auto decoded = decode_reply(*stands);
    if (decoded) co_return std::move(*decoded);
    co_return answered;
}

awaitable<bool> JobContext::wait_for_call_slot() {
    const auto job = job_;
    while (job->calls.count >= environment_.options.calls_per_job) {
        const SteadyTime look_again = environment_.runtime.steady_now() + std::chrono::minutes(1);
        co_await job->calls.ended.wait_until(environment_.runtime, look_again, job->stop());
        if (job->signals.stop.stopped()) co_return false;
    }
    co_return !job->out_of_budget;
}

awaitable<StepResult<std::string>> JobContext::run(job::StepKey key, std::string input,
                                                   std::function<awaitable<StepResult<std::string>>()> work) {
    if (job_->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
    auto taking = journal_.take(key.text());
    StepResult<std::optional<std::string>> value = co_await std::move(taking);
    if (!value.has_value()) co_return value.error();
    if (*value) {
        if (auto result = decode_result(**value)) co_return std::move(*result);
        co_return step_failed(*job_, "journal_unreadable", "The job's journal can't be read. Start a new job.").error();
    }
    StepResult<std::string> result = StepFailure{StepErrc::stopped, ""};
    {
        ActiveStep active(job_, key.text(), environment_.runtime.steady_now());
        auto running = work();
        result = co_await std::move(running);
    }
    if (!result.has_value()) co_return result.error();
    store::JournalEntry entry;
    entry.key = key.text();
    entry.value = encode_result(*result);
    entry.input_hash = sha256_hex(input);
    auto recording = journal_.record(std::move(entry));
    StepResult<std::string> stands = co_await std::move(recording);
    if (!stands.has_value()) co_return stands.error();
    journal_.let_go(key.text());
    auto decoded = decode_result(*stands);
    if (decoded) co_return std::move(*decoded);
    co_return result;
}

awaitable<StepResult<std::uint32_t>> JobContext::count_pages(job::StepKey key, typeset::Manuscript manuscript) {
    const std::string input = sha256_hex(manuscript.markdown);
    std::function<awaitable<StepResult<std::string>>()> work = [this, manuscript = std::move(manuscript)] {
        return count(manuscript);
    };
    auto running = run(std::move(key), input, std::move(work));
    StepResult<std::string> counted = co_await std::move(running);
    ++job_->work.page_counts;
    show();
    if (!counted.has_value()) co_return counted.error();
    std::uint32_t pages = 0;
    std::from_chars(counted->data(), counted->data() + counted->size(), pages);
    co_return pages;
}

awaitable<StepResult<std::string>> JobContext::count(typeset::Manuscript manuscript) {
    const auto folder = folder_.path();
    if (!folder.has_value()) co_return step_failed(*job_, "disk", no_room_for_files(folder.error()));
    auto counting = environment_.typesetter.count_pages(std::move(manuscript), *folder, job_->stop());
    typeset::TypesetResult<std::uint32_t> pages = co_await std::move(counting);
    if (!pages.has_value()) co_return typeset_failed(*job_, pages.error());
    co_return std::to_string(*pages);
}

std::vector<sources::Hit> JobContext::retrieve(std::string_view query, std::size_t limit, std::size_t per_file) {
    if (!sources_.index) return {};
    return sources_.index->search(query, limit, per_file);
}

std::optional<sources::Passage> JobContext::passage(std::string_view key) {
    const auto found = sources_.passages.find(key);
    if (found == sources_.passages.end()) return std::nullopt;
    return found->second;
}

awaitable<void> JobContext::all(std::vector<awaitable<void>> tasks) {
    auto together = side_by_side(environment_.runtime, std::move(tasks));
    co_await std::move(together);
}

void JobContext::report(writing::ProgressReport report) {
    job_->work.stage = report.stage;
    job_->work.words_done = report.words_done;
    job_->work.words_planned = report.words_planned;
    if (report.title) job_->report.title = report.title;
    show();
}

void JobContext::show() {
    if (job_->signals.stop.stopped()) return;
    job_->refresh();
    environment_.live.report(job_->id(), job_->report);
}

}  // namespace longhand::engine

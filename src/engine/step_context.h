// The engine's side of the seam to the writing steps: journal, model, stop signal, sources.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/environment.h"
#include "engine/job_sources.h"
#include "engine/journal.h"
#include "engine/outputs.h"
#include "engine/running_job.h"
#include "writing/step_context.h"

namespace longhand::engine {

/// Lives as long as the run's coroutines.
class JobContext final : public writing::StepContext {
public:
    JobContext(Environment& environment, std::shared_ptr<RunningJob> job, Journal& journal, JobSources sources,
               RunFolder& folder);

    const job::Settings& settings() const override { return job_->claimed.settings; }
    const job::Guidance& guidance() const override { return job_->claimed.guidance; }
    const std::vector<writing::SourceInfo>& sources() const override { return sources_.infos; }
    Failure<writing::StepErrc> await_user(writing::MilestoneStop stop) override;

    awaitable<writing::StepResult<writing::AskReply>> ask(job::StepKey key, writing::AskRequest request) override;
    awaitable<writing::StepResult<std::string>> run(
        job::StepKey key, std::string input,
        std::function<awaitable<writing::StepResult<std::string>>()> work) override;
    awaitable<writing::StepResult<std::uint32_t>> count_pages(job::StepKey key,
                                                              typeset::Manuscript manuscript) override;

    std::vector<sources::Hit> retrieve(std::string_view query, std::size_t limit, std::size_t per_file) override;
    std::optional<sources::Passage> passage(std::string_view key) override;
    awaitable<void> all(std::vector<awaitable<void>> tasks) override;
    void report(writing::ProgressReport report) override;

private:
    awaitable<writing::StepResult<writing::AskReply>> buy(std::string key, writing::AskRequest request);
    awaitable<bool> wait_for_call_slot();
    awaitable<writing::StepResult<std::string>> count(typeset::Manuscript manuscript);
    void show();

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    Journal& journal_;
    JobSources sources_;
    RunFolder& folder_;
};

}  // namespace longhand::engine

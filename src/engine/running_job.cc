#include "engine/running_job.h"

#include <algorithm>

namespace longhand::engine {

RunningJob::RunningJob(store::ClaimedJob claimed_job, RunSignals run_signals, SteadyTime now)
    : claimed(std::move(claimed_job)), signals(std::move(run_signals)), held_at(now) {
    work.stage = claimed.job.stage;
    work.sources = claimed.sources.size() + claimed.settings.urls_for_research.size();
    report.stage = claimed.job.stage;
    report.progress = claimed.job.progress;
    report.counts = claimed.job.counts;
    report.title = claimed.job.title;
}

void RunningJob::refresh() {
    work.words_live = 0;
    for (const auto& [key, text] : texts) work.words_live += std::min(text.words, text.planned_words);
    report.stage = work.stage;
    report.progress = progress_of(work, report.progress);
    report.counts.words_done = std::max(report.counts.words_done, work.words_done);
    report.counts.words_planned = std::max(report.counts.words_planned, work.words_planned);
}

}  // namespace longhand::engine

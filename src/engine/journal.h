// The journal of a running job: what is in it is returned, not run.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/environment.h"
#include "engine/running_job.h"
#include "writing/step_context.h"

namespace longhand::engine {

/// Used on the engine's loop only.
class Journal {
public:
    Journal(Environment& environment, std::shared_ptr<RunningJob> job, std::vector<store::JournalEntry> entries);

    /// The recorded value. Stays where it is; not there any more once it was taken.
    const std::string* find(std::string_view key) const;
    /// The recorded value, which is held no longer: who asked has it now, and a long work's texts are its run's memory.
    /// Asked for once more, it is read from the store. Nothing: the key has none.
    awaitable<writing::StepResult<std::optional<std::string>>> take(std::string key);
    /// As if it had been taken.
    void let_go(std::string_view key);

    /// Writes an entry, with the job's report as it is now, and gives the value that stands. What has been paid for is
    /// held, and written again and again, until it is durable or the job is somebody else's: `stopped`.
    /// `told` is in the entry's event. `paid` is the call that the entry came from: settled with it, and also when it
    /// is not written.
    awaitable<writing::StepResult<std::string>> record(store::JournalEntry entry,
                                                       std::optional<store::CallEnd> paid = std::nullopt,
                                                       job::Told told = {});

private:
    awaitable<writing::StepResult<std::optional<std::string>>> read_again(std::string key);

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    std::map<std::string, std::string, std::less<>> values_;
    std::set<std::string, std::less<>> taken_;  ///< keys
};

/// The failure of a step that a refusal of the store is: `stopped` where the job goes on later or elsewhere, `failed`,
/// with a line in the log, where it never would.
writing::StepResult<std::string> store_refused(Environment& environment, RunningJob& job,
                                               const store::StoreFailure& failure);

/// The failure of a step, with the word for it that the job's row will show.
writing::StepResult<std::string> step_failed(RunningJob& job, std::string code, std::string message);

}  // namespace longhand::engine

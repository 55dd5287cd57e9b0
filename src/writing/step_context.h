// The seam between writing and engine: all that the steps of writing see of the world. The engine implements it with
// journal, stop signal and model; tests implement it with a table.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/runtime.h"
#include "job/milestone.h"
#include "job/settings.h"
#include "job/state.h"
#include "job/step_key.h"
#include "sources/index.h"
#include "sources/passage.h"
#include "typeset/typesetter.h"

namespace longhand::writing {

enum class StepErrc {
    stopped,    ///< cancelled, paused, handed over or waiting: return at once, up to the top. Quiet
    failed,     ///< the job can't go on; the message is for its owner and says what to do
    moderated,  ///< the provider refuses the content, also rephrased
};
template <class T>
using StepResult = Result<T, StepErrc>;

/// Which of a job's three models is asked.
enum class Role { reasoning, writing, function };

struct AskRequest {
    Role role = Role::writing;
    std::string system;
    std::string user;  ///< the prompt, with its marks (docs/prompts.md)
    std::uint32_t max_tokens = 1024;
    std::optional<boost::json::value> json_schema;  ///< the answer's; the reply is not checked against it here
    std::string schema_name;
    /// Words of the document that this call is to bring; progress moves towards them while it streams. 0: none.
    std::int64_t planned_words = 0;
};
enum class Finish { stop, length };
struct AskReply {
    std::string text;
    Finish finish = Finish::stop;
};

struct ProgressReport {
    job::Stage stage = job::Stage::planning;
    std::int64_t words_done = 0;  ///< of the document, in finished steps
    std::int64_t words_planned = 0;
    std::optional<std::string> title;
};

struct SourceInfo {
    std::string sha256;
    std::string name;
    std::string title;
    std::string kind;
    std::size_t passages = 0;
    std::string problem;  ///< why it could not be read; empty when it was
    // Of a page of the web, whose name is the address that it was asked for by.
    std::string address = {};      ///< where it was read, after redirects; empty: a file
    std::string accessed_at = {};  ///< as format_wall_time has it; empty: a file
    /// Under which its text is in the store (sources::reading_of); empty: a link, or a file that was read before
    /// readings.
    std::string reading = {};

    bool is_link() const { return !accessed_at.empty(); }
};

/// Where a run ends for its user to read.
struct MilestoneStop {
    job::Milestone milestone = job::Milestone::description;
    job::ShownTexts shown;  ///< of all milestones, as far as they are there
};

/// Used from one executor. A step's input is a function of `settings`, the sources and the entries it names; never of
/// timing.
class StepContext {
public:
    virtual ~StepContext() = default;

    virtual const job::Settings& settings() const = 0;
    /// What the user of a guided job has said before this run began.
    virtual const job::Guidance& guidance() const = 0;
    virtual const std::vector<SourceInfo>& sources() const = 0;  ///< in the order they were given

    /// The run is to end here and wait for its user. Gives the `stopped` to go back up with.
    virtual Failure<StepErrc> await_user(MilestoneStop stop) = 0;

    /// A journaled, cancellable model call: what is in the journal under `key` is returned, not bought.
    virtual awaitable<StepResult<AskReply>> ask(job::StepKey key, AskRequest request) = 0;
    /// Another journaled step: `work` runs when the journal has no `key`. `input` is what it depends on, for the
    /// record.
    virtual awaitable<StepResult<std::string>> run(job::StepKey key, std::string input,
                                                   std::function<awaitable<StepResult<std::string>>()> work) = 0;
    /// A journaled step that sets the manuscript as PDF and counts its pages.
    virtual awaitable<StepResult<std::uint32_t>> count_pages(job::StepKey key, typeset::Manuscript manuscript) = 0;

    /// Same sources, same answer. At most `per_file` of one file when that is not 0.
    virtual std::vector<sources::Hit> retrieve(std::string_view query, std::size_t limit, std::size_t per_file) = 0;
    virtual std::optional<sources::Passage> passage(std::string_view key) = 0;

    /// Runs the tasks side by side and resumes when all have ended.
    virtual awaitable<void> all(std::vector<awaitable<void>> tasks) = 0;
    virtual void report(ProgressReport report) = 0;
};

}  // namespace longhand::writing

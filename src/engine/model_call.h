// One answer of a model for a running job, with the patience that a job has and a single call has not.
#pragma once

#include <memory>
#include <string>

#include "engine/call_books.h"
#include "engine/environment.h"
#include "engine/running_job.h"
#include "writing/step_context.h"

namespace longhand::engine {

/// Used once, on the engine's loop. The text that it streams is in the live feed and in `RunningJob::texts` while it
/// runs.
class ModelCall {
public:
    ModelCall(Environment& environment, std::shared_ptr<RunningJob> job, std::string key, writing::AskRequest request);
    ModelCall(const ModelCall&) = delete;
    ~ModelCall();

    /// Asks until there is an answer, or the reason why there will be none. `stopped` also when the job has to wait for
    /// its provider or for a higher budget: then `RunningJob::wait_reason` or `out_of_budget` is set.
    awaitable<writing::StepResult<llm::ChatReply>> answer();
    /// How the request ended that gave the answer: the caller settles it, with the text.
    std::optional<store::CallEnd> take_paid() { return books_.take_answered(); }

private:
    using Given = std::optional<Failure<writing::StepErrc>>;  ///< the end of the call; nothing: ask again

    /// Whom to ask. Nothing: the call ends as `no_model_` says.
    awaitable<std::shared_ptr<llm::ChatModel>> model();
    Given without_model(const store::StoreFailure& failure);
    llm::ChatRequest chat_request() const;
    awaitable<llm::LlmResult<void>> reserve(const llm::ChatRequest& chat);
    llm::ChatWatcher watcher(const llm::ChatRequest& chat);
    void begin_attempt();
    void on_text(std::string_view delta);
    /// What to do about a failed call.
    awaitable<Given> after(llm::LlmErrc code, std::string message);
    awaitable<Given> wait_out(std::string message);
    Given failed(std::string code, std::string message);

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    std::string key_;
    writing::AskRequest request_;
    CallBooks books_;
    std::uint32_t attempts_ = 0;
    bool in_word_ = false;
    SteadyTime quiet_since_{};  // the provider has said nothing since then
    unsigned outages_ = 0, loops_ = 0, malformed_ = 0;
    bool rephrased_ = false;
    Given no_model_;
};

}  // namespace longhand::engine

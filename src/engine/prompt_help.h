// A better prompt for a request, before any job: the project's files, one model call with its row in the ledger, and an
// answer without the model where that does not come in time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/environment.h"
#include "engine/prompt_question.h"

namespace longhand::engine {

/// Used on the engine's loop.
class PromptHelp {
public:
    explicit PromptHelp(Environment& environment) : environment_(environment) {}

    /// Always an answer, within EngineOptions::prompt_time. When `stop` is raised the call's stream is closed, and the
    /// answer is for nobody.
    awaitable<writing::BetterPrompt> improve(PromptQuestion question, StopToken stop);
    /// Resumes when nobody is waiting for an answer. Whoever asks is told to go away by their own tokens.
    awaitable<void> idle();

private:
    class Slot;
    awaitable<writing::BetterPrompt> answer(PromptQuestion question, StopToken stop);
    /// A place among the calls under way; nothing when none was free in time.
    awaitable<std::unique_ptr<Slot>> slot(Uuid owner, SteadyTime deadline, StopToken stop);
    awaitable<std::optional<std::string>> ask(const PromptQuestion* question, SteadyTime deadline, StopToken stop);

    Environment& environment_;
    std::map<Uuid, std::size_t> by_owner_;
    std::size_t count_ = 0;
    std::size_t present_ = 0;  ///< those who wait for a place too
    Notifier freed_;
};

}  // namespace longhand::engine

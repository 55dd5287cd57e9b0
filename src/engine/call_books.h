// The ledger's rows of one model call, one for each attempt: reserved before it leaves, opened at its first byte, ended
// with what it cost.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/environment.h"
#include "engine/running_job.h"
#include "llm/chat.h"

namespace longhand::engine {

/// Used on the engine's loop, for one call at a time; outlives it.
class CallBooks {
public:
    CallBooks(Environment& environment, std::shared_ptr<RunningJob> job, std::string key);

    /// Before an attempt leaves. `withheld`: a cap has no room. RunningJob::out_of_budget says so, unless other calls
    /// of the job hold a part of it, more than they will cost, most likely: then it is to be asked again when one has
    /// ended (RunningJob::reservations). `stopped`: the job is somebody else's, or is being handed back.
    awaitable<llm::LlmResult<void>> reserve(std::uint32_t attempt, const llm::ChatRequest& request);
    void open(std::string_view generation_id);
    /// The end of a failed attempt is durable when this resumes, if the database can be reached. That of an answer is
    /// kept for `take_answered`.
    awaitable<void> end(llm::AttemptEnd end);

    /// How the attempt ended that gave the answer, to be settled together with the text that it paid for. Nothing when
    /// the model kept no books.
    std::optional<store::CallEnd> take_answered() { return std::exchange(answered_, std::nullopt); }

private:
    /// Shared with the coroutine that writes it, which may be there for longer.
    struct Opening {
        bool under_way = false;
        Notifier written;
    };
    llm::LlmResult<void> refused(const store::StoreFailure& failure);
    store::CallEnd end_of(const llm::AttemptEnd& end) const;

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    std::string key_;
    Uuid call_;
    SteadyTime sent_at_{};         ///< when its attempt was allowed to leave
    std::optional<InTally> held_;  ///< the reservation, from its commit until the call's end is written
    std::shared_ptr<Opening> opening_ = std::make_shared<Opening>();
    std::optional<store::CallEnd> answered_;
};

job::CallTokens tokens_of(const llm::Usage& usage);
/// How an attempt's row ends.
job::CallState state_of(const llm::AttemptEnd& end);
/// What the engine's table says now.
std::optional<job::Price> price_for(const Environment& environment, const std::string& provider,
                                    const std::string& model);

/// Ends a call in the ledger, also one of a job that is cancelled or lost. What can't be written is estimated when the
/// folder is opened the next time.
awaitable<void> settle(Environment& environment, std::shared_ptr<RunningJob> job, store::CallEnd end);

}  // namespace longhand::engine

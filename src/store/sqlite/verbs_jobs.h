// JobStore's verbs on a job's state, each one operation inside a transaction. What they promise is said in
// store/job_store.h.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<Enqueued> enqueue(Write& write, const NewJob& request);
StoreResult<std::vector<ClaimedJob>> claim(Write& write, const ClaimRequest& request);
StoreResult<std::vector<BeatAnswer>> extend(Write& write, Milliseconds lease, const std::vector<Beat>& beats);

StoreResult<job::Job> complete(Write& write, const Completion& completion);
StoreResult<job::Job> fail(Write& write, const Uuid& job, job::Lease lease, const job::Problem& problem);
StoreResult<job::Job> moderate(Write& write, const Uuid& job, job::Lease lease, const job::Problem& problem);
StoreResult<job::Job> pause(Write& write, const Uuid& job, job::Lease lease, const std::string& data);
StoreResult<job::Job> wait_for_provider(Write& write, const Uuid& job, job::Lease lease, Milliseconds delay,
                                        const std::string& reason);
StoreResult<void> hand_over(Write& write, const std::vector<std::pair<Uuid, job::Lease>>& jobs);

StoreResult<job::Job> cancel(Write& write, const Uuid& owner, const Uuid& job);
StoreResult<Enqueued> retry(Write& write, const Uuid& owner, const Uuid& job);
StoreResult<job::Job> resume(Write& write, const Uuid& owner, const Uuid& job, const job::Budget& raised,
                             const job::UserSaid& said = {});

// The rules of rescue: a crash blames no job while several ran in the process. A job that has been rescued three times
// with nothing new durable, and then takes a process down in which it alone ran, is failed; so is one whose step ran
// past its limit three times. Handing over counts for nothing, and a recorded step wipes the slate.
StoreResult<std::size_t> rescue_all(Write& write, const std::string& reason);
StoreResult<job::Job> rescue(Write& write, const Uuid& job, job::Lease lease, const std::string& reason);

}  // namespace longhand::store::sqlite

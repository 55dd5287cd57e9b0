// Who is next: start-time fair queueing over owners, with a cap for each.
//
// A job has a virtual start time, its start tag. A new one gets the greater of its owner's last finish (the tag of the
// owner's job before it, plus one) and the lowest tag among queued and running jobs; so owners take turns, and none
// saves up turns while it is away. A job that comes back to the queue keeps its tag. Of one owner, at most `user_cap`
// jobs are `ready` or running: the others are stored as `capped` and moved up, lowest tag first, when one of those
// leaves. So a claim is a scan of an index that holds nothing but jobs to take.
//
// A job whose process died three times with nothing new durable is a `suspect`: it is claimed when its worker runs
// nothing else, and alone, until it has recorded a step.
#pragma once

#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

/// Repeated in the SQL of `running_suspects` and `runs_a_suspect`.
inline constexpr std::int32_t kSuspectRescues = 3;

/// Sets place, tag and times of a job that changes its state, and moves up a capped job of its owner where it leaves a
/// slot.
void place_in_queue(Write& write, const JobRow& before, JobRow& after);

/// Fails a job whose row can't be read, so that it stands in nobody's way.
void fail_unreadable(Write& write, const Uuid& id, const UnreadableRow& row);

/// Moves jobs whose time has come to where they may be claimed, or to those over their owner's cap.
void wake_due_jobs(Write& write);

/// The jobs that this worker may take now, fairest first.
std::vector<Uuid> claimable_jobs(Write& write, const ClaimRequest& request);

}  // namespace longhand::store::sqlite

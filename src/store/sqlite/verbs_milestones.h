// The milestones of guided jobs: what was shown, what the user wrote, and what the project shows of them.
#pragma once

#include "store/project_store.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

/// A new guided job: its project shows its texts from now on.
void open_guided(Write& write, const job::Job& job, const job::MilestoneTexts& texts);
/// All that the user has said of a guided job.
job::Guidance guidance_of(Connection& connection, const Uuid& job);

StoreResult<job::Job> await_user(Write& write, const AwaitUser& stop);
/// Of a job that waits for its user: what was said becomes what stands, and what was shown is left behind.
void take_user_word(Write& write, const job::Job& job, const job::UserSaid& said);
/// A change of a project whose job waits for its user is a change of the job's milestones too.
void take_project_change(Write& write, const Uuid& project, const ProjectChange& change);

StoreResult<Draft> draft_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);

}  // namespace longhand::store::sqlite

// JobStore's verbs on what a job has written: journal, text under way, outputs.
#pragma once

#include "store/job_store.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {

StoreResult<StepRecorded> record_step(Write& write, const StepRecord& record);
StoreResult<void> append_text(Write& write, const std::vector<PartialText>& texts);
StoreResult<void> add_output(Write& write, const Uuid& owner, const Uuid& job, const OutputRecord& output);

void insert_output(Write& write, const Uuid& job, const OutputRecord& output);
void delete_partial_texts(Connection& connection, const Uuid& job);

StoreResult<std::vector<JournalEntry>> journal(Connection& connection, const Uuid& job);
StoreResult<std::vector<JournalEntry>> journal_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<std::vector<OutputRecord>> outputs_for_owner(Connection& connection, const Uuid& owner, const Uuid& job);
StoreResult<std::vector<PartialText>> partial_text_for_owner(Connection& connection, const Uuid& owner,
                                                             const Uuid& job);

}  // namespace longhand::store::sqlite

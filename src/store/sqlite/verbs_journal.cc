#include "store/sqlite/verbs_journal.h"

#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"
#include "store/sqlite/verbs_ledger.h"

namespace longhand::store::sqlite {
namespace {

std::optional<std::string> recorded_value(Connection& connection, const Uuid& job, const std::string& key) {
    auto query = connection.query("journal_value");
    query.bind_all(job, key);
    return query.step() ? std::optional(query.text()) : std::nullopt;
}

// False: the key was there.
bool insert_entry(Write& write, const Uuid& job, const JournalEntry& entry) {
    return write.connection.query("insert_journal")
               .bind_all(job, entry.key, entry.value, entry.input_hash, entry.prompt_tokens, entry.completion_tokens,
                         write.now)
               .run() == 1;
}

struct StoredText {
    std::uint32_t attempt = 0;
    std::uint64_t size = 0;
};

std::optional<StoredText> stored_text(Connection& connection, const PartialText& text) {
    auto query = connection.query("partial_text");
    query.bind_all(text.job, text.key);
    if (!query.step()) return std::nullopt;
    StoredText stored;
    stored.attempt = static_cast<std::uint32_t>(query.integer());
    stored.size = static_cast<std::uint64_t>(query.integer());
    return stored;
}

void replace_text(Connection& connection, const PartialText& text) {
    connection.query("replace_partial_text").bind_all(text.job, text.key, text.attempt).bind_bytes(text.text).run();
}

// What was sent again overwrites itself; what would leave a hole is dropped, for a hole would be a lie.
void append_one(Connection& connection, const PartialText& text) {
    const auto stored = stored_text(connection, text);
    if (text.offset == 0) return replace_text(connection, text);
    if (!stored || stored->attempt != text.attempt || text.offset > stored->size) return;
    connection.query("append_partial_text").bind(text.offset).bind_bytes(text.text).bind_all(text.job, text.key).run();
}

bool is_held(Connection& connection, const PartialText& text) {
    const auto row = load_job(connection, text.job);
    return row && row->job.state == job::State::in_progress && row->job.lease == text.lease;
}

}  // namespace

StoreResult<StepRecorded> record_step(Write& write, const StepRecord& record) {
    Connection& connection = write.connection;
    auto row = load_job(connection, record.job);
    if (!row) return stale_write(write);
    auto applied =
        job::apply(row->job, job::step_recorded(write.now, record.lease, record.entry.key, record.report, record.told));
    if (!applied) return failure_of(write, applied.error());
    if (record.call) end_call(write, *record.call);
    if (!insert_entry(write, record.job, record.entry)) {
        return StepRecorded{true, recorded_value(connection, record.job, record.entry.key).value()};
    }
    connection.query("delete_partial_text").bind_all(record.job, record.entry.key).run();
    row->hangs = 0;
    auto stored = store_change(write, *row, std::move(*applied));
    if (!stored) return stored.error();
    return StepRecorded{false, record.entry.value};
}

StoreResult<void> append_text(Write& write, const std::vector<PartialText>& texts) {
    std::size_t held = 0;
    for (const PartialText& text : texts) {
        if (!is_held(write.connection, text)) {
            ++write.stale;
            continue;
        }
        append_one(write.connection, text);
        if (!text.call.is_nil()) call_streamed(write.connection, text);
        ++held;
    }
    if (held == 0 && !texts.empty()) return StoreFailure{StoreErrc::stale, "none of the jobs is held any more"};
    return {};
}

void insert_output(Write& write, const Uuid& job, const OutputRecord& output) {
    write.connection.query("insert_output")
        .bind_all(job, output.format, output.sha256, output.size, output.pages, output.path, output.partial, write.now)
        .run();
}

void delete_partial_texts(Connection& connection, const Uuid& job) {
    connection.query("delete_partial_texts").bind(job).run();
}

StoreResult<void> add_output(Write& write, const Uuid& owner, const Uuid& job, const OutputRecord& output) {
    if (!job_exists(write.connection, owner, job)) return no_such("job");
    insert_output(write, job, output);
    return {};
}

StoreResult<std::vector<JournalEntry>> journal(Connection& connection, const Uuid& job) {
    auto query = connection.query("journal");
    query.bind(job);
    std::vector<JournalEntry> entries;
    while (query.step()) {
        JournalEntry& entry = entries.emplace_back();
        entry.key = query.text();
        entry.value = query.text();
        entry.input_hash = query.text();
        entry.prompt_tokens = query.integer();
        entry.completion_tokens = query.integer();
        entry.recorded_at = query.time();
    }
    return entries;
}

StoreResult<std::vector<JournalEntry>> journal_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    return journal(connection, job);
}

StoreResult<std::vector<OutputRecord>> outputs_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    auto query = connection.query("outputs");
    query.bind(job);
    std::vector<OutputRecord> outputs;
    while (query.step()) {
        OutputRecord& output = outputs.emplace_back();
        output.format = query.text();
        output.sha256 = query.text();
        output.size = static_cast<std::uint64_t>(query.integer());
        output.pages = static_cast<std::uint32_t>(query.integer());
        output.path = query.text();
        output.partial = query.flag();
    }
    return outputs;
}

StoreResult<std::vector<PartialText>> partial_text_for_owner(Connection& connection, const Uuid& owner,
                                                             const Uuid& job) {
    const Snapshot snapshot(connection);
    const auto row = load_job_of_owner(connection, owner, job);
    if (!row) return no_such("job");
    auto query = connection.query("partial_texts");
    query.bind(job);
    std::vector<PartialText> texts;
    while (query.step()) {
        PartialText& text = texts.emplace_back();
        text.job = job;
        text.lease = row->lease;
        text.key = query.text();
        text.attempt = static_cast<std::uint32_t>(query.integer());
        text.text = query.text();
    }
    return texts;
}

}  // namespace longhand::store::sqlite

#include "store/sqlite/batch.h"

#include <fmt/format.h>

namespace longhand::store::sqlite {
namespace {

void run_quietly(Connection& connection, const char* sql) {
    try {
        connection.execute(sql);
    } catch (const DatabaseFailure&) {
        // There is no transaction any more: SQLite has rolled it back by itself.
    }
}

// A savepoint whose writes are undone unless it is kept.
class Savepoint {
public:
    explicit Savepoint(Connection& connection) : connection_(connection) { connection_.query("savepoint").run(); }
    ~Savepoint() {
        if (kept_ || !connection_.in_transaction()) return;
        run_quietly(connection_, "ROLLBACK TO operation; RELEASE operation");
    }
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    void keep() {
        connection_.query("release_savepoint").run();
        kept_ = true;
    }

private:
    Connection& connection_;
    bool kept_ = false;
};

// `outcome` stays as it is when the operation fails.
StoreResult<void> run(Connection& connection, Operation& operation, Outcome& outcome) {
    try {
        outcome = operation.run(connection);
        return {};
    } catch (const DatabaseFailure& failure) {
        return failure_of(failure);
    } catch (const std::exception& bug) {
        return StoreFailure{StoreErrc::unusable, fmt::format("{} failed inside: {}", operation.name, bug.what())};
    }
}

}  // namespace

Batch::Batch(Connection& connection) : connection_(connection) {
    begin();
}

Batch::~Batch() {
    if (connection_.in_transaction()) run_quietly(connection_, "ROLLBACK");
    if (entries_.empty()) return;
    fail_all({StoreErrc::unavailable, "the write was given up"});
    tell_all();
}

void Batch::begin() {
    try {
        connection_.query("begin_write").run();
    } catch (const DatabaseFailure& failure) {
        broken_ = failure_of(failure);
    }
}

void Batch::add(Operation operation) {
    Entry& entry = entries_.emplace_back(Entry{std::move(operation), {}});
    if (broken_) {
        entry.result = *broken_;
    } else if (has_savepoints_) {
        run_in_savepoint(entry);
    } else if (!run_bare(entry)) {
        start_over_with_savepoints();
    }
}

// False: it has left something behind that must go.
bool Batch::run_bare(Entry& entry) {
    const std::int64_t changes = connection_.changes();
    Outcome outcome = Outcome::undo;
    entry.result = run(connection_, entry.operation, outcome);
    expects_more_ = outcome == Outcome::keep_and_wait;
    note_lost_transaction(entry);
    return outcome != Outcome::undo || broken_ || connection_.changes() == changes;
}

void Batch::run_in_savepoint(Entry& entry) {
    try {
        Savepoint savepoint(connection_);
        Outcome outcome = Outcome::undo;
        entry.result = run(connection_, entry.operation, outcome);
        expects_more_ = outcome == Outcome::keep_and_wait;
        if (outcome != Outcome::undo) savepoint.keep();
    } catch (const DatabaseFailure& failure) {
        entry.result = failure_of(failure);
    }
    note_lost_transaction(entry);
}

void Batch::start_over_with_savepoints() {
    has_savepoints_ = true;
    run_quietly(connection_, "ROLLBACK");
    begin();
    for (Entry& entry : entries_) {
        if (broken_) break;
        run_in_savepoint(entry);
    }
}

// A full disk and its like end the whole transaction, with what came before in it.
void Batch::note_lost_transaction(const Entry& entry) {
    if (connection_.in_transaction()) return;
    broken_ = entry.result ? StoreFailure{StoreErrc::unavailable, "the transaction is gone"} : entry.result.error();
}

bool Batch::commit(const Ended& ended) {
    if (!broken_) {
        const auto begun = std::chrono::steady_clock::now();
        try {
            connection_.query("commit").run();
            commit_time_ = std::chrono::steady_clock::now() - begun;
        } catch (const DatabaseFailure& failure) {
            broken_ = failure_of(failure);
            // Of a commit that is refused nobody can tell whose fault it is: each may do better in another.
            if (failure.is_constraint()) broken_->code = StoreErrc::unavailable;
            if (connection_.in_transaction()) run_quietly(connection_, "ROLLBACK");
        }
    }
    if (broken_) fail_all(*broken_);
    if (ended) ended(broken_);
    tell_all();
    return !broken_;
}

void Batch::fail_all(const StoreFailure& failure) {
    for (Entry& entry : entries_) entry.result = failure;
}

void Batch::tell_all() {
    auto entries = std::exchange(entries_, {});
    for (Entry& entry : entries) {
        // What the operation holds goes before its caller is woken.
        entry.operation.run = nullptr;
        entry.operation.done(std::move(entry.result));
    }
}

}  // namespace longhand::store::sqlite

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

}  // namespace

Batch::Batch(Connection& connection) : connection_(connection) {
    try {
        connection_.query("begin_write").run();
    } catch (const DatabaseFailure& failure) {
        broken_ = failure_of(failure);
    }
}

Batch::~Batch() {
    if (connection_.in_transaction()) run_quietly(connection_, "ROLLBACK");
    if (entries_.empty()) return;
    fail_all({StoreErrc::unavailable, "the write was given up"});
    tell_all();
}

StoreResult<void> Batch::run(Operation& operation) {
    try {
        Savepoint savepoint(connection_);
        if (operation.run(connection_) == Outcome::keep) savepoint.keep();
        return {};
    } catch (const DatabaseFailure& failure) {
        return failure_of(failure);
    } catch (const std::exception& bug) {
        return StoreFailure{StoreErrc::unusable, fmt::format("{} failed inside: {}", operation.name, bug.what())};
    }
}

void Batch::add(Operation operation) {
    StoreResult<void> result = broken_ ? StoreResult<void>(*broken_) : run(operation);
    // A full disk and its like end the whole transaction, with what came before in it.
    if (!broken_ && !connection_.in_transaction()) {
        broken_ = result ? StoreFailure{StoreErrc::unavailable, "the transaction is gone"} : result.error();
    }
    entries_.push_back({std::move(operation), std::move(result)});
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

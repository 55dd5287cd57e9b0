// The seam between what is written and when it becomes durable. The product's queue commits in groups on a thread of
// its own (store/sqlite/group_commit.h); a test's may delay, fail, or lose what was not committed.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "store/errors.h"
#include "store/figures.h"

namespace longhand::store {

namespace sqlite {
class Connection;
}

enum class Outcome {
    keep,           ///< what was written is committed with the batch
    keep_and_wait,  ///< likewise, and another operation is about to come of it: best in the same batch
    undo,  ///< the operation refused: all that it wrote is rolled back, and `done` is told success all the same
};

/// One verb on its way to the database.
struct Operation {
    /// Of the verb, for metrics. Points to a literal.
    std::string_view name;
    /// Called by one thread at a time, inside a transaction. Sees what the operations before it wrote. May throw
    /// DatabaseFailure: then it is undone like a refused one, and `done` is told the failure. Called again when all
    /// that its batch wrote had to be rolled back: the last call is the one that counts.
    std::function<Outcome(sqlite::Connection&)> run;
    /// Called exactly once, when the commit that holds the operation is durable, or when it is certain that nothing of
    /// it is. Must not block or throw. Errors: unavailable, unusable, stopping.
    std::function<void(StoreResult<void>)> done;
};

/// Runs operations in the order in which they came. Thread-safe.
class WriteQueue {
public:
    /// Every operation's `done` has been called when this returns.
    virtual ~WriteQueue() = default;
    virtual void submit(Operation operation) = 0;
    virtual WriteStats stats() const = 0;
};

}  // namespace longhand::store

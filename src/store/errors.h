#pragma once

#include "base/result.h"

namespace longhand::store {

enum class StoreErrc {
    not_found,    ///< not there, or not that owner's
    wrong_state,  ///< the job's state does not allow it; the message names the state's word alone
    stale,        ///< the lease is not the newest: drop it, count it, stop
    duplicate,    ///< the same thing is there already
    repeated,     ///< a request of that key was answered already: nothing happened, its answer is kept
    budget,       ///< a cap of the job's budget has no room; the message says spent, reserved, and what was asked for
    limit,        ///< a bound of ours; the message says which
    unavailable,  ///< the database can't be written or read now; nothing happened
    unusable,     ///< it never will be: a newer schema, not a database, damaged, or a defect of ours in this
                  ///< verb. Nothing happened. The message is for the operator
    stopping,     ///< the store is closing; quiet
};
template <class T>
using StoreResult = Result<T, StoreErrc>;
using StoreFailure = Failure<StoreErrc>;

}  // namespace longhand::store

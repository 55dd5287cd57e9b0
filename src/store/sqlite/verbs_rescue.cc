// The rescues of verbs_jobs.h.
#include <fmt/format.h>

#include <map>

#include "store/sqlite/queue.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"
#include "store/sqlite/verbs_jobs.h"
#include "store/sqlite/verbs_ledger.h"
#include "store/sqlite/verbs_prompt_calls.h"
#include "store/sqlite/verbs_webhooks.h"

namespace longhand::store::sqlite {
namespace {

constexpr std::int32_t kHangsAllowed = 3;

enum class Company { alone, with_others };

job::Problem crashed(std::int32_t times) {
    return {"crashed",
            fmt::format("The process that ran this job ended abruptly {} times, the last time while it ran nothing "
                        "else. Retry it, or look into the server's log for the cause.",
                        times)};
}

job::Problem hung(const std::string& reason) {
    return {"hung",
            fmt::format("A step of this job ran past its time limit {} times ({}). Retry it, or choose a faster model.",
                        kHangsAllowed, reason)};
}

StoreResult<job::Job> rescue_from_crash(Write& write, const JobRow& row, Company company, const std::string& reason) {
    const job::Job& job = row.job;
    if (company == Company::alone && job.rescues >= kSuspectRescues) {
        return change_job(write, row, job::given_up(write.now, job.lease, crashed(job.rescues + 1)));
    }
    return change_job(write, row, job::rescued(write.now, job.lease, reason));
}

StoreResult<std::size_t> rescue_rows(Write& write, const std::vector<JobRow>& rows,
                                     const std::map<Uuid, std::int64_t>& running, const std::string& reason) {
    for (const JobRow& row : rows) {
        const Company company = running.at(row.job.worker) == 1 ? Company::alone : Company::with_others;
        auto rescued = rescue_from_crash(write, row, company, reason);
        if (!rescued) return rescued.error();
    }
    return rows.size();
}

std::vector<Uuid> running_jobs(Connection& connection) {
    auto query = connection.query("running_jobs");
    std::vector<Uuid> ids;
    while (query.step()) ids.push_back(query.id());
    return ids;
}

}  // namespace

StoreResult<std::size_t> rescue_all(Write& write, const std::string& reason) {
    std::vector<JobRow> rows;
    std::map<Uuid, std::int64_t> running;
    for (const Uuid& id : running_jobs(write.connection)) {
        try {
            rows.push_back(load_job(write.connection, id).value());
            ++running[rows.back().job.worker];
        } catch (const UnreadableRow& row) {
            fail_unreadable(write, id, row);
        }
    }
    estimate_unfinished_calls(write);
    release_held_messages(write);
    estimate_unfinished_prompt_calls(write);
    return rescue_rows(write, rows, running, reason);
}

StoreResult<job::Job> rescue(Write& write, const Uuid& job, job::Lease lease, const std::string& reason) {
    auto row = load_job(write.connection, job);
    if (!row) return stale_write(write);
    if (row->hangs + 1 >= kHangsAllowed) return change_job(write, *row, job::given_up(write.now, lease, hung(reason)));
    ++row->hangs;
    return change_job(write, *row, job::rescued(write.now, lease, reason));
}

}  // namespace longhand::store::sqlite

#include "store/sqlite/reads_ledger.h"

#include "store/sqlite/reads_jobs.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/write.h"

namespace longhand::store::sqlite {
namespace {

std::optional<UsdMicros> optional_money(Statement& row) {
    const auto micros = row.optional_integer();
    return micros ? std::optional(UsdMicros{*micros}) : std::nullopt;
}

job::CallState call_state_column(Statement& row) {
    const auto state = job::parse_call_state(row.text());
    if (!state) throw UnreadableRow("a call's state is unknown");
    return *state;
}

std::optional<job::Price> price_columns(Statement& row) {
    const auto prompt = optional_money(row), completion = optional_money(row), cached = optional_money(row);
    if (!prompt || !completion || !cached) return std::nullopt;
    return job::Price{*prompt, *completion, *cached};
}

job::CallTokens token_columns(Statement& row) {
    job::CallTokens tokens;
    tokens.prompt = row.integer();
    tokens.completion = row.integer();
    tokens.cached = row.integer();
    tokens.reasoning = row.integer();
    return tokens;
}

// In the order of the queries `call` and `calls`.
Call call_columns(Statement& row) {
    Call call;
    call.id = row.id();
    call.run = static_cast<std::int32_t>(row.integer());
    call.lease = row.integer();
    call.key = row.text();
    call.attempt = static_cast<std::uint32_t>(row.integer());
    call.provider = row.text();
    call.model = row.text();
    call.state = call_state_column(row);
    call.expected_prompt = row.integer();
    call.reserved.tokens = row.integer();
    call.reserved.cost = optional_money(row);
    call.price = price_columns(row);
    call.generation_id = row.text();
    call.served_by = row.text();
    call.streamed_tokens = row.integer();
    call.tokens = token_columns(row);
    call.cost = optional_money(row);
    if (const auto from = row.optional_text()) call.cost_from = job::parse_cost_from(*from);
    call.ending = row.text();
    if (const auto run = row.optional_integer()) call.cancelled_run = static_cast<std::int32_t>(*run);
    call.reserved_at = row.time();
    call.opened_at = row.optional_time();
    call.ended_at = row.optional_time();
    return call;
}

}  // namespace

std::optional<Call> load_call(Connection& connection, const Uuid& job, const Uuid& call) {
    auto query = connection.query("call");
    query.bind_all(job, call);
    if (!query.step()) return std::nullopt;
    return call_columns(query);
}

JobBudget budget_of(Connection& connection, const Uuid& job) {
    auto query = connection.query("budget");
    query.bind(job);
    JobBudget budget;
    if (!query.step()) return budget;
    budget.budget.max_cost = optional_money(query);
    budget.budget.max_tokens = query.optional_integer();
    budget.spending.spent_cost.value = query.integer();
    budget.spending.reserved_cost.value = query.integer();
    budget.spending.spent_tokens = query.integer();
    budget.spending.reserved_tokens = query.integer();
    budget.spending.unknown_costs = query.integer();
    return budget;
}

StoreResult<JobBudget> budget_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    if (!job_exists(connection, owner, job)) return no_such("job");
    return budget_of(connection, job);
}

StoreResult<Ledger> ledger_for_owner(Connection& connection, const Uuid& owner, const Uuid& job) {
    const Snapshot snapshot(connection);
    auto row = load_job_of_owner(connection, owner, job);
    if (!row) return no_such("job");
    const JobBudget budget = budget_of(connection, job);
    Ledger ledger{std::move(*row), budget.budget, budget.spending, {}};
    auto query = connection.query("calls");
    query.bind(job);
    while (query.step()) ledger.calls.push_back(call_columns(query));
    return ledger;
}

std::vector<UnsureCall> unsure_calls(Connection& connection, const std::string& provider, WallTime since,
                                     std::size_t limit) {
    const Snapshot snapshot(connection);
    auto query = connection.query("unsure_calls");
    query.bind_all(provider, since, static_cast<std::int64_t>(limit));
    std::vector<UnsureCall> calls;
    while (query.step()) {
        UnsureCall& call = calls.emplace_back();
        call.job = query.id();
        call.call = query.id();
        call.generation_id = query.text();
        call.ending = query.text();
        call.ended_at = query.time();
        call.owner = query.id();
        call.is_byok = query.flag();
    }
    return calls;
}

std::vector<Usage> usage_of_owner(Connection& connection, const Uuid& owner, const std::string& from,
                                  const std::string& to) {
    auto query = connection.query("usage_of_owner");
    query.bind_all(owner, from, to);
    std::vector<Usage> rows;
    while (query.step()) {
        Usage& row = rows.emplace_back();
        row.month = query.text();
        row.project = query.id();
        row.provider = query.text();
        row.model = query.text();
        row.calls = query.integer();
        row.tokens = token_columns(query);
        row.cost.value = query.integer();
        row.unknown_costs = query.integer();
        row.works = query.integer();
        row.pages = query.integer();
    }
    return rows;
}

LedgerTotals ledger_totals(Connection& connection) {
    LedgerTotals totals;
    auto ended = connection.query("all_spending");
    if (ended.step()) {
        totals.calls = ended.integer();
        totals.cost.value = ended.integer();
        totals.prompt_tokens = ended.integer();
        totals.completion_tokens = ended.integer();
        totals.unknown_costs = ended.integer();
    }
    auto unfinished = connection.query("all_reserved");
    if (unfinished.step()) {
        totals.unfinished_calls = unfinished.integer();
        totals.reserved_cost.value = unfinished.integer();
    }
    return totals;
}

}  // namespace longhand::store::sqlite

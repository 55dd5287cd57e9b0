#include "store/sqlite/verbs_ledger.h"

#include <fmt/format.h>

#include "store/sqlite/reads_ledger.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/transitions.h"

namespace longhand::store::sqlite {
namespace {

using job::CallState;

std::optional<std::int64_t> micros(const std::optional<UsdMicros>& amount) {
    return amount ? std::optional(amount->value) : std::nullopt;
}

std::string caps_in_words(const job::Budget& budget, const job::Spending& spending, job::Cap cap) {
    if (cap == job::Cap::cost) {
        return fmt::format("of {}, {} is spent and {} reserved", format_usd(budget.max_cost.value_or(UsdMicros{})),
                           format_usd(spending.spent_cost), format_usd(spending.reserved_cost));
    }
    return fmt::format("of {} tokens, {} are spent and {} reserved", budget.max_tokens.value_or(0),
                       spending.spent_tokens, spending.reserved_tokens);
}

std::string need_in_words(const job::Reservation& call, job::Cap cap) {
    if (cap == job::Cap::tokens) return fmt::format("the next call may take {} tokens", call.tokens);
    if (!call.cost) return "the price of the next call is not known";
    return fmt::format("the next call may cost {}", format_usd(*call.cost));
}

StoreFailure no_room(const JobBudget& budget, const job::Reservation& call, job::Cap cap) {
    return {StoreErrc::budget,
            fmt::format("The budget is reached: {}, and {}.", caps_in_words(budget.budget, budget.spending, cap),
                        need_in_words(call, cap))};
}

// What a call takes from a budget, or adds to what is spent.
job::Spending share_of(const Call& call) {
    job::Spending share;
    if (job::is_unfinished(call.state)) {
        share.reserved_cost = call.reserved.cost.value_or(UsdMicros{});
        share.reserved_tokens = call.reserved.tokens;
        return share;
    }
    share.spent_cost = call.cost.value_or(UsdMicros{});
    share.spent_tokens = call.tokens.billed();
    share.unknown_costs = call.cost ? 0 : 1;
    return share;
}

void add_share(Connection& connection, const Uuid& job, const job::Spending& before, const job::Spending& after) {
    connection.query("add_spending")
        .bind_all((after.spent_cost - before.spent_cost).value, (after.reserved_cost - before.reserved_cost).value,
                  after.spent_tokens - before.spent_tokens, after.reserved_tokens - before.reserved_tokens,
                  after.unknown_costs - before.unknown_costs, job)
        .run();
}

// A call counts in the month in which it ended, also where its true cost becomes known in another.
void add_to_owner(const Write& write, const Uuid& job, const Call& before, const Call& after) {
    Connection& connection = write.connection;
    Uuid owner;
    Usage more;
    {
        auto query = connection.query("owner_of_job");
        query.bind(job);
        if (!query.step()) return;
        owner = query.id();
        more.project = query.id();
    }
    const bool is_new = job::is_unfinished(before.state);
    const job::Spending old = is_new ? job::Spending{} : share_of(before);
    const job::Spending share = share_of(after);
    connection.query("add_owner_spending")
        .bind_all(owner, is_new ? 1 : 0, (share.spent_cost - old.spent_cost).value,
                  after.tokens.prompt - before.tokens.prompt, after.tokens.completion - before.tokens.completion,
                  share.unknown_costs - old.unknown_costs)
        .run();
    more.provider = after.provider;
    more.model = after.model;
    more.calls = is_new ? 1 : 0;
    more.tokens.prompt = after.tokens.prompt - before.tokens.prompt;
    more.tokens.completion = after.tokens.completion - before.tokens.completion;
    more.tokens.cached = after.tokens.cached - before.tokens.cached;
    more.tokens.reasoning = after.tokens.reasoning - before.tokens.reasoning;
    more.cost = share.spent_cost - old.spent_cost;
    more.unknown_costs = share.unknown_costs - old.unknown_costs;
    add_usage(connection, owner, before.ended_at.value_or(write.now), more);
}

Call ended(const Call& call, const CallEnd& end) {
    Call after = call;
    after.state = end.state;
    after.tokens = end.state == CallState::released ? job::CallTokens{} : end.tokens;
    const CallCost cost = cost_of_call(after.state, after.tokens, end.cost, after.price);
    after.cost = cost.amount;
    after.cost_from = cost.from;
    return after;
}

bool may_end(CallState from, CallState to) {
    return job::is_unfinished(from) || (from == CallState::estimated && to == CallState::settled);
}

void store_end(Write& write, const CallEnd& end, const Call& before, const Call& after) {
    std::optional<std::string_view> from;
    if (after.cost_from) from = job::to_string(*after.cost_from);
    write.connection.query("end_call")
        .bind_all(job::to_string(after.state), end.generation_id, end.served_by, after.tokens.prompt,
                  after.tokens.completion, after.tokens.cached, after.tokens.reasoning, micros(after.cost), from,
                  end.ending, write.now, end.job, end.call)
        .run();
    add_share(write.connection, end.job, share_of(before), share_of(after));
    add_to_owner(write, end.job, before, after);
}

// Of a call that nobody will settle: a byte seen means that the prompt was read; what was stored was sent.
CallEnd estimate_of(const Uuid& job, const Call& call) {
    CallEnd end;
    end.job = job;
    end.call = call.id;
    end.state = CallState::estimated;
    end.tokens.prompt = call.expected_prompt;
    end.tokens.completion = call.streamed_tokens;
    end.ending = "lost";
    return end;
}

}  // namespace

CallCost cost_of_call(CallState state, const job::CallTokens& tokens, const std::optional<UsdMicros>& own,
                      const std::optional<job::Price>& price) {
    if (state == CallState::released) return {UsdMicros{}, std::nullopt};
    if (own) return {own, job::CostFrom::provider};
    if (!price) return {};
    const auto from = state == CallState::settled ? job::CostFrom::prices : job::CostFrom::estimate;
    return {job::cost_of(*price, tokens), from};
}

StoreResult<Uuid> reserve_call(Write& write, const CallIntent& intent) {
    const auto row = load_job(write.connection, intent.job);
    if (!row || row->job.state != job::State::in_progress || row->job.lease != intent.lease) return stale_write(write);
    Call call;
    call.reserved = job::reservation_of(intent.price, intent.prompt_tokens, intent.most_completion_tokens);
    const JobBudget budget = budget_of(write.connection, intent.job);
    if (const auto cap = job::cap_reached(budget.budget, budget.spending, call.reserved)) {
        return no_room(budget, call.reserved, *cap);
    }
    call.id = write.runtime.new_id();
    std::optional<std::int64_t> prompt_price, completion_price, cached_price;
    if (intent.price) {
        prompt_price = intent.price->prompt.value;
        completion_price = intent.price->completion.value;
        cached_price = intent.price->cached.value;
    }
    write.connection.query("insert_call")
        .bind_all(intent.job, call.id, row->job.run, intent.lease, intent.key, intent.attempt, intent.provider,
                  intent.model, job::to_string(CallState::reserved), intent.prompt_tokens, call.reserved.tokens,
                  micros(call.reserved.cost), prompt_price, completion_price, cached_price, write.now)
        .run();
    add_share(write.connection, intent.job, job::Spending{}, share_of(call));
    return call.id;
}

StoreResult<void> open_call(Write& write, const CallOpening& opening) {
    const auto row = load_job(write.connection, opening.job);
    if (!row || row->job.state != job::State::in_progress || row->job.lease != opening.lease) {
        return stale_write(write);
    }
    write.connection.query("open_call").bind_all(opening.generation_id, write.now, opening.job, opening.call).run();
    return {};
}

bool end_call(Write& write, const CallEnd& end) {
    const auto call = load_call(write.connection, end.job, end.call);
    if (!call) return false;
    if (may_end(call->state, end.state)) store_end(write, end, *call, ended(*call, end));
    return true;
}

StoreResult<void> settle_call(Write& write, const CallEnd& end) {
    if (!end_call(write, end)) return no_such("call");
    return {};
}

void call_streamed(Connection& connection, const PartialText& text) {
    connection.query("call_streamed").bind_all(text.tokens, text.job, text.call).run();
}

void mark_calls_in_flight(Connection& connection, const job::Job& job) {
    connection.query("calls_in_flight_at_cancel").bind_all(job.run, job.id).run();
}

void estimate_unfinished_calls(Write& write, std::optional<Uuid> job) {
    std::vector<std::pair<Uuid, Uuid>> unfinished;
    auto query = write.connection.query("unfinished_calls");
    query.bind(job);
    while (query.step()) {
        const Uuid of = query.id();
        unfinished.emplace_back(of, query.id());
    }
    for (const auto& [of, id] : unfinished) {
        const auto call = load_call(write.connection, of, id);
        if (call) end_call(write, estimate_of(of, *call));
    }
}

void add_usage(Connection& connection, const Uuid& owner, WallTime ended_at, const Usage& more) {
    connection.query("add_usage")
        .bind_all(owner, ended_at, more.project, more.provider, more.model, more.calls, more.tokens.prompt,
                  more.tokens.completion, more.tokens.cached, more.tokens.reasoning, more.cost.value,
                  more.unknown_costs, more.works, more.pages)
        .run();
}

void count_work(Write& write, const job::Job& job, std::int64_t pages) {
    Usage more;
    more.project = job.project;
    more.provider = job.provider;
    more.model = job.writing_model.value_or("");
    more.works = 1;
    more.pages = pages;
    add_usage(write.connection, job.owner, write.now, more);
}

void insert_budget(Connection& connection, const Uuid& job, const job::Budget& budget) {
    connection.query("insert_budget").bind_all(job, micros(budget.max_cost), budget.max_tokens).run();
}

StoreResult<void> raise_caps(Connection& connection, const Uuid& job, const job::Budget& raised, Caps wanted) {
    const JobBudget now = budget_of(connection, job);
    const bool has_caps = now.budget != job::Budget{};
    job::Budget next = now.budget;
    if (raised.max_cost) next.max_cost = raised.max_cost;
    if (raised.max_tokens) next.max_tokens = raised.max_tokens;
    const auto reached = job::cap_reached(next, now.spending);
    // A cap that held a call back holds the same call back again, though it has a little room.
    const bool none_higher = wanted == Caps::higher && has_caps &&
                             (!now.budget.max_cost || next.max_cost <= now.budget.max_cost) &&
                             (!now.budget.max_tokens || next.max_tokens <= now.budget.max_tokens);
    if (reached || none_higher) {
        const job::Cap cap = reached.value_or(now.budget.max_cost ? job::Cap::cost : job::Cap::tokens);
        return StoreFailure{StoreErrc::budget, fmt::format("That budget is reached already: {}. Give a higher one.",
                                                           caps_in_words(next, now.spending, cap))};
    }
    connection.query("set_caps").bind_all(micros(next.max_cost), next.max_tokens, job).run();
    return {};
}

}  // namespace longhand::store::sqlite

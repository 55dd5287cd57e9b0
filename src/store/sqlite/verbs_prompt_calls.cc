#include "store/sqlite/verbs_prompt_calls.h"

#include "store/sqlite/rows.h"
#include "store/sqlite/verbs_accounts.h"
#include "store/sqlite/verbs_ledger.h"

namespace longhand::store::sqlite {
namespace {

std::optional<std::int64_t> whole_micros(const std::optional<UsdMicros>& amount) {
    return amount ? std::optional(amount->value) : std::nullopt;
}

std::optional<UsdMicros> prompt_call_money(Statement& row) {
    const auto value = row.optional_integer();
    return value ? std::optional(UsdMicros{*value}) : std::nullopt;
}

std::optional<job::Price> prompt_call_price(Statement& row) {
    const auto prompt = prompt_call_money(row), completion = prompt_call_money(row), cached = prompt_call_money(row);
    if (!prompt || !completion || !cached) return std::nullopt;
    return job::Price{*prompt, *completion, *cached};
}

PromptCall prompt_call_columns(Statement& row) {
    PromptCall call;
    call.id = row.id();
    if (row.is_null())
        row.optional_integer();
    else
        call.project = row.id();
    call.purpose = row.text();
    call.provider = row.text();
    call.model = row.text();
    call.is_byok = row.flag();
    const std::string state = row.text();
    const auto known = job::parse_call_state(state);
    if (!known) throw UnreadableRow("a call without a job has the state '" + state + "'");
    call.state = *known;
    call.expected_prompt = row.integer();
    call.price = prompt_call_price(row);
    call.generation_id = row.text();
    call.served_by = row.text();
    call.tokens.prompt = row.integer();
    call.tokens.completion = row.integer();
    call.tokens.cached = row.integer();
    call.tokens.reasoning = row.integer();
    call.cost = prompt_call_money(row);
    if (const auto from = row.optional_text()) call.cost_from = job::parse_cost_from(*from);
    call.ending = row.text();
    call.reserved_at = row.time();
    call.ended_at = row.optional_time();
    return call;
}

std::optional<PromptCall> load_prompt_call(Connection& connection, const Uuid& owner, const Uuid& id) {
    auto query = connection.query("prompt_call");
    query.bind_all(owner, id);
    if (!query.step()) return std::nullopt;
    return prompt_call_columns(query);
}

void add_to_owner_spending(Connection& connection, const Uuid& owner, const PromptCall& call) {
    connection.query("add_owner_spending")
        .bind_all(owner, 1, call.cost.value_or(UsdMicros{}).value, call.tokens.prompt, call.tokens.completion,
                  call.cost ? 0 : 1)
        .run();
}

Usage usage_of(const PromptCall& call) {
    Usage usage;
    usage.project = call.project.value_or(Uuid{});
    usage.provider = call.provider;
    usage.model = call.model;
    usage.calls = 1;
    usage.tokens = call.tokens;
    usage.cost = call.cost.value_or(UsdMicros{});
    usage.unknown_costs = call.cost ? 0 : 1;
    return usage;
}

void store_prompt_end(Write& write, const PromptCallEnd& end, PromptCall call) {
    call.state = end.state;
    call.tokens = end.state == job::CallState::released ? job::CallTokens{} : end.tokens;
    const CallCost cost = cost_of_call(call.state, call.tokens, end.cost, call.price);
    call.cost = cost.amount;
    std::optional<std::string_view> from;
    if (cost.from) from = job::to_string(*cost.from);
    write.connection.query("end_prompt_call")
        .bind_all(job::to_string(call.state), end.generation_id, end.served_by, call.tokens.prompt,
                  call.tokens.completion, call.tokens.cached, call.tokens.reasoning, whole_micros(call.cost), from,
                  end.ending, write.now, end.owner, end.call)
        .run();
    add_to_owner_spending(write.connection, end.owner, call);
    add_usage(write.connection, end.owner, write.now, usage_of(call));
}

}  // namespace

StoreResult<Uuid> reserve_prompt_call(Write& write, const PromptCallIntent& intent) {
    if (user_is_removed(write.connection, intent.owner)) return no_such("user");
    const job::Reservation reserved =
        job::reservation_of(intent.price, intent.prompt_tokens, intent.most_completion_tokens);
    std::optional<std::int64_t> prompt_price, completion_price, cached_price;
    if (intent.price) {
        prompt_price = intent.price->prompt.value;
        completion_price = intent.price->completion.value;
        cached_price = intent.price->cached.value;
    }
    const Uuid id = write.runtime.new_id();
    write.connection.query("insert_prompt_call")
        .bind_all(intent.owner, id, intent.project, intent.purpose, intent.provider, intent.model, intent.is_byok,
                  job::to_string(job::CallState::reserved), intent.prompt_tokens, whole_micros(reserved.cost),
                  prompt_price, completion_price, cached_price, write.now)
        .run();
    return id;
}

StoreResult<void> end_prompt_call(Write& write, const PromptCallEnd& end) {
    auto call = load_prompt_call(write.connection, end.owner, end.call);
    if (!call) return no_such("call");
    if (job::is_unfinished(call->state)) store_prompt_end(write, end, std::move(*call));
    return {};
}

void estimate_unfinished_prompt_calls(Write& write) {
    std::vector<std::pair<Uuid, Uuid>> unfinished;
    auto query = write.connection.query("unfinished_prompt_calls");
    while (query.step()) {
        const Uuid owner = query.id();
        unfinished.emplace_back(owner, query.id());
    }
    for (const auto& [owner, id] : unfinished) {
        auto call = load_prompt_call(write.connection, owner, id);
        if (!call) continue;
        PromptCallEnd end;
        end.owner = owner;
        end.call = id;
        end.state = job::CallState::estimated;
        end.tokens.prompt = call->expected_prompt;
        end.ending = "lost";
        store_prompt_end(write, end, std::move(*call));
    }
}

StoreResult<std::vector<PromptCall>> prompt_calls_of_owner(Connection& connection, const Uuid& owner,
                                                           std::size_t limit) {
    auto query = connection.query("prompt_calls");
    query.bind_all(owner, static_cast<std::int64_t>(limit));
    std::vector<PromptCall> calls;
    while (query.step()) calls.push_back(prompt_call_columns(query));
    return calls;
}

}  // namespace longhand::store::sqlite

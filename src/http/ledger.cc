// A job's ledger with the receipt of a cancelled one, and resumeJob, which raises a budget or goes on from a milestone.
#include <fmt/format.h>

#include "engine/receipt.h"
#include "http/handlers.h"
#include "http/json_body.h"
#include "http/json_out.h"

namespace longhand::http {
namespace {

std::optional<std::string_view> word_of(const std::optional<job::CostFrom>& from) {
    return from ? std::optional(job::to_string(*from)) : std::nullopt;
}

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

JsonObject call_object(const store::Call& call) {
    JsonObject out;
    out.add("id", call.id).add("key", call.key).add("run", static_cast<std::int64_t>(call.run));
    out.add("attempt", static_cast<std::int64_t>(call.attempt));
    out.add("provider", call.provider).add("model", call.model).add("served_by", unless_empty(call.served_by));
    out.add("state", job::to_string(call.state)).add("ending", unless_empty(call.ending));
    out.add("generation_id", unless_empty(call.generation_id));
    out.add("prompt_tokens", call.tokens.prompt).add("completion_tokens", call.tokens.completion);
    out.add("cached_tokens", call.tokens.cached).add("reasoning_tokens", call.tokens.reasoning);
    out.add("cost_usd", call.cost).add("cost_from", word_of(call.cost_from));
    out.add("reserved_tokens", call.reserved.tokens).add("reserved_usd", call.reserved.cost);
    out.add("reserved_at", call.reserved_at).add("opened_at", call.opened_at).add("ended_at", call.ended_at);
    return out;
}

std::string calls_json(const std::vector<store::Call>& calls) {
    JsonArray out;
    for (const store::Call& call : calls) out.raw(call_object(call).str());
    return std::move(out).str();
}

std::string spent_json(const job::Spending& spending) {
    JsonObject out;
    out.add("cost_usd", spending.spent_cost).add("tokens", spending.spent_tokens);
    out.add("unknown_costs", spending.unknown_costs);
    return std::move(out).str();
}

std::string reserved_json(const job::Spending& spending) {
    JsonObject out;
    out.add("cost_usd", spending.reserved_cost).add("tokens", spending.reserved_tokens);
    return std::move(out).str();
}

std::string budget_json(const job::Budget& budget) {
    JsonObject out;
    out.add("max_cost_usd", budget.max_cost).add("max_tokens", budget.max_tokens);
    return std::move(out).str();
}

std::string receipt_json(const engine::Receipt& receipt) {
    JsonArray in_flight;
    for (const engine::InFlight& one : receipt.in_flight) {
        JsonObject call = call_object(one.call);
        call.add("bills_the_rest", one.bills_the_rest);
        in_flight.raw(std::move(call).str());
    }
    JsonObject out;
    out.add("cancelled_at", receipt.cancelled_at).raw("spent_before", spent_json(receipt.spent_before));
    out.raw("in_flight", std::move(in_flight).str()).add("words_kept", receipt.words_kept);
    return std::move(out).str();
}

std::string ledger_json(const store::Ledger& ledger) {
    const auto receipt = engine::receipt_of(ledger);
    JsonObject out;
    out.add("jobId", ledger.job.id).add("status", job::to_string(ledger.job.state));
    out.raw("budget", budget_json(ledger.budget)).raw("spent", spent_json(ledger.spending));
    out.raw("reserved", reserved_json(ledger.spending)).raw("calls", calls_json(ledger.calls));
    out.raw("receipt", receipt ? receipt_json(*receipt) : "null");
    return std::move(out).str();
}

awaitable<ApiResult<Reply>> get_ledger(const Services& services, Call& call) {
    const auto id = path_id(call);
    if (!id) co_return id.error();
    auto ledger = co_await services.deps.jobs.ledger_for_owner(call.owner(), *id);
    if (!ledger) co_return from_store(ledger.error(), "job");
    co_return json_reply(ledger_json(*ledger));
}

std::string_view what_helps(std::string_view state) {
    if (state == "completed") return "Its documents are ready.";
    if (state == "failed" || state == "cancelled" || state == "moderated") return "POST /api/retryJob goes on with it.";
    if (state == "draft") return "It has not begun yet.";
    return "It goes on by itself; POST /api/cancelJob stops it.";
}

ApiError not_paused(const store::StoreFailure& failure) {
    return ApiError{ApiErrc::not_paused, fmt::format("The job is {}; only a job that is paused can be resumed. {}",
                                                     failure.message, what_helps(failure.message))}
        .with("status", failure.message);
}

ApiError not_waiting() {
    return ApiError{ApiErrc::not_waiting,
                    "The job waits for a higher budget, not for you to read a milestone: resume it with a higher cap, "
                    "without milestones and 'skip'."}
        .with("status", "draft");
}

job::UserSaid read_word(BodyReader& body) {
    job::UserSaid said;
    said.texts = read_milestones(body);
    said.skips = body.flag("skip").value_or(false);
    return said;
}

ApiError budget_reached(const store::StoreFailure& failure, const store::StoreResult<store::JobBudget>& now) {
    ApiError error = from_store(failure, "job");
    if (!now) return error;
    return std::move(error)
        .with_json("budget", budget_json(now->budget))
        .with_json("spent", spent_json(now->spending))
        .with_json("reserved", reserved_json(now->spending));
}

awaitable<ApiResult<Reply>> resume_job(const Services& services, Call& call) {
    const auto body = co_await read_json(call);
    if (!body) co_return body.error();
    BodyReader reader(*body);
    const Uuid id = reader.id("jobId");
    const job::Budget raised = reader.budget();
    const job::UserSaid said = read_word(reader);
    if (reader.problem()) co_return *reader.problem();
    if (raised.max_cost) {
        auto settings = co_await services.deps.jobs.settings_for_owner(call.owner(), id);
        if (!settings) co_return from_store(settings.error(), "job");
        if (auto problem = unknown_price(*settings, *services.defaults.get())) co_return std::move(*problem);
    }
    const std::string answer = queued_again_json(id);
    auto once = call.once_saying<job::Job>(answer);
    auto resumed = co_await services.deps.jobs.go_on(call.owner(), id, raised, said, std::move(once));
    if (resumed) co_return json_reply(answer);
    if (resumed.error().code == store::StoreErrc::wrong_state) {
        const bool has_word = said != job::UserSaid{};
        co_return has_word&& resumed.error().message == "draft" ? not_waiting() : not_paused(resumed.error());
    }
    if (resumed.error().code != store::StoreErrc::budget) co_return from_store(resumed.error(), "job");
    const auto now = co_await services.deps.jobs.budget_for_owner(call.owner(), id);
    co_return budget_reached(resumed.error(), now);
}

}  // namespace

std::optional<ApiError> unknown_price(const job::Settings& settings, const ServerDefaults& defaults) {
    // No step of a job is written with its function_model.
    for (const std::string& model : {settings.reasoning_model, settings.writing_model}) {
        if (defaults.prices.price_of(defaults.provider, model)) continue;
        return ApiError{ApiErrc::price_unknown,
                        fmt::format("A cap on money can't be held to: this server knows no price of the model '{}'. "
                                    "Cap the tokens instead with 'max_tokens', choose another model, or have the "
                                    "operator name its price with --prices.",
                                    model)}
            .with("field", "max_cost_usd");
    }
    return std::nullopt;
}

std::vector<Route> ledger_routes(const Services& services) {
    return {
        {"GET", "/api/jobs/{id}/ledger", Access::user, bound(services, get_ledger)},
        {"POST", "/api/resumeJob", Access::user, bound(services, resume_job)},
    };
}

}  // namespace longhand::http

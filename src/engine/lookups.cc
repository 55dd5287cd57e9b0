#include "engine/lookups.h"

#include <set>

#include "engine/call_books.h"
#include "engine/own_model.h"

namespace longhand::engine {
namespace {

// OpenRouter knows of a generation some seconds after its end.
constexpr Milliseconds kFirstLookup{1'000};
constexpr Milliseconds kLookupWhenAway{60'000};
constexpr unsigned kMostLookups = 6;  // 1, 4, 16, ... s apart: 23 minutes in all
constexpr std::chrono::hours kOldestLookup{24};
constexpr std::chrono::hours kLookupIdle{1};
constexpr std::size_t kLookupsAtOnce = 1'000;
// So many that can't be asked for, one after the other, and the provider is away.
constexpr unsigned kLookupsRefused = 3;
// A provider that knew none of so many calls has no such answers: it is left in peace.
constexpr unsigned kSilentLookups = 3;

Milliseconds lookup_pause(unsigned times) {
    return kFirstLookup * (1U << (2 * times));
}

store::CallEnd end_by(const store::UnsureCall& call, const llm::Usage& usage) {
    store::CallEnd end;
    end.job = call.job;
    end.call = call.call;
    end.state = job::CallState::settled;
    end.tokens = tokens_of(usage);
    if (usage.cost_usd) end.cost = UsdMicros::from_usd(*usage.cost_usd);
    end.ending = call.ending;
    return end;
}

}  // namespace

awaitable<void> Lookups::run(StopToken stop) {
    co_await environment_.runtime.sleep_for(kFirstLookup, stop);
    while (!stop.stopped() && (told_once_ || given_up_ < kSilentLookups)) {
        auto looking = look(stop);
        const SteadyTime again = co_await std::move(looking);
        const WaitResult woken = co_await environment_.estimated.wait_until(environment_.runtime, again, stop);
        if (woken == WaitResult::notified) co_await environment_.runtime.sleep_for(kFirstLookup, stop);
    }
    while (!stop.stopped()) co_await environment_.runtime.sleep_for(kLookupIdle, stop);
}

awaitable<SteadyTime> Lookups::look(StopToken stop) {
    auto reading = environment_.store.unsure_calls(environment_.model.provider(),
                                                   environment_.runtime.wall_now() - kOldestLookup, kLookupsAtOnce);
    const store::StoreResult<std::vector<store::UnsureCall>> calls = co_await std::move(reading);
    const SteadyTime now = environment_.runtime.steady_now();
    if (!calls.has_value()) co_return now + kLookupWhenAway;
    forget_all_but(*calls);
    SteadyTime next = now + kLookupIdle;
    unsigned refused = 0;
    for (const store::UnsureCall& call : *calls) {
        Tries& tried = tries_[call.call];
        if (tried.times >= kMostLookups) continue;
        if (tried.due <= now) {
            auto asking = ask(&call, stop);
            const bool heard = co_await std::move(asking);
            if (stop.stopped()) co_return now;
            refused = heard ? 0 : refused + 1;
            if (refused >= kLookupsRefused) co_return now + kLookupWhenAway;
        }
        const auto left = tries_.find(call.call);
        if (left != tries_.end() && left->second.times < kMostLookups) next = std::min(next, left->second.due);
    }
    co_return next;
}

awaitable<bool> Lookups::ask(const store::UnsureCall* call, StopToken stop) {
    auto choosing = model_for(environment_, call->owner, key_of(call->is_byok));
    const store::StoreResult<std::shared_ptr<llm::ChatModel>> model = co_await std::move(choosing);
    if (!model.has_value() && model.error().code == store::StoreErrc::not_found) {
        // Whose key is gone, its provider tells nothing: the estimate stands.
        tries_[call->call].times = kMostLookups;
        co_return true;
    }
    if (!model.has_value()) co_return false;
    auto asking = (*model)->charged(call->generation_id, stop);
    const llm::LlmResult<std::optional<llm::Usage>> charged = co_await std::move(asking);
    if (!charged.has_value()) {
        environment_.log->debug("the cost of call {} can't be asked for: {}", call->call.to_string(),
                                charged.error().message);
        tries_[call->call].due = environment_.runtime.steady_now() + kLookupWhenAway;
        co_return false;
    }
    if (!charged->has_value()) {
        Tries& tried = tries_[call->call];
        tried.due = environment_.runtime.steady_now() + lookup_pause(++tried.times);
        if (tried.times >= kMostLookups) ++given_up_;
        co_return true;
    }
    told_once_ = true;
    auto settling = environment_.store.settle_call(end_by(*call, **charged));
    const store::StoreResult<void> settled = co_await std::move(settling);
    if (!settled.has_value() && settled.error().code == store::StoreErrc::unavailable) co_return false;
    tries_.erase(call->call);
    co_return true;
}

void Lookups::forget_all_but(const std::vector<store::UnsureCall>& calls) {
    std::set<Uuid> there;
    for (const store::UnsureCall& call : calls) there.insert(call.call);
    std::erase_if(tries_, [&](const auto& tried) { return !there.contains(tried.first); });
}

}  // namespace longhand::engine

// Model calls, what they cost, and the budget that they stay in.
#pragma once

#include <thread>

#include "store/conformance/fixture_testing.h"
#include "store/conformance/sums_testing.h"

namespace longhand::store::conformance {

class StoreLedger : public StoreTest {
protected:
    /// A dollar a million prompt tokens, ten a million others: a prompt token costs one millionth of a dollar.
    static constexpr job::Price kPrice{.prompt = {1'000'000}, .completion = {10'000'000}, .cached = {100'000}};
    /// 100 tokens of prompt and up to 40 more: 500 millionths, 140 tokens.
    static constexpr UsdMicros kMostOfACall{500};
    static constexpr std::int64_t kTokensOfACall = 140;

    job::Job start_with(job::Budget budget) {
        auto request = new_job(owner_, new_project(owner_));
        request.budget = budget;
        const Uuid id = ok(store().enqueue(request)).job.id;
        auto claiming = claim_request(1);
        claiming.only_job = id;
        return ok(store().claim(claiming)).at(0).job;
    }
    job::Job start_with_cost(std::int64_t micros) {
        return start_with({.max_cost = UsdMicros{micros}, .max_tokens = {}});
    }
    static CallIntent intent(const job::Job& job, std::string key = "section/1/draft") {
        CallIntent intent;
        intent.job = job.id;
        intent.lease = job.lease;
        intent.key = std::move(key);
        intent.provider = "https://openrouter.ai/api/v1";
        intent.model = "m/writer";
        intent.prompt_tokens = 100;
        intent.most_completion_tokens = 40;
        intent.price = kPrice;
        return intent;
    }
    Uuid reserve(const job::Job& job) { return ok(store().reserve_call(intent(job))); }
    static CallEnd end_of(const job::Job& job, Uuid call, job::CallState state = job::CallState::settled) {
        CallEnd end;
        end.job = job.id;
        end.call = call;
        end.state = state;
        end.tokens = {.prompt = 90, .completion = 20};
        end.ending = "stop";
        return end;
    }
    static CallOpening opening_of(const job::Job& job, Uuid call) {
        CallOpening opening;
        opening.job = job.id;
        opening.lease = job.lease;
        opening.call = call;
        opening.generation_id = "gen-1";
        return opening;
    }
    Ledger ledger(const job::Job& job) { return ok(store().ledger_for_owner(job.owner, job.id)); }
    Call only_call(const job::Job& job) {
        auto all = ledger(job).calls;
        if (all.size() != 1) throw std::runtime_error("there is not one call");
        return all[0];
    }
    job::Spending spending(const job::Job& job) { return ok(store().budget_for_owner(job.owner, job.id)).spending; }
    LedgerTotals totals() { return ok(store().stats()).ledger; }
    /// The sums beside the rows are those of the rows.
    void expect_balanced(const job::Job& job) {
        const Ledger all = ledger(job);
        EXPECT_EQ(all.spending, sums_of(all.calls));
    }
};

TEST_P(StoreLedger, ACallGoesFromReservedOverOpenToSettled) {
    const auto job = start_with_cost(1'000'000);
    const Uuid call = reserve(job);
    auto row = only_call(job);
    EXPECT_EQ(row.id, call);
    EXPECT_EQ(row.state, job::CallState::reserved);
    EXPECT_EQ(row.key, "section/1/draft");
    EXPECT_EQ(row.model, "m/writer");
    EXPECT_EQ(row.provider, "https://openrouter.ai/api/v1");
    EXPECT_EQ(row.reserved, (job::Reservation{kTokensOfACall, kMostOfACall}));
    EXPECT_EQ(spending(job), (job::Spending{.reserved_cost = kMostOfACall, .reserved_tokens = kTokensOfACall}));

    ok(store().open_call(opening_of(job, call)));
    EXPECT_EQ(only_call(job).state, job::CallState::open);
    EXPECT_EQ(only_call(job).generation_id, "gen-1");
    EXPECT_EQ(only_call(job).opened_at, runtime_.wall_now());

    runtime_.advance(Milliseconds{5});
    auto end = end_of(job, call);
    end.tokens.cached = 50;
    end.tokens.reasoning = 7;
    end.served_by = "Fireworks";
    ok(store().settle_call(end));
    row = only_call(job);
    EXPECT_EQ(row.state, job::CallState::settled);
    EXPECT_EQ(row.tokens, end.tokens);
    EXPECT_EQ(row.cost, UsdMicros{40 + 5 + 200});
    EXPECT_EQ(row.cost_from, job::CostFrom::prices);
    EXPECT_EQ(row.generation_id, "gen-1");
    EXPECT_EQ(row.served_by, "Fireworks");
    EXPECT_EQ(row.ending, "stop");
    EXPECT_EQ(row.ended_at, runtime_.wall_now());
    EXPECT_EQ(spending(job), (job::Spending{.spent_cost = {245}, .spent_tokens = 110}));
    expect_balanced(job);
}

TEST_P(StoreLedger, TheProvidersOwnFigureStandsBeforeThePriceTable) {
    const auto job = start_with_cost(1'000'000);
    auto end = end_of(job, reserve(job));
    end.cost = UsdMicros{777};
    ok(store().settle_call(end));
    EXPECT_EQ(only_call(job).cost, UsdMicros{777});
    EXPECT_EQ(only_call(job).cost_from, job::CostFrom::provider);
    EXPECT_EQ(spending(job).spent_cost, UsdMicros{777});
}

TEST_P(StoreLedger, AnEstimateOfANamedCallWaitsForTheProvidersWord) {
    const auto job = start_with_cost(1'000'000);
    const Uuid named = reserve(job), unnamed = reserve(job), settled = reserve(job);
    ok(store().open_call(opening_of(job, named)));
    ok(store().settle_call(end_of(job, named, job::CallState::estimated)));
    ok(store().settle_call(end_of(job, unnamed, job::CallState::estimated)));
    ok(store().open_call(opening_of(job, settled)));
    ok(store().settle_call(end_of(job, settled)));
    const std::string provider = intent(job).provider;
    const auto unsure = ok(store().unsure_calls(provider, WallTime{}, 10));
    ASSERT_EQ(unsure.size(), 1U);
    EXPECT_EQ(unsure[0].job, job.id);
    EXPECT_EQ(unsure[0].call, named);
    EXPECT_EQ(unsure[0].generation_id, "gen-1");
    EXPECT_EQ(unsure[0].ending, "stop");
    EXPECT_EQ(unsure[0].ended_at, runtime_.wall_now());
    EXPECT_EQ(unsure[0].owner, job.owner);
    EXPECT_EQ(unsure[0].is_byok, job.is_byok);
    EXPECT_TRUE(ok(store().unsure_calls("https://example.org/v1", WallTime{}, 10)).empty());
    EXPECT_TRUE(ok(store().unsure_calls(provider, runtime_.wall_now() + Milliseconds{1}, 10)).empty());
    ok(store().settle_call(end_of(job, named)));
    EXPECT_TRUE(ok(store().unsure_calls(provider, WallTime{}, 10)).empty());
    expect_balanced(job);
}

TEST_P(StoreLedger, AnUnknownCostIsCountedAndNotTakenForNothing) {
    const auto job = start(owner_);
    auto unknown = intent(job);
    unknown.price.reset();
    const Uuid call = ok(store().reserve_call(unknown));
    EXPECT_EQ(only_call(job).reserved.cost, std::nullopt);
    ok(store().settle_call(end_of(job, call)));
    EXPECT_EQ(only_call(job).cost, std::nullopt);
    EXPECT_EQ(only_call(job).cost_from, std::nullopt);
    EXPECT_EQ(spending(job), (job::Spending{.spent_tokens = 110, .unknown_costs = 1}));
    expect_balanced(job);
}

TEST_P(StoreLedger, ACapHoldsWhatIsSpentAndReservedAndTheNextCall) {
    const auto job = start_with_cost(1'300);
    const Uuid first = reserve(job);
    reserve(job);
    EXPECT_EQ(error(store().reserve_call(intent(job))), StoreErrc::budget);
    EXPECT_EQ(message(store().reserve_call(intent(job))),
              "The budget is reached: of $0.001300, $0.00 is spent and $0.001000 reserved, and the next call may cost "
              "$0.000500.");
    EXPECT_EQ(ledger(job).calls.size(), 2U);
    // What the first did not use makes room.
    ok(store().settle_call(end_of(job, first)));
    reserve(job);
    EXPECT_EQ(spending(job), (job::Spending{.spent_cost = {290},
                                            .reserved_cost = {1'000},
                                            .spent_tokens = 110,
                                            .reserved_tokens = 2 * kTokensOfACall}));
    expect_balanced(job);
}

TEST_P(StoreLedger, ACapOnTokensNeedsNoPrice) {
    const auto job = start_with({.max_cost = {}, .max_tokens = kTokensOfACall});
    auto unknown = intent(job);
    unknown.price.reset();
    ok(store().reserve_call(unknown));
    EXPECT_EQ(error(store().reserve_call(unknown)), StoreErrc::budget);
}

TEST_P(StoreLedger, ACapOnMoneyTakesNoCallWithoutAPrice) {
    const auto job = start_with_cost(1'000'000);
    auto unknown = intent(job);
    unknown.price.reset();
    EXPECT_EQ(error(store().reserve_call(unknown)), StoreErrc::budget);
}

TEST_P(StoreLedger, ManyCallsAtOnceDoNotCrossACapTogether) {
    constexpr int kRoomFor = 5;
    const auto job = start_with_cost(kRoomFor * kMostOfACall.value + 499);
    std::atomic<int> reserved{0}, refused{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 24; ++i) {
        threads.emplace_back([&] {
            const auto answer = ManualRuntime::run_alone(store().reserve_call(intent(job)));
            if (answer) ++reserved;
            if (!answer && answer.error().code == StoreErrc::budget) ++refused;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(reserved, kRoomFor);
    EXPECT_EQ(refused, 24 - kRoomFor);
    EXPECT_EQ(ledger(job).calls.size(), static_cast<std::size_t>(kRoomFor));
    expect_balanced(job);
}

TEST_P(StoreLedger, AnOldHolderReservesAndOpensNothing) {
    const auto old = start(owner_);
    const Uuid call = reserve(old);
    ok(store().rescue(old.id, old.lease, "hangs"));
    const auto holder = claim_one();
    EXPECT_EQ(error(store().reserve_call(intent(old))), StoreErrc::stale);
    EXPECT_EQ(error(store().open_call(opening_of(old, call))), StoreErrc::stale);
    EXPECT_EQ(ledger(holder).calls.size(), 1U);
    EXPECT_EQ(ledger(holder).calls[0].state, job::CallState::reserved);
    EXPECT_EQ(ok(store().stats()).stale_writes, 2);
}

TEST_P(StoreLedger, ACallEndsUnderAnyLeaseAndChangesNothingElseOfItsJob) {
    const auto job = start(owner_);
    const Uuid call = reserve(job);
    const auto cancelled = ok(store().cancel(owner_, job.id));
    const auto events = event_kinds(job);
    EXPECT_EQ(error(store().reserve_call(intent(job))), StoreErrc::stale);
    ok(store().settle_call(end_of(job, call, job::CallState::estimated)));
    EXPECT_EQ(only_call(job).state, job::CallState::estimated);
    EXPECT_EQ(only_call(job).cost_from, job::CostFrom::estimate);
    EXPECT_EQ(read(job), cancelled);
    EXPECT_EQ(event_kinds(job), events);
    expect_balanced(job);
}

TEST_P(StoreLedger, ACancelMarksTheCallsThatItFoundInFlight) {
    const auto job = start(owner_);
    const Uuid before = reserve(job), reserved = reserve(job), open = reserve(job);
    ok(store().settle_call(end_of(job, before)));
    ok(store().open_call(opening_of(job, open)));
    ok(store().cancel(owner_, job.id));
    for (const Uuid& call : {reserved, open}) {
        ok(store().settle_call(end_of(job, call, job::CallState::estimated)));
    }
    for (const Call& call : ledger(job).calls) {
        EXPECT_EQ(call.cancelled_run, call.id == before ? std::nullopt : std::optional(job.run));
    }
}

TEST_P(StoreLedger, TheFirstEndingStandsButForAnEstimate) {
    const auto job = start_with_cost(1'000'000);
    const Uuid call = reserve(job);
    ok(store().settle_call(end_of(job, call, job::CallState::estimated)));
    ok(store().settle_call(end_of(job, call, job::CallState::released)));
    EXPECT_EQ(only_call(job).state, job::CallState::estimated);
    auto better = end_of(job, call);
    better.tokens = {.prompt = 80, .completion = 30};
    ok(store().settle_call(better));
    better.tokens = {.prompt = 1, .completion = 1};
    ok(store().settle_call(better));
    EXPECT_EQ(only_call(job).state, job::CallState::settled);
    EXPECT_EQ(only_call(job).cost, UsdMicros{380});
    EXPECT_EQ(spending(job), (job::Spending{.spent_cost = {380}, .spent_tokens = 110}));
    expect_balanced(job);
    EXPECT_EQ(totals().cost, UsdMicros{380});
    EXPECT_EQ(totals().calls, 1);
}

TEST_P(StoreLedger, AReleasedCallCostsNothing) {
    const auto job = start_with_cost(1'000'000);
    ok(store().settle_call(end_of(job, reserve(job), job::CallState::released)));
    EXPECT_EQ(only_call(job).cost, UsdMicros{0});
    EXPECT_EQ(spending(job), job::Spending{});
}

TEST_P(StoreLedger, AnEndOfACallThatNobodyMadeIsNotFound) {
    const auto job = start(owner_);
    EXPECT_EQ(error(store().settle_call(end_of(job, new_id()))), StoreErrc::not_found);
    EXPECT_EQ(spending(job), job::Spending{});
}

TEST_P(StoreLedger, AStepSettlesItsCallInTheSameTransaction) {
    const auto job = start(owner_);
    auto record = step(job, "plan", "the plan");
    record.call = end_of(job, reserve(job));
    ok(store().record_step(record));
    EXPECT_EQ(only_call(job).state, job::CallState::settled);
    EXPECT_EQ(ok(store().journal(job.id)).size(), 1U);
    expect_balanced(job);
}

TEST_P(StoreLedger, AStepThatWasThereSettlesItsCallAllTheSame) {
    const auto job = start(owner_);
    ok(store().record_step(step(job, "plan", "the plan")));
    auto again = step(job, "plan", "another");
    again.call = end_of(job, reserve(job));
    EXPECT_TRUE(ok(store().record_step(again)).existed);
    EXPECT_EQ(only_call(job).state, job::CallState::settled);
}

TEST_P(StoreLedger, AStaleStepLeavesItsCallAsItWas) {
    const auto job = start(owner_);
    auto record = step(job, "plan", "late");
    record.call = end_of(job, reserve(job));
    ok(store().cancel(owner_, job.id));
    EXPECT_EQ(error(store().record_step(record)), StoreErrc::stale);
    EXPECT_EQ(only_call(job).state, job::CallState::reserved);
    ok(store().settle_call(*record.call));
    EXPECT_EQ(only_call(job).state, job::CallState::settled);
}

TEST_P(StoreLedger, CallsThatACrashLeftAreEstimatedFromWhatWasStored) {
    const auto job = start_with_cost(1'000'000);
    const auto cancelled = start(owner_);
    const Uuid unheard = reserve(job), streaming = reserve(job), cut = reserve(cancelled);
    ok(store().open_call(opening_of(job, streaming)));
    PartialText text;
    text.job = job.id;
    text.lease = job.lease;
    text.key = "section/1/draft";
    text.text = "Bees fly.";
    text.call = streaming;
    text.tokens = 3;
    ok(store().append_text({text}));
    ok(store().cancel(owner_, cancelled.id));
    ok(store().rescue_all("the process ended"));

    for (const Call& call : ledger(job).calls) {
        EXPECT_EQ(call.state, job::CallState::estimated);
        EXPECT_EQ(call.tokens, (job::CallTokens{.prompt = 100, .completion = call.id == unheard ? 0 : 3}));
        EXPECT_EQ(call.cost, UsdMicros{call.id == unheard ? 100 : 130});
        EXPECT_EQ(call.cost_from, job::CostFrom::estimate);
        EXPECT_EQ(call.ending, "lost");
    }
    EXPECT_EQ(spending(job), (job::Spending{.spent_cost = {230}, .spent_tokens = 203}));
    expect_balanced(job);
    EXPECT_EQ(only_call(cancelled).id, cut);
    EXPECT_EQ(only_call(cancelled).state, job::CallState::estimated);
    EXPECT_EQ(only_call(cancelled).cancelled_run, cancelled.run);
    EXPECT_EQ(totals().unfinished_calls, 0);
}

TEST_P(StoreLedger, APausedJobGoesOnUnderAHigherCapAlone) {
    const auto job = start_with_cost(600);
    ok(store().settle_call(end_of(job, reserve(job))));
    const Uuid in_flight = ok(store().reserve_call([&] {
        auto small = intent(job);
        small.prompt_tokens = 10;
        small.most_completion_tokens = 10;
        return small;
    }()));
    ok(store().pause(job.id, job.lease, "{}"));
    const auto resume = [&](std::optional<std::int64_t> micros) {
        job::Budget raised;
        if (micros) raised.max_cost = UsdMicros{*micros};
        return store().resume(owner_, job.id, raised);
    };
    EXPECT_EQ(error(resume(std::nullopt)), StoreErrc::budget);
    EXPECT_EQ(error(resume(600)), StoreErrc::budget);
    EXPECT_EQ(message(resume(400)),
              "That budget is reached already: of $0.000400, $0.000290 is spent and $0.000110 reserved. Give a higher "
              "one.");
    EXPECT_EQ(error(store().resume(owner_, job.id, {.max_cost = {}, .max_tokens = 100'000})), StoreErrc::budget);
    EXPECT_EQ(read(job).state, job::State::draft);
    EXPECT_EQ(ledger(job).budget.max_cost, UsdMicros{600});
    EXPECT_EQ(ok(resume(2'000)).state, job::State::queued);
    EXPECT_EQ(ledger(job).budget, (job::Budget{UsdMicros{2'000}, std::nullopt}));
    ok(store().settle_call(end_of(job, in_flight)));
    EXPECT_EQ(ok(store().reserve_call(intent(claim_one()))).is_nil(), false);
    expect_balanced(job);
}

TEST_P(StoreLedger, ARetriedJobKeepsItsSpendingAndItsCap) {
    const auto job = start_with_cost(700);
    ok(store().settle_call(end_of(job, reserve(job))));
    ok(store().cancel(owner_, job.id));
    ok(store().retry(owner_, job.id));
    const auto again = claim_one();
    EXPECT_EQ(error(store().reserve_call(intent(again))), StoreErrc::budget);
    EXPECT_EQ(spending(job).spent_cost, UsdMicros{290});
}

TEST_P(StoreLedger, TotalsAreOfAllJobsAndOutliveThem) {
    const auto kept = start_with_cost(1'000'000), deleted = start(owner_);
    ok(store().settle_call(end_of(kept, reserve(kept))));
    reserve(kept);
    ok(store().settle_call(end_of(deleted, reserve(deleted))));
    reserve(deleted);
    EXPECT_EQ(totals().unfinished_calls, 2);
    EXPECT_EQ(totals().reserved_cost, UsdMicros{1'000});
    ok(store().delete_project(owner_, deleted.project));
    EXPECT_EQ(totals().calls, 3);
    EXPECT_EQ(totals().cost, UsdMicros{290 + 290 + 100});
    EXPECT_EQ(totals().prompt_tokens, 90 + 90 + 100);
    EXPECT_EQ(totals().completion_tokens, 40);
    EXPECT_EQ(totals().unfinished_calls, 1);
    EXPECT_EQ(error(store().ledger_for_owner(owner_, deleted.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().settle_call(end_of(deleted, new_id()))), StoreErrc::not_found);
}

TEST_P(StoreLedger, AnotherOwnersLedgerIsNotThere) {
    const auto job = start(owner_);
    EXPECT_EQ(error(store().ledger_for_owner(new_id(), job.id)), StoreErrc::not_found);
    EXPECT_EQ(error(store().budget_for_owner(new_id(), job.id)), StoreErrc::not_found);
}

TEST_P(StoreLedger, ACallOutsideAnyJobIsItsOwnersAndCountsAmongTheSums) {
    PromptCallIntent intent;
    intent.owner = owner_;
    intent.project = new_project(owner_);
    intent.purpose = "format_prompt";
    intent.provider = "https://models.example/v1";
    intent.model = "writer";
    intent.is_byok = true;
    intent.prompt_tokens = 100;
    intent.most_completion_tokens = 50;
    intent.price = kPrice;
    const Uuid call = ok(store().reserve_prompt_call(intent));
    const auto reserved = ok(store().prompt_calls_of_owner(owner_, 10));
    ASSERT_EQ(reserved.size(), 1U);
    EXPECT_EQ(reserved[0].id, call);
    EXPECT_EQ(reserved[0].project, intent.project);
    EXPECT_EQ(reserved[0].purpose, "format_prompt");
    EXPECT_EQ(reserved[0].model, "writer");
    EXPECT_TRUE(reserved[0].is_byok);
    EXPECT_EQ(reserved[0].state, job::CallState::reserved);
    EXPECT_EQ(reserved[0].price, kPrice);
    EXPECT_EQ(reserved[0].reserved_at, runtime_.wall_now());
    EXPECT_EQ(reserved[0].ended_at, std::nullopt);
    EXPECT_TRUE(ok(store().prompt_calls_of_owner(new_id(), 10)).empty());

    const auto before = ok(store().stats()).ledger;
    PromptCallEnd end;
    end.owner = owner_;
    end.call = call;
    end.tokens = {.prompt = 90, .completion = 20};
    end.cost = UsdMicros{321};
    end.generation_id = "gen-7";
    end.ending = "stop";
    ok(store().end_prompt_call(end));
    end.cost = UsdMicros{999'999};
    ok(store().end_prompt_call(end));  // the first ending stands
    const auto ended = ok(store().prompt_calls_of_owner(owner_, 10)).at(0);
    EXPECT_EQ(ended.state, job::CallState::settled);
    EXPECT_EQ(ended.cost, UsdMicros{321});
    EXPECT_EQ(ended.cost_from, job::CostFrom::provider);
    EXPECT_EQ(ended.tokens, end.tokens);
    EXPECT_EQ(ended.generation_id, "gen-7");
    EXPECT_EQ(ended.ended_at, runtime_.wall_now());
    const auto after = ok(store().stats()).ledger;
    EXPECT_EQ(after.calls - before.calls, 1);
    EXPECT_EQ((after.cost - before.cost).value, 321);
    EXPECT_EQ(after.prompt_tokens - before.prompt_tokens, 90);
    EXPECT_EQ(after.completion_tokens - before.completion_tokens, 20);
    end.owner = new_id();
    EXPECT_EQ(error(store().end_prompt_call(end)), StoreErrc::not_found);
}

TEST_P(StoreLedger, ACallOutsideAnyJobThatADeadProcessLeftIsEstimated) {
    const auto user = ok(store().add_user("a@x.org"));
    PromptCallIntent intent;
    intent.owner = user.id;
    intent.purpose = "format_prompt";
    intent.prompt_tokens = 100;
    ok(store().reserve_prompt_call(intent));
    ok(store().rescue_all("process_died"));
    const auto call = ok(store().prompt_calls_of_owner(user.id, 10)).at(0);
    EXPECT_EQ(call.state, job::CallState::estimated);
    EXPECT_EQ(call.tokens.prompt, 100);
    EXPECT_EQ(call.project, std::nullopt);
    EXPECT_EQ(call.cost, std::nullopt);
    EXPECT_EQ(call.ending, "lost");
    ok(store().remove_user(user.id));
    EXPECT_EQ(error(store().reserve_prompt_call(intent)), StoreErrc::not_found);
    EXPECT_EQ(ok(store().prompt_calls_of_owner(user.id, 10)).size(), 1U) << "what was spent stays";
}

TEST_P(StoreLedger, IsThereAfterARestart) {
    const auto job = start_with_cost(1'000);
    const Uuid call = reserve(job);
    ok(store().open_call(opening_of(job, call)));
    reopen();
    EXPECT_EQ(only_call(job).state, job::CallState::open);
    EXPECT_EQ(only_call(job).price, kPrice);
    EXPECT_EQ(ledger(job).budget.max_cost, UsdMicros{1'000});
    EXPECT_EQ(spending(job).reserved_cost, kMostOfACall);
}

}  // namespace longhand::store::conformance

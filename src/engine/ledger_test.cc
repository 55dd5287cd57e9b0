// The engine's books: what it enters in the ledger, and how a job stays within its budget.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::CallState;
using job::State;
using llm::LlmErrc;

class LedgerTest : public testing::Test {
protected:
    LedgerTest() {
        world.options.prices = llm::PriceTable::parse("[writer]\nprompt = 1\ncompletion = 10\n", "prices.toml").value();
    }
    std::vector<store::Call> calls_for(Uuid job, const std::string& key) {
        std::vector<store::Call> found;
        for (auto& call : world.ledger(job).calls) {
            if (call.key == key) found.push_back(std::move(call));
        }
        return found;
    }
    std::size_t count(Uuid job, CallState state) {
        const auto calls = world.ledger(job).calls;
        return static_cast<std::size_t>(
            std::ranges::count_if(calls, [&](const store::Call& call) { return call.state == state; }));
    }

    /// Looks every now and then, for what has to be read from the store.
    bool run_until_seen(const std::function<bool()>& seen) {
        for (int looks = 0; looks < 10'000; ++looks) {
            if (seen()) return true;
            world.runtime.run_for(50ms);
        }
        return false;
    }

    World world{1};
    static constexpr std::size_t kCalls = SmallWork::kSections + 1;
    /// An answer of the fake model: 10 tokens of prompt, 4 pieces of 5.
    static constexpr std::int64_t kTokens = 30;
};

TEST_F(LedgerTest, EachCallIsARowThatIsSettledWithItsStep) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const auto books = world.ledger(job);
    ASSERT_EQ(books.calls.size(), kCalls);
    for (const store::Call& call : books.calls) {
        EXPECT_EQ(call.state, CallState::settled);
        EXPECT_EQ(call.tokens, (job::CallTokens{.prompt = 10, .completion = 20}));
        EXPECT_EQ(call.ending, "stop");
        EXPECT_EQ(call.provider, "fake");
        EXPECT_TRUE(call.opened_at);
        EXPECT_NE(call.generation_id.find(call.key), std::string::npos);
    }
    EXPECT_EQ(books.spending.spent_tokens, static_cast<std::int64_t>(kCalls) * kTokens);
    EXPECT_EQ(books.spending.unknown_costs, static_cast<std::int64_t>(kCalls)) << "nobody named a price";
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, AnAttemptThatFailsIsARowOfItsOwn) {
    int failures = 2;
    world.model.fault = [&](const llm::ChatRequest&) -> FakeModel::Fault {
        if (failures-- <= 0) return std::nullopt;
        return Failure<LlmErrc>{LlmErrc::unavailable, "The stream was cut."};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    const auto attempts = calls_for(job, "plan");
    ASSERT_EQ(attempts.size(), 3U);
    EXPECT_EQ(attempts[0].state, CallState::estimated);
    EXPECT_EQ(attempts[0].ending, "unavailable");
    EXPECT_EQ(attempts[2].state, CallState::settled);
    EXPECT_EQ(attempts[2].attempt, 3U);
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, ACancelSettlesWhatWasInFlightAndWritesNothingElse) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    const auto row = world.job(job);
    world.runtime.run_for(1min);
    EXPECT_EQ(world.job(job), row);
    EXPECT_EQ(count(job, CallState::settled), 1U) << "the plan";
    for (const store::Call& call : world.ledger(job).calls) {
        EXPECT_EQ(call.cancelled_run.has_value(), call.key != "plan");
        EXPECT_FALSE(job::is_unfinished(call.state));
        EXPECT_EQ(call.ending, call.key == "plan" ? "stop" : "cancelled");
    }
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, AJobThatIsCancelledWhileItWaitsForItsProviderAsksNoMore) {
    world.model.fault = [](const llm::ChatRequest&) -> FakeModel::Fault {
        return Failure<LlmErrc>{LlmErrc::unavailable, "Nobody answers."};
    };
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until(
        [&] { return world.state(job) == State::queued && world.job(job).stage == job::Stage::waiting_for_provider; },
        1h));
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    const auto row = world.job(job);
    const std::size_t asked = world.model.prompts.size();
    world.runtime.run_for(25h);
    EXPECT_EQ(world.job(job), row);
    EXPECT_EQ(world.model.prompts.size(), asked);
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, AnAnswerThatComesWithACancelIsSettledThoughItsTextIsDropped) {
    const Uuid job = world.enqueue_one();
    world.model.longest_pause = Milliseconds{1};
    world.start();
    ASSERT_TRUE(world.run_until_called("plan"));
    // The answer is there before the cancel is committed, and its step comes right behind.
    world.queue->set_faults({.longest_delay = Milliseconds{2'000}});
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    world.runtime.run_for(1min);
    const auto attempts = calls_for(job, "plan");
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].state, CallState::settled);
    EXPECT_EQ(attempts[0].ending, "stop");
    EXPECT_TRUE(attempts[0].cancelled_run);
    EXPECT_TRUE(world.persist([&] { return world.store->journal(job); })->size() < 2) << "no more than the source";
    world.stop();
}

TEST_F(LedgerTest, ACrashLeavesNoCallOpenAndWhatIsInTheJournalIsNotBoughtAgain) {
    const Uuid job = world.enqueue_one();
    world.model.longest_pause = Milliseconds{4'000};
    world.start();
    const auto has_stored_text = [&] {
        const auto attempts = calls_for(job, "section/0/draft");
        return !attempts.empty() && attempts[0].streamed_tokens > 0;
    };
    ASSERT_TRUE(run_until_seen(has_stored_text));
    const job::Lease lease = world.job(job).lease;
    world.restart();
    for (const store::Call& call : world.ledger(job).calls) {
        EXPECT_TRUE(call.lease != lease || !job::is_unfinished(call.state)) << call.key;
    }
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(count(job, CallState::settled), kCalls);
    const auto attempts = calls_for(job, "section/0/draft");
    ASSERT_EQ(attempts.size(), 2U);
    EXPECT_EQ(attempts[0].state, CallState::estimated);
    EXPECT_EQ(attempts[0].ending, "lost");
    EXPECT_GT(attempts[0].tokens.completion, 0) << "what was streamed and stored is paid for";
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, WhatADeadProcessLeftOpenIsSettledByWhatTheProviderTellsOfIt) {
    world.model.tells_charges = true;
    const Uuid job = world.enqueue_one();
    world.model.longest_pause = Milliseconds{4'000};
    world.start();
    const auto is_open = [&] {
        const auto attempts = calls_for(job, "section/0/draft");
        return !attempts.empty() && attempts[0].state == CallState::open;
    };
    ASSERT_TRUE(run_until_seen(is_open));
    world.restart();
    EXPECT_EQ(calls_for(job, "section/0/draft")[0].state, CallState::estimated);
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    world.runtime.run_for(1min);
    std::int64_t settled = 0, charged = 0;
    for (const store::Call& call : world.ledger(job).calls) {
        if (call.generation_id.empty()) continue;
        EXPECT_EQ(call.state, CallState::settled) << call.key;
        settled += call.tokens.billed();
        const llm::Usage& charge = world.model.charges.at(call.generation_id);
        charged += static_cast<std::int64_t>(charge.prompt_tokens + charge.completion_tokens);
    }
    EXPECT_EQ(settled, charged);
    EXPECT_EQ(calls_for(job, "section/0/draft")[0].ending, "lost");
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, AProviderThatKnowsOfNoChargeIsLeftInPeace) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_called("section/0/draft"));
    ASSERT_TRUE(run_until_seen([&] { return count(job, CallState::open) > 0; }));
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    world.runtime.run_for(2h);
    const int asked = world.model.asked_for_charges;
    EXPECT_GT(asked, 0);
    EXPECT_LE(asked, 6 * 2) << "six times for each of the two that were open";
    world.runtime.run_for(22h);
    EXPECT_EQ(world.model.asked_for_charges, asked);
    EXPECT_GT(count(job, CallState::estimated), 0U);
    world.stop();
}

TEST_F(LedgerTest, AReachedBudgetPausesTheJobOnceItsCallsInFlightHaveEnded) {
    // The plan fits, and one section behind it: 1024 tokens are held for each answer.
    const Uuid job = world.enqueue_one({.max_cost = {}, .max_tokens = 1'100});
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::draft));
    EXPECT_EQ(world.job(job).stage, job::Stage::waiting_for_budget);
    EXPECT_EQ(world.model.prompts.size(), 2U);
    EXPECT_EQ(world.model.streams, 0);
    EXPECT_EQ(count(job, CallState::settled), 2U) << "the section in flight was finished and kept";
    EXPECT_EQ(world.ledger(job).spending, (job::Spending{.spent_tokens = 2 * kTokens, .unknown_costs = 2}));
    world.runtime.run_for(10min);
    EXPECT_EQ(world.state(job), State::draft);
    EXPECT_EQ(world.engine->stats().running, 0U);

    const auto same = world.persist([&] { return world.store->resume(world.owner, job, {{}, 1'100}); });
    ASSERT_FALSE(same.has_value());
    EXPECT_EQ(same.error().code, store::StoreErrc::budget);
    ASSERT_TRUE(world.persist([&] { return world.store->resume(world.owner, job, {{}, 1'000'000}); }).has_value());
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(world.model.prompts.size(), kCalls) << "nothing is bought twice";
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, SectionsThatHaveNoRoomSideBySideAreWrittenOneAfterTheOther) {
    const Uuid job =
        world.enqueue_one({.max_cost = {}, .max_tokens = static_cast<std::int64_t>(kCalls) * kTokens + 1'100});
    int most = 0;
    world.start();
    ASSERT_TRUE(world.runtime.run_until(
        [&] {
            most = std::max(most, static_cast<int>(world.model.streams));
            EXPECT_TRUE(world.cap_holds(job));
            return world.state(job) != State::queued && world.state(job) != State::in_progress;
        },
        1h));
    EXPECT_EQ(world.state(job), State::completed) << "what its calls cost is within the cap";
    EXPECT_EQ(most, 1);
    const auto books = world.ledger(job);
    EXPECT_EQ(books.calls.size(), kCalls);
    for (const auto& call : books.calls) EXPECT_EQ(call.attempt, 1U) << call.key;
    world.expect_balanced(job);
    world.stop();
}

TEST_F(LedgerTest, ABudgetOfMoneyIsNotCrossedBySectionsSideBySide) {
    // A prompt of some 20 tokens and 1024 of answer at most: a call reserves 10.26 thousandths of a dollar, and costs
    // 0.21.
    world.models = "writer";
    const Uuid job = world.enqueue_one({.max_cost = UsdMicros{10'700}, .max_tokens = {}});
    const auto is_paused = [&] {
        const auto spending = world.ledger(job).spending;
        EXPECT_LE((spending.spent_cost + spending.reserved_cost).value, 10'700);
        return world.state(job) == State::draft;
    };
    world.start();
    ASSERT_TRUE(run_until_seen(is_paused));
    const auto books = world.ledger(job);
    EXPECT_EQ(books.spending.unknown_costs, 0);
    EXPECT_EQ(books.spending.spent_cost, UsdMicros{static_cast<std::int64_t>(books.calls.size()) * 210});
    for (const auto& call : books.calls) EXPECT_EQ(call.cost_from, job::CostFrom::prices);
    EXPECT_EQ(world.model.prompts.size(), books.calls.size());
    world.stop();
}

}  // namespace
}  // namespace longhand::engine

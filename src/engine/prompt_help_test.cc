// Better prompts: from the model where it answers in time, without it otherwise, and paid for in either case.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::CallState;
using llm::LlmErrc;
using writing::BetterPrompt;

/// Answers with a text that it is given, after a while.
class PromptModel final : public llm::ChatModel {
public:
    explicit PromptModel(SimRuntime& runtime) : runtime_(runtime) {}
    std::string text =
        boost::json::serialize(boost::json::value{{"prompt", "Write a handbook of rivers for readers of twelve."},
                                                  {"questions", boost::json::array{"Which river is meant?"}}});
    Milliseconds pause{500};
    std::vector<std::string> asked;
    int under_way = 0, most_under_way = 0;

    awaitable<llm::LlmResult<llm::ChatReply>> chat(llm::ChatRequest request, llm::ChatWatcher watcher,
                                                   StopToken stop) override {
        auto asking = watcher.before_attempt();
        llm::LlmResult<void> allowed = co_await std::move(asking);
        if (!allowed.has_value()) co_return allowed.error();
        asked.push_back(request.messages.back().content);
        most_under_way = std::max(most_under_way, ++under_way);
        const WaitResult waited = co_await runtime_.sleep_for(pause, stop);
        --under_way;
        llm::AttemptEnd end;
        end.usage.prompt_tokens = 100;
        end.usage.completion_tokens = waited == WaitResult::stopped ? 0 : 40;
        end.usage.estimated = waited == WaitResult::stopped;
        if (waited == WaitResult::stopped) end.failure = LlmErrc::stopped;
        auto telling = watcher.after_attempt(std::move(end));
        co_await std::move(telling);
        if (waited == WaitResult::stopped) co_return Failure<LlmErrc>{LlmErrc::stopped, ""};
        llm::ChatReply reply;
        reply.text = text;
        co_return reply;
    }
    awaitable<llm::LlmResult<std::vector<llm::ModelInfo>>> models(StopToken) override {
        co_return std::vector<llm::ModelInfo>{};
    }
    awaitable<llm::LlmResult<std::optional<llm::Usage>>> charged(std::string, StopToken) override {
        co_return std::optional<llm::Usage>();
    }
    std::string provider() const override { return "fake"; }

private:
    SimRuntime& runtime_;
};

class PromptHelpTest : public testing::Test {
protected:
    PromptHelpTest() {
        world.owner = world.add_user("a@example.org");
        world.options.prices = llm::PriceTable::parse("[writer]\nprompt = 1\ncompletion = 10\n", "prices.toml").value();
        engine =
            std::make_unique<Engine>(world.runtime, *world.store, world.files, model, world.typesetter, world.options);
    }
    ~PromptHelpTest() override { world.runtime.block_on(engine->stop()); }

    PromptQuestion question() {
        PromptQuestion question;
        question.owner = world.owner;
        question.wish.prompt = "Write a handbook of rivers.";
        question.model = "writer";
        return question;
    }
    BetterPrompt improved(PromptQuestion question, StopToken stop = {}) {
        return world.runtime.block_on(engine->better_prompt(std::move(question), std::move(stop)));
    }
    std::vector<store::PromptCall> calls() {
        return *world.persist([&] { return world.store->prompt_calls_of_owner(world.owner, 100); });
    }
    static bool is_without_model(const BetterPrompt& better) {
        return better.prompt.starts_with("Write a handbook of rivers.");
    }

    World world{1};
    PromptModel model{world.runtime};
    std::unique_ptr<Engine> engine;
};

TEST_F(PromptHelpTest, TheModelsAnswerIsGivenAndItsCallIsInTheLedger) {
    const BetterPrompt better = improved(question());
    EXPECT_EQ(better.prompt, "Write a handbook of rivers for readers of twelve.");
    EXPECT_EQ(better.questions.front(), "Which river is meant?");
    const auto books = calls();
    ASSERT_EQ(books.size(), 1U);
    EXPECT_EQ(books[0].purpose, "format_prompt");
    EXPECT_EQ(books[0].state, CallState::settled);
    EXPECT_EQ(books[0].tokens.completion, 40);
    EXPECT_EQ(books[0].cost, UsdMicros{500});
    EXPECT_EQ(books[0].model, "writer");
    EXPECT_FALSE(books[0].is_byok);
}

TEST_F(PromptHelpTest, ASlowModelIsCutOffAndTheAnswerIsThereInTime) {
    model.pause = std::chrono::hours(1);
    const SteadyTime began = world.runtime.steady_now();
    EXPECT_TRUE(is_without_model(improved(question())));
    EXPECT_LT(world.runtime.steady_now() - began, 18s);
    EXPECT_EQ(model.under_way, 0);
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_EQ(calls()[0].state, CallState::estimated);
    EXPECT_EQ(calls()[0].tokens.prompt, 100);
}

TEST_F(PromptHelpTest, AnAnswerThatCanNotBeReadIsReplaced) {
    model.text = "Certainly.";
    EXPECT_TRUE(is_without_model(improved(question())));
    EXPECT_EQ(calls().size(), 1U);
}

TEST_F(PromptHelpTest, WithoutAModelNothingIsAsked) {
    PromptQuestion asked = question();
    asked.model = "";
    EXPECT_TRUE(is_without_model(improved(std::move(asked))));
    EXPECT_TRUE(model.asked.empty());
    EXPECT_TRUE(calls().empty());
}

TEST_F(PromptHelpTest, AnOwnKeyThatIsGoneIsNotReplacedByTheServers) {
    PromptQuestion asked = question();
    asked.is_byok = true;
    EXPECT_TRUE(is_without_model(improved(std::move(asked))));
    EXPECT_TRUE(model.asked.empty());
}

TEST_F(PromptHelpTest, TheProjectsFilesAreReadOnceAndShown) {
    const Uuid project = world.add_project(world.owner);
    world.add_source(world.owner, project, "river.txt", World::river());
    PromptQuestion asked = question();
    asked.project = project;
    asked.files = *world.persist([&] { return world.store->files_of_project(world.owner, project); });
    improved(asked);
    ASSERT_EQ(model.asked.size(), 1U);
    EXPECT_NE(model.asked[0].find("source=\"river.txt\""), std::string::npos) << model.asked[0];
    EXPECT_NE(model.asked[0].find("The river rises in the hills."), std::string::npos);
    EXPECT_EQ(calls()[0].project, project);
    const auto kept = world.persist([&] { return world.store->source(world.owner, asked.files[0].sha256, "text"); });
    EXPECT_TRUE(kept.has_value()) << "it would be read again";
    // A file that can't be read takes nothing away.
    std::filesystem::remove_all(world.files.absolute(asked.files[0].path));
    asked.files[0].sha256 = std::string(64, 'a');
    EXPECT_FALSE(is_without_model(improved(asked)));
}

TEST_F(PromptHelpTest, AClientThatGoesAwayClosesTheStream) {
    model.pause = std::chrono::hours(1);
    StopSource gone;
    bool ended = false;
    asio::co_spawn(world.runtime.executor(), engine->better_prompt(question(), gone.token()),
                   [&](std::exception_ptr, BetterPrompt) { ended = true; });
    ASSERT_TRUE(world.runtime.run_until([&] { return model.under_way == 1; }, 10s));
    gone.stop(StopReason::cancelled);
    ASSERT_TRUE(world.runtime.run_until([&] { return ended; }, 1s));
    EXPECT_EQ(model.under_way, 0);
    EXPECT_EQ(calls()[0].state, CallState::estimated);
}

TEST_F(PromptHelpTest, AnOwnersCallsAreTwoAtATimeAndAllAreAnswered) {
    model.pause = Milliseconds{1'500};
    int ended = 0;
    for (int i = 0; i < 6; ++i) {
        asio::co_spawn(world.runtime.executor(), engine->better_prompt(question(), StopToken{}),
                       [&](std::exception_ptr, BetterPrompt) { ++ended; });
    }
    ASSERT_TRUE(world.runtime.run_until([&] { return ended == 6; }, 20s));
    EXPECT_EQ(model.most_under_way, 2);
    EXPECT_EQ(model.asked.size(), 6U);
}

}  // namespace
}  // namespace longhand::engine

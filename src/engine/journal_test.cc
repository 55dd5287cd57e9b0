// What a run asks of its journal more than once.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;
using writing::AskReply;
using writing::StepResult;

/// Asks for each of three texts, and for all of them again.
awaitable<StepResult<writing::Finished>> ask_twice(writing::StepContext& context) {
    std::string first, again;
    for (std::string* round : {&first, &again}) {
        for (const char* name : {"plan", "section/1/draft", "section/2/draft"}) {
            writing::AskRequest request;
            request.user = context.settings().prompt + "|" + name;
            auto asking = context.ask(job::StepKey(name), std::move(request));
            StepResult<AskReply> reply = co_await std::move(asking);
            if (!reply.has_value()) co_return reply.error();
            *round += reply->text + "\n";
        }
    }
    EXPECT_EQ(again, first);
    writing::Finished finished;
    finished.manuscript.title = "Twice";
    finished.manuscript.markdown = again;
    finished.words = 3;
    finished.quality = "{}";
    co_return finished;
}

TEST(Journal, WhatWasAskedForBeforeIsReadAndNotBoughtAgain) {
    World world{1};
    world.options.write = ask_twice;
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(world.model.prompts.size(), 3U);
    world.expect_balanced(job);
    world.stop();
}

TEST(Journal, ARunAfterAnotherAsksForItsTextsAgainToo) {
    World world{1};
    world.options.write = ask_twice;
    const Uuid job = world.enqueue_one();
    world.model.fault = [](const llm::ChatRequest& request) -> FakeModel::Fault {
        if (!request.messages.back().content.ends_with("section/2/draft")) return std::nullopt;
        return Failure<llm::LlmErrc>{llm::LlmErrc::bad_request, "no"};
    };
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    world.model.fault = [](const llm::ChatRequest&) { return std::nullopt; };
    const auto asked_before = world.model.prompts.size();
    ASSERT_TRUE(world.persist([&] { return world.store->retry(world.owner, job); }).has_value());
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(world.model.prompts.size(), asked_before + 1);
    world.stop();
}

}  // namespace
}  // namespace longhand::engine

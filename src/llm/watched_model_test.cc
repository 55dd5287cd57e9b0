#include "llm/watched_model.h"

#include <gtest/gtest.h>

#include "base/sim_runtime.h"

namespace longhand::llm {
namespace {

/// Restarts once with `restart`, where set, then ends with `failure`, or answers.
class FakeModel final : public ChatModel {
public:
    std::string restart;
    std::optional<Failure<LlmErrc>> failure;

    awaitable<LlmResult<ChatReply>> chat(ChatRequest, ChatWatcher watcher, StopToken) override {
        if (!restart.empty()) watcher.on_restart(restart);
        if (failure) co_return *failure;
        co_return ChatReply{};
    }
    awaitable<LlmResult<std::vector<ModelInfo>>> models(StopToken) override { co_return std::vector<ModelInfo>{}; }
    awaitable<LlmResult<std::optional<Usage>>> charged(std::string, StopToken) override {
        co_return std::optional<Usage>();
    }
    std::string provider() const override { return "fake"; }
};

class Watched : public ::testing::Test {
protected:
    std::string after(std::optional<Failure<LlmErrc>> failure) {
        inner_->failure = std::move(failure);
        ignore_result(runtime_.block_on(model_.chat({}, {}, {})), "its report is looked at");
        return health_.report().state;
    }

    SimRuntime runtime_{3};
    ProviderHealth health_;
    FakeModel* inner_ = new FakeModel;
    WatchedModel model_{runtime_, std::unique_ptr<ChatModel>(inner_), health_};
};

TEST_F(Watched, ReportsTheLastOutcome) {
    EXPECT_EQ(health_.report().state, "unknown");
    EXPECT_EQ(after({}), "ok");
    EXPECT_EQ(after(Failure<LlmErrc>{LlmErrc::refused_key, "The key is wrong."}), "refused");
    EXPECT_NE(health_.report().message.find("The key is wrong."), std::string::npos);
    EXPECT_EQ(after(Failure<LlmErrc>{LlmErrc::content_filtered, "It would not write that."}), "ok");
}

TEST_F(Watched, SaysSinceWhenTheProviderIsAway) {
    const std::string begun = format_wall_time(runtime_.wall_now());
    EXPECT_EQ(after(Failure<LlmErrc>{LlmErrc::unavailable, "It is away."}), "waiting");
    runtime_.run_for(std::chrono::minutes(5));
    EXPECT_EQ(after(Failure<LlmErrc>{LlmErrc::unavailable, "It is still away."}), "waiting");
    EXPECT_EQ(health_.report().message, "Since " + begun + ": It is still away.");
}

TEST_F(Watched, KnowsOfACallThatIsTriedAgainBeforeItEnds) {
    std::string told, state;
    ChatWatcher watcher;
    watcher.on_restart = [&](std::string_view reason) {
        told = reason;
        state = health_.report().state;
    };
    inner_->restart = "It is busy.";
    EXPECT_TRUE(runtime_.block_on(model_.chat({}, watcher, {})));
    EXPECT_EQ(told, "It is busy.");
    EXPECT_EQ(state, "waiting");
    EXPECT_EQ(health_.report().state, "ok");
}

TEST_F(Watched, LearnsNothingFromACallThatWasStopped) {
    after(Failure<LlmErrc>{LlmErrc::unavailable, "It is away."});
    EXPECT_EQ(after(Failure<LlmErrc>{LlmErrc::stopped, "stopped"}), "waiting");
}

}  // namespace
}  // namespace longhand::llm

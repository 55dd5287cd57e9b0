// Jobs that are written with their owner's own provider key.
#include <gtest/gtest.h>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;
using FoundModel = store::StoreResult<std::shared_ptr<llm::ChatModel>>;

class OwnKeyTest : public testing::Test {
protected:
    OwnKeyTest() {
        world.is_byok = true;
        world.options.own_model = [this](Uuid owner) { return find(this, owner); };
    }
    static awaitable<FoundModel> find(OwnKeyTest* test, Uuid owner) {
        EXPECT_EQ(owner, test->world.owner);
        if (test->uses_left-- == 0) {
            test->uses_left = 0;
            co_return store::StoreFailure{store::StoreErrc::not_found, "There is no key. Submit one."};
        }
        co_return test->own;
    }
    std::string problem_of(Uuid job) { return world.job(job).problem ? world.job(job).problem->code : ""; }

    World world{1};
    std::shared_ptr<FakeModel> own = std::make_shared<FakeModel>(world.runtime);
    int uses_left = 1'000;
};

TEST_F(OwnKeyTest, AJobWithItsOwnersKeyAsksWithNoOther) {
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_EQ(own->prompts.size(), static_cast<std::size_t>(SmallWork::kSections) + 1);
    EXPECT_TRUE(world.model.prompts.empty());
    world.expect_balanced(job);
    world.stop();
}

TEST_F(OwnKeyTest, OtherJobsOfItsOwnerGoOutWithTheServersKey) {
    world.is_byok = false;
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_TRUE(own->prompts.empty());
    world.stop();
}

TEST_F(OwnKeyTest, AKeyThatIsGoneFailsTheJobAndTheServersIsNotUsed) {
    uses_left = 2;
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(problem_of(job), "provider_key");
    EXPECT_EQ(world.job(job).problem->message, "There is no key. Submit one.");
    EXPECT_TRUE(world.model.prompts.empty());
    world.expect_balanced(job);
    // What was written stands when the key is back.
    const std::size_t bought = own->prompts.size();
    EXPECT_GT(bought, 0U);
    uses_left = 1'000;
    ASSERT_TRUE(world.persist([&] { return world.store->retry(world.owner, job); }).has_value());
    ASSERT_TRUE(world.run_until_state(job, State::completed));
    EXPECT_TRUE(world.model.prompts.empty());
    EXPECT_EQ(std::count(own->prompts.begin(), own->prompts.end(), own->prompts.front()), 1);
    world.stop();
}

TEST_F(OwnKeyTest, AProcessThatTakesNoOwnKeysFailsTheJob) {
    world.options.own_model = {};
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(problem_of(job), "provider_key");
    EXPECT_TRUE(world.model.prompts.empty());
    world.stop();
}

TEST_F(OwnKeyTest, TheProviderIsAskedWithTheSameKeyWhatACallCost) {
    world.model.tells_charges = own->tells_charges = true;
    own->longest_pause = Milliseconds{4'000};
    const Uuid job = world.enqueue_one();
    world.start();
    ASSERT_TRUE(world.runtime.run_until([&] { return own->streams > 0; }, 1h));
    world.runtime.run_for(10s);
    ASSERT_TRUE(world.persist([&] { return world.store->cancel(world.owner, job); }).has_value());
    world.runtime.run_for(1min);
    EXPECT_GT(own->asked_for_charges, 0);
    EXPECT_EQ(world.model.asked_for_charges, 0);
    world.stop();
}

}  // namespace
}  // namespace longhand::engine

// Whole lives of an installation, each from a seed: jobs of several users, with and without a budget, guided ones too,
// cancels, retries, outages of provider and database, hand-overs, and deaths of the process. After each commit the
// invariants of a job's row and of its books are checked, and at each model call that it was not paid for before.
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using job::State;

class Simulation {
public:
    explicit Simulation(std::uint64_t seed, Bug bug = Bug::none)
        : dice_(seed), has_guided_(seed % 3 == 0), transitions_(bug), world_(seed, SimOrder::seeded, bug) {
        world_.model.fault = [this](const llm::ChatRequest&) { return fault(); };
        world_.faults.unavailable = 0.03;
        world_.options.workers = 3;
        world_.options.slot_patience = Milliseconds{3'000};
        world_.model.tells_charges = seed % 2 == 0;
        world_.open();
        world_.on_commit = [this](const store::Committed& committed) {
            world_.runtime.note(static_cast<std::uint64_t>(committed.job.last_event));
            EXPECT_TRUE(world_.sums_are_right(committed.job.id)) << to_string(committed.job.state);
            EXPECT_TRUE(world_.cap_holds(committed.job.id)) << to_string(committed.job.state);
        };
    }

    std::uint64_t run() {
        populate();
        world_.start();
        for (int tick = 0; tick < 25; ++tick) {
            world_.runtime.run_for(Milliseconds(dice_() % 1500));
            act();
        }
        calm_down();
        return world_.runtime.trace();
    }

private:
    void populate() {
        for (int user = 0; user < 2; ++user) {
            const Uuid owner = world_.add_user("user" + std::to_string(user) + "@example.org");
            for (int i = 0; i < 2; ++i) {
                const Uuid project = world_.add_project(owner);
                world_.add_source(owner, project, "river.txt", World::river() + project.to_string());
                job::Budget budget;
                if (i == 1) budget.max_tokens = 1'100 + static_cast<std::int64_t>(dice_() % 2'000);
                world_.guided = has_guided_ && jobs_.size() == 2;
                jobs_.push_back({owner, world_.enqueue(owner, project, budget)});
                if (world_.guided) guided_ = jobs_.back().second;
            }
        }
    }

    FakeModel::Fault fault() {
        const auto roll = dice_() % 100;
        if (down_) return Failure<llm::LlmErrc>{llm::LlmErrc::unavailable, "The provider is down."};
        if (calm_ || roll >= 12) return std::nullopt;
        if (roll < 9) return Failure<llm::LlmErrc>{llm::LlmErrc::unavailable, "The provider does not answer."};
        if (roll < 10) return Failure<llm::LlmErrc>{llm::LlmErrc::loop, "The model repeats itself."};
        if (roll < 11) return Failure<llm::LlmErrc>{llm::LlmErrc::content_filtered, "The provider refuses."};
        return Failure<llm::LlmErrc>{llm::LlmErrc::no_credit, "There is no credit left."};
    }

    void act() {
        const auto& [owner, job] = jobs_[dice_() % jobs_.size()];
        switch (dice_() % 12) {
            case 0:
                cancel(owner, job);
                break;
            case 1:
            case 2:
                retry(owner, job);
                break;
            case 3:
                world_.restart();
                break;
            case 4:
                world_.stop();
                world_.start();
                break;
            case 5:
                raise_cap(owner, job, 1'100 + static_cast<std::int64_t>(dice_() % 5'000));
                break;
            case 6:
                cancel_and_retry_at_once(owner, job);
                break;
            case 7:
                down_ = !down_;
                break;
            case 8:
                world_.take_over();
                had_two_ = true;
                break;
            default:
                if (job == guided_) go_on(owner, job);
                break;
        }
    }

    /// As a user does who reads, and at times edits or has had enough.
    void go_on(Uuid owner, Uuid job) {
        job::UserSaid said;
        const job::Milestone edited = job::kMilestones[dice_() % job::kMilestones.size()];
        if (dice_() % 2 == 0) said.texts[edited] = "Edit " + std::to_string(dice_() % 4);
        said.skips = calm_ || dice_() % 5 == 0;
        ignore_result(world_.persist([&] { return world_.store->go_on(owner, job, {}, said); }), "it may not wait");
    }

    void cancel(Uuid owner, Uuid job) {
        const auto cancelled = world_.persist([&] { return world_.store->cancel(owner, job); });
        if (!cancelled.has_value()) return;
        const auto calls = world_.model.prompts.size();
        EXPECT_EQ(world_.state(job), State::cancelled);
        world_.runtime.run_until_idle();
        expect_only_running_jobs_run();
        for (auto call = calls; call < world_.model.prompts.size(); ++call) {
            EXPECT_EQ(world_.model.prompts[call].find(world_.job(job).project.to_string()), std::string::npos);
        }
    }

    // What the engine holds a slot for is in progress, once what ended has been cleared away.
    void expect_only_running_jobs_run() {
        world_.queue->set_faults({});
        world_.runtime.run_for(Milliseconds{300});
        const auto running = std::ranges::count_if(
            jobs_, [&](const auto& one) { return world_.state(one.second) == State::in_progress; });
        EXPECT_LE(world_.engine->stats().running, static_cast<std::size_t>(running));
        world_.queue->set_faults(world_.faults);
    }

    // The next run begins while the last words of the cancelled one may be on their way.
    void cancel_and_retry_at_once(Uuid owner, Uuid job) {
        const auto cancelled = world_.persist([&] { return world_.store->cancel(owner, job); });
        if (cancelled.has_value()) retry(owner, job);
    }

    void retry(Uuid owner, Uuid job) {
        ignore_result(world_.persist([&] { return world_.store->retry(owner, job); }), "it may not have ended");
    }

    void raise_cap(Uuid owner, Uuid job, std::int64_t tokens) {
        ignore_result(world_.persist([&] {
            return world_.store->resume(owner, job, {{}, tokens});
        }),
                      "it may not be paused, or the cap no higher");
    }

    bool none_moves() {
        return std::ranges::none_of(jobs_, [&](const auto& job) {
            const State now = world_.state(job.second);
            return now == State::queued || now == State::in_progress;
        });
    }

    // The faults end, and everything that may come to its end does.
    void calm_down() {
        calm_ = true;
        down_ = false;
        world_.faults.unavailable = 0;
        world_.queue->set_faults(world_.faults);
        // What was asked before the calm may fail once more.
        for (int round = 0; round < (has_guided_ ? 5 : 3); ++round) {
            for (const auto& [owner, job] : jobs_) {
                retry(owner, job);
                if (job == guided_) go_on(owner, job);
                // One that the provider gave no credit waits for a budget, guided or not.
                raise_cap(owner, job, 1'000'000);
            }
            EXPECT_TRUE(world_.runtime.run_until([&] { return none_moves(); }, 2h));
        }
        for (const auto& [owner, job] : jobs_) EXPECT_EQ(world_.state(job), State::completed);
        world_.runtime.run_for(1min);  // until the provider was asked for what nobody heard the end of
        world_.stop();
        EXPECT_EQ(world_.model.streams, 0);
        EXPECT_EQ(world_.typesetter.children, 0);
        for (const auto& [owner, job] : jobs_) {
            check_history(owner, job);
            check_books(job);
        }
    }

    // The books add up, and what the work was made from was paid for.
    void check_books(Uuid job) {
        world_.expect_balanced(job);
        std::map<std::string, int> bought, answers;
        for (const store::Call& call : world_.ledger(job).calls) {
            bought[call.key] += call.state == job::CallState::settled ? 1 : 0;
            // An answer whose step was not written is one that a cancel dropped, or another holder of the job.
            answers[call.key] += call.ending == "stop" && !call.cancelled_run && !had_two_ ? 1 : 0;
            const bool is_told = world_.model.tells_charges && !call.generation_id.empty();
            EXPECT_TRUE(!is_told || call.state == job::CallState::settled) << call.key << " " << call.ending;
        }
        for (const auto& [key, times] : bought) EXPECT_GE(times, 1) << key;
        const auto milestones =
            std::erase_if(bought, [](const auto& key) { return key.first.starts_with("milestone/"); });
        EXPECT_EQ(milestones > 0, job == guided_);
        for (const auto& [key, times] : answers) EXPECT_LE(times, 1) << key << " was answered and bought again";
        EXPECT_EQ(bought.size(), SmallWork::kSections + 1U);
    }

    void check_history(Uuid owner, Uuid job) {
        const auto events = world_.persist([&] { return world_.store->events_after(owner, job, 0, 1000); });
        ASSERT_TRUE(events.has_value());
        std::int64_t seq = 0;
        int ends = 0;
        for (const auto& event : *events) {
            EXPECT_EQ(event.seq, ++seq);
            const bool is_end = event.kind == "completed" || event.kind == "failed" || event.kind == "cancelled" ||
                                event.kind == "moderated" || event.kind == "given_up";
            ends += is_end ? 1 : 0;
        }
        EXPECT_EQ(ends, world_.job(job).run);
    }

    std::mt19937_64 dice_;
    const bool has_guided_;
    Uuid guided_;  ///< nil: there is none
    PlantedTransitions transitions_;
    World world_;
    std::vector<std::pair<Uuid, Uuid>> jobs_;
    bool calm_ = false, down_ = false, had_two_ = false;
};

/// How many seeds it takes to find a bug: 0 when none of them does.
std::uint64_t seeds_to_find(Bug bug) {
    for (std::uint64_t seed = 1; seed <= 1'000; ++seed) {
        testing::TestPartResultArray problems;
        {
            const testing::ScopedFakeTestPartResultReporter reporter(
                testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &problems);
            Simulation(seed, bug).run();
        }
        if (problems.size() > 0) return seed;
    }
    return 0;
}

// A thousand seeds in ten parts, which may run side by side. SIMULATION_SEEDS says how many in all; `./dev test
// --chaos` has 100,000.
class SimulationSeeds : public testing::TestWithParam<std::uint64_t> {
protected:
    static constexpr std::uint64_t kParts = 10;
};

TEST_P(SimulationSeeds, KeepTheInvariants) {
    const char* asked = std::getenv("SIMULATION_SEEDS");
    const std::uint64_t seeds = asked == nullptr ? 1'000 : std::strtoull(asked, nullptr, 10);
    for (std::uint64_t seed = GetParam(); seed <= seeds; seed += kParts) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Simulation(seed).run();
        if (testing::Test::HasFailure()) break;
    }
}
// One alone, to look into: SIMULATION_SEED. Without it one in which a provider's word came late, and was higher than
// what a dead process's call had been estimated at.
TEST(Simulation, ReplaysTheSeedAskedFor) {
    const char* asked = std::getenv("SIMULATION_SEED");
    const std::uint64_t seed = asked == nullptr ? 78'324 : std::strtoull(asked, nullptr, 10);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation(seed).run();
}
INSTANTIATE_TEST_SUITE_P(Part, SimulationSeeds, testing::Range<std::uint64_t>(1, 11));

TEST(Simulation, FindsThePlantedBugs) {
    for (const Bug bug : kBugs) {
        const std::uint64_t seeds = seeds_to_find(bug);
        EXPECT_GT(seeds, 0U) << "bug " << static_cast<int>(bug) << " was not found within 1,000 seeds";
        std::printf("planted bug %d: found by seed %llu\n", static_cast<int>(bug),
                    static_cast<unsigned long long>(seeds));
    }
}

TEST(Simulation, ASeedReplaysExactly) {
    const std::uint64_t first = Simulation(17).run();
    EXPECT_EQ(Simulation(17).run(), first);
    EXPECT_NE(Simulation(18).run(), first);
}

}  // namespace
}  // namespace longhand::engine

namespace longhand::job {

// In the place of `apply` for all of this program: see planted_bugs_testing.h.
Result<Applied, Refusal> real_apply(const Job& job, const Change& change) __asm__(
    "__real__ZN8longhand3job5applyERKNS0_3JobERKNS0_6ChangeE");
Result<Applied, Refusal> planted_apply(const Job& job, const Change& change) __asm__(
    "__wrap__ZN8longhand3job5applyERKNS0_3JobERKNS0_6ChangeE");

Result<Applied, Refusal> planted_apply(const Job& job, const Change& change) {
    using engine::Bug;
    const Bug bug = engine::PlantedTransitions::now();
    if (bug == Bug::missing_guard && change.transition == Transition::cancel && job.state == State::completed) {
        Job other = job;
        other.state = State::queued;
        return real_apply(other, change);
    }
    if (bug == Bug::fence_off && rule_of(change.transition).guard == Guard::lease) {
        Change late = change;
        late.lease = job.lease;
        return real_apply(job, late);
    }
    return real_apply(job, change);
}

}  // namespace longhand::job

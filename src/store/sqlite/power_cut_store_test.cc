// What the store's word is worth when the power goes: the product's own opening, group commit and checkpoints, over a
// machine that loses what was not synced.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <deque>

#include "store/conformance/fixture_testing.h"
#include "store/conformance/sums_testing.h"
#include "store/sqlite/power_cut_testing.h"
#include "store/sqlite/power_cut_work_testing.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::sqlite {
namespace {

using conformance::ManualRuntime;

constexpr int kWorkersOfALife = 4;

/// All that there is of a job.
struct FoundJob {
    job::Job job;
    job::Settings settings;
    std::size_t sources = 0;
    Ledger ledger;
    std::vector<job::Event> events;
    std::map<std::string, std::string> journal;
    std::map<std::string, std::uint64_t> texts;
    std::size_t outputs = 0;
};

/// Looks at what is there after a cut: is each thing whole, and is all there that was promised? Says what is wrong
/// instead of failing the test, for a test may count on that too.
class Inspection {
public:
    Inspection(Store& store, ManualRuntime& runtime, const Promises& promises, Uuid owner)
        : store_(store), runtime_(runtime), promises_(promises), owner_(owner) {}

    std::vector<std::string> complaints() {
        try {
            find_all();
            for (const auto& [id, found] : found_) check_whole(found);
            check_totals();
            for (const auto* rows : {&promises_.told, &promises_.answered}) check_rows(*rows);
            check_events();
            check_steps_and_texts();
            check_calls();
        } catch (const std::exception& error) {
            complaints_.push_back(error.what());
        }
        return std::move(complaints_);
    }

private:
    template <class T>
    T read(awaitable<StoreResult<T>> verb) {
        return runtime_.run(std::move(verb)).value();
    }
    void expect(bool holds, const std::string& complaint) {
        if (!holds) complaints_.push_back(complaint);
    }

    void find_all() {
        JobsQuery query;
        query.owner = owner_;
        query.limit = 1'000;
        for (const job::Job& job : read(store_.jobs_of_owner(query)).jobs) found_[job.id] = find(job);
    }
    FoundJob find(const job::Job& job) {
        FoundJob found;
        found.job = job;
        found.settings = read(store_.settings_for_owner(owner_, job.id));
        found.sources = read(store_.sources_for_owner(owner_, job.id)).size();
        found.ledger = read(store_.ledger_for_owner(owner_, job.id));
        found.events = read(store_.events_after(owner_, job.id, 0, 10'000));
        for (const auto& entry : read(store_.journal(job.id))) found.journal[entry.key] = entry.value;
        for (const auto& text : read(store_.partial_text_for_owner(owner_, job.id))) {
            found.texts[text.key] = text.text.size();
        }
        found.outputs = read(store_.outputs_for_owner(owner_, job.id)).size();
        return found;
    }
    const FoundJob& found(const Uuid& job) {
        static const FoundJob kNone;
        const auto at = found_.find(job);
        return at == found_.end() ? kNone : at->second;
    }

    // A verb that nobody was answered is there with all that it writes, or with nothing: what it writes in one place
    // goes with what it writes in another.
    void check_whole(const FoundJob& found) {
        const job::Job& job = found.job;
        const std::string name = job.title.value_or("a job without a title");
        expect(found.settings.prompt == text_of(name), name + ": its settings");
        expect(found.sources == 1, name + ": its sources");
        check_story(found, name);
        const bool is_complete = job.state == job::State::completed;
        expect(is_complete == (job.progress == 100), name + ": progress");
        expect(found.outputs == (is_complete ? 2U : 0U), name + ": its outputs");
        expect(!is_complete || found.texts.empty(), name + ": a complete work has text under way");
        check_books(found, name);
    }
    void check_story(const FoundJob& found, const std::string& name) {
        std::set<std::string> told, recorded;
        job::State state = job::State::submitted;
        std::int64_t seq = 0;
        for (const job::Event& event : found.events) {
            expect(event.seq == ++seq, name + ": a gap in its events");
            if (event.kind == "step") told.insert(event.data);
            for (const job::Transition transition : job::kTransitions) {
                if (job::to_string(transition) == event.kind) state = job::rule_of(transition).to.value_or(state);
            }
        }
        for (const auto& [key, value] : found.journal) {
            recorded.insert("{\"key\":\"" + key + "\"}");
            expect(value == text_of(key), name + ": the value of " + key);
        }
        expect(seq == found.job.last_event, name + ": its last event");
        expect(state == found.job.state, name + ": its state is not what its events tell");
        expect(told == recorded, name + ": its steps are not what its events tell");
    }
    void check_books(const FoundJob& found, const std::string& name) {
        std::set<std::string> settled;
        for (const Call& call : found.ledger.calls) {
            if (call.state == job::CallState::settled) settled.insert(call.key);
            if (job::is_unfinished(call.state))
                expect(found.job.state != job::State::cancelled || call.cancelled_run, name + ": a call in flight");
        }
        const bool balanced = conformance::sums_of(found.ledger.calls) == found.ledger.spending;
        expect(balanced, name + ": its books do not balance");
        std::set<std::string> recorded;
        for (const auto& [key, value] : found.journal) recorded.insert(key);
        expect(settled == recorded, name + ": a step without the end of its call, or the other way round");
    }
    void check_totals() {
        LedgerTotals sums;
        std::map<job::State, std::int64_t> states;
        for (const auto& [id, found] : found_) {
            ++states[found.job.state];
            sums.cost += found.ledger.spending.spent_cost;
            sums.reserved_cost += found.ledger.spending.reserved_cost;
            for (const Call& call : found.ledger.calls) {
                ++(job::is_unfinished(call.state) ? sums.unfinished_calls : sums.calls);
            }
        }
        const StoreStats stats = read(store_.stats());
        expect(stats.ledger.cost == sums.cost && stats.ledger.reserved_cost == sums.reserved_cost, "total costs");
        expect(stats.ledger.calls == sums.calls && stats.ledger.unfinished_calls == sums.unfinished_calls,
               "total calls");
        for (const auto& [state, count] : stats.jobs) expect(count == states[state], "the number of jobs in a state");
    }

    // As it was promised, or as something later made it that nobody was answered.
    void check_rows(const std::map<Uuid, job::Job>& rows) {
        for (const auto& [id, row] : rows) {
            const job::Job& now = found(id).job;
            expect(now == row || now.updated_at > row.updated_at, *row.title + " is not as it was promised");
        }
    }
    void check_events() {
        for (const auto& [place, event] : promises_.events) {
            const auto& events = found(place.first).events;
            const auto index = static_cast<std::size_t>(place.second) - 1;
            expect(index < events.size() && events[index] == event, "a promised event: " + event.kind);
        }
    }
    void check_steps_and_texts() {
        for (const auto& [job, key] : promises_.steps) {
            expect(found(job).journal.contains(key), "a promised step: " + key);
        }
        for (const auto& [place, size] : promises_.texts) {
            const FoundJob& now = found(place.first);
            const auto text = now.texts.find(place.second);
            const bool is_replaced = now.journal.contains(place.second) || now.job.state == job::State::completed;
            expect(is_replaced || (text != now.texts.end() && text->second >= size), "a promised text");
        }
    }
    void check_calls() {
        for (const auto& [id, promise] : promises_.calls) {
            const auto& calls = found(promise.job).ledger.calls;
            const auto call = std::find_if(calls.begin(), calls.end(), [&](const Call& c) { return c.id == id; });
            // States stand in the order of a call's life; an ending is final.
            const bool is_kept =
                call != calls.end() &&
                (job::is_unfinished(promise.state) ? call->state >= promise.state : call->state == promise.state);
            expect(is_kept, "a promised call");
        }
    }

    Store& store_;
    ManualRuntime& runtime_;
    const Promises& promises_;
    const Uuid owner_;
    std::map<Uuid, FoundJob> found_;
    std::vector<std::string> complaints_;
};

/// A database with an owner and its projects, to begin from: making one takes longer than a life does.
class PreparedDatabase {
public:
    PreparedDatabase() {
        const auto store = open_sqlite_store(path, runtime_).value();
        owner = runtime_.run(store->add_user("a@example.org")).value().id;
        for (int i = 0; i < kWorkersOfALife; ++i) {
            ProjectFile file;
            file.owner = owner;
            file.project = runtime_.run(store->create_project(owner, "Handbook", "")).value().id;
            file.sha256 = "00ff";
            file.path = "uploads/1";
            ignore_result(runtime_.run(store->add_file(file)), "its jobs are looked at for it");
            projects.push_back(file.project);
        }
    }

private:
    TemporaryFolder folder_;
    ManualRuntime runtime_;

public:
    const std::string path = folder_.file("longhand.db");
    Uuid owner;
    std::vector<Uuid> projects;
};

/// A database through one or more lives of its machine. The seed chooses the work, when the power goes and what the
/// disk keeps; how operations share a commit is the threads' own.
class Installation {
public:
    Installation(const PreparedDatabase& prepared, std::uint64_t seed, Syncs syncs)
        : prepared_(prepared), syncs_(syncs), random_(seed) {
        std::filesystem::copy_file(prepared.path, path_);
        runtime_.advance(Milliseconds{1'000});  // its ids are none of the prepared ones
    }

    /// From an opening to a cut.
    void live() {
        ++lives_;
        PowerCutMachine machine(syncs_);
        {
            SqliteOptions options;
            options.vfs = machine.vfs();
            options.checkpoint_pages = random_() % 2 == 0 ? 16 : 1'000;
            auto opened = open_sqlite_store(path_, runtime_, options);
            if (!opened) return complain("it can't be opened: " + opened.error().message);
            if (lives_ > 1) inspect(**opened);
            machine.cut_at(1 + random_() % kMostOperations);
            work(**opened, machine);
            // The store's closing syncs: before it, or in it.
            if (random_() % 4 == 0) {
                machine.cut_at(1 + random_() % 30);
            } else {
                machine.cut();
            }
        }
        machine.settle(random_());
    }
    /// What was ever wrong, by now.
    std::vector<std::string> complaints() {
        check_integrity();
        auto opened = open_sqlite_store(path_, runtime_);
        if (!opened) complain("it can't be opened: " + opened.error().message);
        if (opened) inspect(**opened);
        return complaints_;
    }
    int answers() const { return answers_; }

private:
    // About as many as a life has that nothing cuts.
    static constexpr std::uint64_t kMostOperations = 500;
    static constexpr int kRounds = 5, kVerbsOfARound = 4;

    void complain(std::string complaint) { complaints_.push_back(std::move(complaint)); }

    void work(Store& store, const PowerCutMachine& machine) {
        store.observe([this](const Committed& committed) { promises_.keep(committed); });
        Workplace place{store, promises_, prepared_.owner, runtime_.new_id(), {}};
        const auto rescued = runtime_.run(store.rescue_all("the power went"));
        if (!rescued) place.failure = rescued.error();
        std::deque<PowerCutWorker> workers;
        for (int i = 0; i < kWorkersOfALife; ++i) {
            const Uuid project = prepared_.projects[static_cast<std::size_t>(i)];
            workers.emplace_back(place, project, fmt::format("{}.{}", lives_, i), random_());
        }
        for (int round = 0; round < kRounds; ++round) {
            for (auto& worker : workers) {
                asio::co_spawn(runtime_.executor(), worker.work(kVerbsOfARound), [](std::exception_ptr thrown) {
                    if (thrown) std::rethrow_exception(thrown);
                });
            }
            ignore_result(runtime_.run(store.stats()), "runs the loop until all have ended");
            if (random_() % 3 != 0) work_off_log(machine);
        }
        for (const auto& worker : workers) answers_ += worker.answers();
        if (!place.failure) return;
        if (machine.has_power() || place.failure->code != StoreErrc::unavailable) complain(place.failure->message);
    }
    // What the store's own checkpoints come to in a pause that is long enough: the next write begins the log anew.
    void work_off_log(const PowerCutMachine& machine) {
        try {
            Connection(path_, OpenMode::existing, Milliseconds{0}, machine.vfs()).execute("PRAGMA wal_checkpoint");
        } catch (const DatabaseFailure& failure) {
            if (machine.has_power()) complain(failure.what());
        }
    }
    void inspect(Store& store) {
        for (auto& complaint : Inspection(store, runtime_, promises_, prepared_.owner).complaints()) {
            complain(std::move(complaint));
        }
    }
    void check_integrity() {
        try {
            Connection connection(path_, OpenMode::existing, Milliseconds{0});
            if (connection.number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") != 0 ||
                connection.number("SELECT count(*) FROM pragma_foreign_key_check") != 0) {
                complain("the database is damaged");
            }
        } catch (const DatabaseFailure& failure) {
            complain(failure.what());
        }
    }

    const PreparedDatabase& prepared_;
    const Syncs syncs_;
    std::mt19937_64 random_;
    const TemporaryFolder folder_;
    const std::string path_ = folder_.file("longhand.db");
    ManualRuntime runtime_;
    Promises promises_;
    int lives_ = 0;
    int answers_ = 0;
    std::vector<std::string> complaints_;
};

TEST(PowerCutStore, WhatItAnsweredIsThereAfterwardsAndTheRestIsWholeOrNotThere) {
    const PreparedDatabase prepared;
    int answers = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        Installation installation(prepared, seed, Syncs::kept);
        installation.live();
        if (seed % 8 == 0) installation.live();
        ASSERT_EQ(installation.complaints(), std::vector<std::string>{}) << "seed " << seed;
        answers += installation.answers();
    }
    EXPECT_GT(answers, 200 * 10);
}

TEST(PowerCutStore, ADiskThatLiesAboutItsSyncsIsFoundOut) {
    const PreparedDatabase prepared;
    int found_out = 0;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        Installation installation(prepared, seed, Syncs::ignored);
        installation.live();
        if (!installation.complaints().empty()) ++found_out;
    }
    EXPECT_GE(found_out, 5);
}

}  // namespace
}  // namespace longhand::store::sqlite

// A whole installation on virtual time, for tests: the real engine and the real verbs on SQLite in memory, over a write
// queue, a model and a typesetter that delay, fail and break off as they are told.
#pragma once

#include <gtest/gtest.h>

#include <boost/algorithm/string/erase.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/sim_runtime.h"
#include "engine/engine.h"
#include "engine/fakes_testing.h"
#include "engine/planted_bugs_testing.h"
#include "store/conformance/sums_testing.h"
#include "store/sim/sim_write_queue.h"
#include "store/sqlite/database.h"
#include "store/sqlite/sqlite_store.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::engine {

using namespace std::chrono_literals;

/// A piece of work like a real one: milestones, where it is guided; a plan, sections side by side in waves, a page
/// count. Its prompts begin with the job's prompt, then `|`, then the step's key.
class SmallWork {
public:
    static constexpr int kSections = 4;
    static constexpr int kWave = 2;

    static awaitable<writing::StepResult<writing::Finished>> write(writing::StepContext& context) {
        SmallWork work{context};
        auto walking = work.walk();
        writing::StepResult<writing::Finished> finished = co_await std::move(walking);
        co_return finished;
    }

private:
    using StepFailure = Failure<writing::StepErrc>;
    explicit SmallWork(writing::StepContext& context) : context_(context) {}

    awaitable<writing::StepResult<writing::Finished>> walk() {
        report(job::Stage::planning);
        auto guiding = milestones();
        writing::StepResult<void> guided = co_await std::move(guiding);
        if (!guided.has_value()) co_return guided.error();
        auto planning = ask("plan", 0);
        writing::StepResult<std::string> plan = co_await std::move(planning);
        if (!plan.has_value()) co_return plan.error();
        report(job::Stage::generating_work);
        std::map<int, std::string> sections;
        std::optional<StepFailure> failure;
        for (int first = 0; first < kSections; first += kWave) {
            std::vector<awaitable<void>> wave;
            for (int i = first; i < first + kWave; ++i) wave.push_back(section(i, sections, failure));
            auto together = context_.all(std::move(wave));
            co_await std::move(together);
            if (failure) co_return *failure;
        }
        writing::Finished finished;
        finished.manuscript.title = "Work";
        finished.manuscript.markdown = *plan + "\n";
        for (const auto& [number, text] : sections) finished.manuscript.markdown += text + "\n";
        for (const auto& hit : context_.retrieve("river", 3, 0)) finished.manuscript.markdown += hit.passage.key + "\n";
        report(job::Stage::assembling);
        auto counting = context_.count_pages(job::StepKey("fit/1"), finished.manuscript);
        writing::StepResult<std::uint32_t> pages = co_await std::move(counting);
        if (!pages.has_value()) co_return pages.error();
        finished.pages = *pages;
        finished.words = words_;
        finished.quality = "{}";
        co_return finished;
    }

    awaitable<writing::StepResult<void>> milestones() {
        job::ShownTexts shown;
        std::string before;
        for (const job::Milestone milestone : job::kMilestones) {
            if (!context_.settings().guided) break;
            shown[milestone].text = context_.guidance().of[milestone].text.value_or("");
            if (shown[milestone].text.empty()) {
                std::string key = "milestone/" + std::string(job::to_string(milestone));
                if (!before.empty()) key += "/" + sha256_hex(before).substr(0, 8);
                auto asking = ask(key, 0);
                writing::StepResult<std::string> text = co_await std::move(asking);
                if (!text.has_value()) co_return text.error();
                shown[milestone] = {*text, key};
            }
            before += shown[milestone].text + "|";
            if (!context_.guidance().has_passed(milestone, shown[milestone].key))
                co_return context_.await_user({.milestone = milestone, .shown = shown});
        }
        co_return writing::StepResult<void>();
    }

    awaitable<void> section(int number, std::map<int, std::string>& sections, std::optional<StepFailure>& failure) {
        auto drafting = ask("section/" + std::to_string(number) + "/draft", 12);
        writing::StepResult<std::string> text = co_await std::move(drafting);
        if (!text.has_value()) {
            failure = text.error();
            co_return;
        }
        sections[number] = *text;
        words_ += 12;
        report(job::Stage::generating_work);
    }

    awaitable<writing::StepResult<std::string>> ask(std::string key, std::int64_t words) {
        writing::AskRequest request;
        request.user = context_.settings().prompt + "|" + key;
        request.planned_words = words;
        auto asking = context_.ask(job::StepKey(key), std::move(request));
        writing::StepResult<writing::AskReply> reply = co_await std::move(asking);
        if (!reply.has_value()) co_return reply.error();
        co_return reply->text;
    }

    void report(job::Stage stage) {
        context_.report({.stage = stage, .words_done = words_, .words_planned = 12 * kSections, .title = "Work"});
    }

    writing::StepContext& context_;
    std::int64_t words_ = 0;
};

/// What must hold of a job's row from each commit to the next.
class Invariants {
public:
    void check(const store::Committed& committed) {
        const job::Job& now = committed.job;
        const auto before = rows_.find(now.id);
        EXPECT_EQ(now.state == job::State::completed, now.progress == 100) << now.id.to_string();
        // The row of a job that its owner deletes goes as it is.
        if (before != rows_.end() && committed.mark != "deleted") check_step(before->second, committed);
        if (committed.event && committed.event->kind == "step") recorded_.insert({now.id, committed.event->data});
        rows_[now.id] = now;
    }
    const std::map<Uuid, job::Job>& rows() const { return rows_; }
    bool is_recorded(Uuid job, const std::string& key) const {
        return recorded_.contains({job, "{\"key\":\"" + key + "\"}"});
    }

private:
    void check_step(const job::Job& before, const store::Committed& committed) {
        const job::Job& now = committed.job;
        EXPECT_GE(now.progress, before.progress);
        EXPECT_GE(now.lease, before.lease);
        EXPECT_GT(now.updated_at, before.updated_at);
        EXPECT_EQ(now.last_event, before.last_event + (committed.event ? 1 : 0));
        if (committed.event) {
            EXPECT_EQ(committed.event->seq, now.last_event);
        }
        // A run that has ended is followed by another run or by nothing.
        if (job::is_terminal(before.state)) {
            EXPECT_EQ(now.run, before.run + 1) << to_string(now.state);
            EXPECT_NE(before.state, job::State::completed);
        }
    }

    std::map<Uuid, job::Job> rows_;
    std::set<std::pair<Uuid, std::string>> recorded_;
};

class World {
public:
    explicit World(std::uint64_t seed, SimOrder order = SimOrder::seeded, Bug bug = Bug::none)
        : runtime(seed, order), files(folder.path()), model(runtime), typesetter(runtime), bug_(bug), deaf_(runtime) {
        auto opened = store::sqlite::open_database(":memory:", 1s);
        if (!opened.has_value()) throw std::runtime_error(opened.error().message);
        database_ = std::move(*opened);
        options.write = SmallWork::write;
        options.disk_reserve = 0;
        model.on_call = [this](const llm::ChatRequest& request) { check_call(request.messages.back().content); };
        open();
    }
    ~World() { crash(); }

    /// What a client does: again, while the database is unavailable.
    template <class Verb>
    auto persist(Verb verb) {
        while (true) {
            auto result = runtime.block_on(verb());
            if (result.has_value() || result.error().code != store::StoreErrc::unavailable) return result;
        }
    }

    void open() {
        queue = std::make_shared<store::SimWriteQueue>(runtime, *database_, faults);
        store = std::make_unique<PlantedStore>(bug_, queue,
                                               std::make_unique<store::sqlite::SharedConnection>(*database_), runtime);
        store->keep_caps_in(caps_);
        store->observe(
            [this](const store::Committed& committed) {
                invariants.check(committed);
                if (engine) engine->on_committed(committed);
                on_commit(committed);
            },
            [this](const store::Committed& change) { return engine && engine->on_written(change); });
    }
    void start() {
        Runtime& engines = bug_ == Bug::cancel_forgets_a_sleep ? static_cast<Runtime&>(deaf_) : runtime;
        engine = std::make_unique<Engine>(engines, *store, files, model, typesetter, options);
        engine->start();
    }
    void stop() {
        if (cut_off) runtime.block_on(cut_off->stop());
        cut_off.reset();
        runtime.block_on(engine->stop());
        engine.reset();
    }
    /// Another process takes the work over, though this one lives on and has not heard of it: it learns from its beats
    /// that its leases are lost. Until `stop` or `crash`.
    void take_over() {
        if (cut_off) return;
        cut_off = std::move(engine);
        const auto rescued = persist([this] { return store->rescue_all("taken for dead"); });
        EXPECT_TRUE(rescued.has_value());
        start();
    }
    /// The process dies at this instant; what it had not committed is lost.
    void crash() {
        if (queue) queue->crash();
        runtime.crash();
        engine.reset();
        cut_off.reset();
        store.reset();
        queue.reset();
    }
    void restart() {
        crash();
        open();
        const auto rescued = persist([this] { return store->rescue_all("the process died"); });
        EXPECT_TRUE(rescued.has_value());
        start();
    }

    Uuid add_user(const std::string& email) {
        return persist([&] { return store->add_user(email); })->id;
    }
    Uuid add_project(Uuid owner) {
        return persist([&] { return store->create_project(owner, "Project", ""); })->id;
    }
    void add_source(Uuid owner, Uuid project, const std::string& name, const std::string& text) {
        auto upload = files.begin_upload();
        ASSERT_TRUE(upload.has_value());
        ASSERT_TRUE((*upload)->write(text).has_value());
        auto stored = (*upload)->commit();
        ASSERT_TRUE(stored.has_value());
        store::ProjectFile file;
        file.id = runtime.new_id();
        file.owner = owner;
        file.project = project;
        file.name = name;
        file.type = "text/plain";
        file.size = stored->size;
        file.sha256 = stored->sha256;
        file.path = stored->path;
        file.created_at = runtime.wall_now();
        ASSERT_TRUE(persist([&] { return store->add_file(file); }).has_value());
    }
    /// The job's prompt is its project's id, so that each job's calls can be told apart.
    Uuid enqueue(Uuid owner, Uuid project, job::Budget budget = {}) {
        store::NewJob request;
        request.settings.guided = guided;
        request.budget = budget;
        request.owner = owner;
        request.project = project;
        request.settings.prompt = project.to_string();
        request.settings.urls_for_research = links;
        for (auto* role :
             {&request.settings.reasoning_model, &request.settings.writing_model, &request.settings.function_model}) {
            *role = models;
        }
        request.provider = "fake";
        request.is_byok = is_byok;
        auto enqueued = persist([&] { return store->enqueue(request); });
        if (!enqueued.has_value() || enqueued->busy) return {};
        jobs_by_prompt_[project.to_string()] = enqueued->job.id;
        return enqueued->job.id;
    }
    /// Has the database refuse every row of `table`, as it does what its schema doesn't take.
    void refuse_rows(const std::string& table) {
        database_->execute("CREATE TRIGGER refuse_" + table + " BEFORE INSERT ON " + table +
                           " BEGIN SELECT RAISE(ABORT, 'no such rows'); END");
    }
    bool has_artifacts(Uuid job) {
        const std::filesystem::path folder = files.absolute(store::FileStore::artifact_folder(job));
        return std::filesystem::exists(folder) && !std::filesystem::is_empty(folder);
    }
    /// A user, a project with one source, a job: for tests of one job.
    Uuid enqueue_one(job::Budget budget = {}) {
        if (owner.is_nil()) owner = add_user("a@example.org");
        const Uuid project = add_project(owner);
        add_source(owner, project, "river.txt", river() + project.to_string());
        return enqueue(owner, project, budget);
    }
    store::Ledger ledger(Uuid id) {
        return *persist([&] { return store->ledger_for_owner(job(id).owner, id); });
    }
    /// The books of a job add up: nothing is open that does not run, and the sums are those of the rows.
    void expect_balanced(Uuid id) {
        const store::Ledger books = ledger(id);
        for (const store::Call& call : books.calls) {
            EXPECT_TRUE(!job::is_unfinished(call.state) || state(id) == job::State::in_progress) << call.key;
        }
        EXPECT_EQ(books.spending, store::conformance::sums_of(books.calls));
    }
    /// Of a job as it is in the store at this instant: no cap is crossed.
    bool cap_holds(Uuid id) {
        const auto cap = store ? store->cap_of(id) : std::nullopt;
        return !cap || database_->number("SELECT spent_tokens + reserved_tokens FROM budgets WHERE job = " +
                                         literal(id)) <= *cap;
    }
    /// The sums beside the calls are those of the calls.
    bool sums_are_right(Uuid id) {
        return database_->number(
                   "SELECT count(*) FROM budgets b WHERE job = " + literal(id) +
                   " AND (spent_tokens, reserved_tokens, spent_cost, reserved_cost, unknown_costs) ="
                   " (SELECT coalesce(sum(prompt_tokens + completion_tokens) FILTER (WHERE ended_at IS NOT NULL), 0),"
                   "         coalesce(sum(reserved_tokens) FILTER (WHERE ended_at IS NULL), 0),"
                   "         coalesce(sum(cost) FILTER (WHERE ended_at IS NOT NULL), 0),"
                   "         coalesce(sum(reserved_cost) FILTER (WHERE ended_at IS NULL), 0),"
                   "         count(*) FILTER (WHERE ended_at IS NOT NULL AND cost IS NULL)"
                   "    FROM calls WHERE job = b.job)") == 1;
    }
    job::Job job(Uuid id) { return invariants.rows().at(id); }
    job::State state(Uuid id) { return job(id).state; }
    bool run_until_state(Uuid id, job::State wanted, std::chrono::nanoseconds limit = 1h) {
        return runtime.run_until([&] { return state(id) == wanted; }, limit);
    }
    bool run_until_called(const std::string& key, std::chrono::nanoseconds limit = 1h) {
        const auto ends = [&](const std::string& prompt) { return prompt.ends_with("|" + key); };
        return runtime.run_until([&] { return std::any_of(model.prompts.begin(), model.prompts.end(), ends); }, limit);
    }
    std::string output(Uuid id, const std::string& format) {
        auto outputs = persist([&] { return store->outputs_for_owner(job(id).owner, id); });
        for (const auto& output : *outputs) {
            if (output.format != format) continue;
            std::ifstream file(files.absolute(output.path), std::ios::binary);
            std::ostringstream text;
            text << file.rdbuf();
            return text.str();
        }
        return {};
    }
    static std::string river() {
        return "The river rises in the hills. It runs through three towns and a wide plain, where boats carry grain to "
               "the mills. In spring the river is high, and the meadows beside it stand under water for some weeks. ";
    }

    store::sqlite::TemporaryFolder folder;
    SimRuntime runtime;
    store::FileStore files;
    FakeModel model;
    FakeTypesetter typesetter;
    store::SimFaults faults;
    EngineOptions options;
    Invariants invariants;
    std::function<void(const store::Committed&)> on_commit = [](const store::Committed&) {};
    std::shared_ptr<store::SimWriteQueue> queue;
    std::unique_ptr<PlantedStore> store;
    std::unique_ptr<Engine> engine, cut_off;
    Uuid owner;
    std::vector<std::string> links;  ///< of jobs that are enqueued from now on
    std::string models;              ///< every model of jobs that are enqueued from now on
    bool is_byok = false;            ///< likewise
    bool guided = false;             ///< likewise

private:
    static std::string literal(Uuid id) { return "x'" + boost::algorithm::erase_all_copy(id.to_string(), "-") + "'"; }

    // What is in the journal is never bought again, and nothing is bought for a job that is cancelled.
    void check_call(const std::string& prompt) {
        const std::size_t bar = prompt.find('|');
        const auto job = jobs_by_prompt_.find(prompt.substr(0, bar));
        if (job == jobs_by_prompt_.end()) return;
        EXPECT_FALSE(invariants.is_recorded(job->second, prompt.substr(bar + 1))) << prompt;
        // Who has not heard that the work was taken over may have reserved the call just before.
        EXPECT_TRUE(cut_off || state(job->second) == job::State::in_progress) << prompt;
    }

    const Bug bug_;
    DeafRuntime deaf_;
    std::shared_ptr<PlantedStore::Caps> caps_ = std::make_shared<PlantedStore::Caps>();
    std::unique_ptr<store::sqlite::Connection> database_;
    std::map<std::string, Uuid> jobs_by_prompt_;
};

}  // namespace longhand::engine

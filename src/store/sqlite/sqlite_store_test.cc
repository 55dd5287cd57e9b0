#include "store/sqlite/sqlite_store.h"

#include <mutex>

#include "store/conformance_testing.h"
#include "store/sqlite/batch.h"
#include "store/sqlite/database.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::conformance {
namespace {

class OnFile final : public Subject {
public:
    explicit OnFile(Runtime& runtime) : runtime_(runtime) { open(); }
    Store& store() override { return *store_; }
    void reopen() override {
        store_.reset();
        open();
    }

private:
    void open() { store_ = sqlite::open_sqlite_store(folder_.file("longhand.db"), runtime_).value(); }

    Runtime& runtime_;
    sqlite::TemporaryFolder folder_;
    std::unique_ptr<Store> store_;
};

// The same verbs over another queue: each operation is committed where it is submitted.
class AtOnce final : public WriteQueue {
public:
    explicit AtOnce(sqlite::Connection& connection) : connection_(connection) {}
    void submit(Operation operation) override {
        std::lock_guard lock(mutex_);
        sqlite::Batch batch(connection_);
        batch.add(std::move(operation));
        batch.commit();
    }
    WriteStats stats() const override { return {}; }

private:
    std::mutex mutex_;
    sqlite::Connection& connection_;
};

class InMemory final : public Subject {
public:
    explicit InMemory(Runtime& runtime) : runtime_(runtime) { reopen(); }
    Store& store() override { return *store_; }
    void reopen() override {
        store_ = std::make_unique<sqlite::SqliteStore>(std::make_shared<AtOnce>(*connection_),
                                                       std::make_unique<sqlite::SharedConnection>(*connection_),
                                                       runtime_, sqlite::SqliteOptions{});
    }

private:
    Runtime& runtime_;
    std::unique_ptr<sqlite::Connection> connection_ = sqlite::open_database(":memory:", Milliseconds{100}).value();
    std::unique_ptr<Store> store_;
};

template <class T>
std::unique_ptr<Subject> make(Runtime& runtime) {
    return std::make_unique<T>(runtime);
}

/// One owner's jobs in a store whose rows the test can spoil.
class DamagedRows : public testing::Test {
protected:
    Uuid enqueue() {
        NewJob request;
        request.owner = owner;
        request.project = runtime.run(store.create_project(owner, "Handbook", "")).value().id;
        request.provider = "offline";
        return runtime.run(store.enqueue(request)).value().job.id;
    }
    std::vector<Uuid> claim() {
        ClaimRequest request;
        request.worker = worker;
        request.limit = 10;
        request.provider = "offline";
        std::vector<Uuid> ids;
        for (const auto& claimed : runtime.run(store.claim(request)).value()) ids.push_back(claimed.job.id);
        return ids;
    }
    void spoil(const std::string& assignment, Uuid id) {
        connection->execute("UPDATE " + assignment + " = X'" + hex(id) + "'");
    }
    static std::string hex(Uuid id) {
        std::string text = id.to_string();
        std::erase(text, '-');
        return text;
    }
    job::Job read(Uuid id) { return runtime.run(store.job_for_owner(owner, id)).value(); }
    std::int64_t count(job::State state) {
        const StoreStats stats = runtime.run(store.stats()).value();
        for (const auto& [counted, number] : stats.jobs) {
            if (counted == state) return number;
        }
        return -1;
    }
    void expect_failed(Uuid id) {
        const job::Job job = read(id);
        EXPECT_EQ(job.state, job::State::failed);
        ASSERT_TRUE(job.problem);
        EXPECT_EQ(job.problem->code, "job_unreadable");
        const auto events = runtime.run(store.events_after(owner, id, 0, 100)).value();
        EXPECT_EQ(events.back().kind, "failed");
        EXPECT_EQ(events.back().seq, job.last_event);
    }

    ManualRuntime runtime;
    std::unique_ptr<sqlite::Connection> connection = sqlite::open_database(":memory:", Milliseconds{100}).value();
    sqlite::SqliteStore store{std::make_shared<AtOnce>(*connection),
                              std::make_unique<sqlite::SharedConnection>(*connection), runtime,
                              sqlite::SqliteOptions{.user_cap = 2}};
    const Uuid owner = runtime.run(store.add_user("a@example.org")).value().id;
    const job::WorkerId worker = runtime.new_id();
};

TEST_F(DamagedRows, OneInTheQueueFailsAndTheOthersAreClaimed) {
    const Uuid stage = enqueue(), settings = enqueue(), capped = enqueue(), sound = enqueue();
    spoil("jobs SET stage = 'pondering' WHERE id", stage);
    spoil("job_settings SET settings = '{' WHERE job", settings);
    spoil("jobs SET stage = 'pondering' WHERE id", capped);
    EXPECT_TRUE(claim().empty());
    EXPECT_EQ(claim(), std::vector<Uuid>{sound});
    for (const Uuid& id : {stage, settings, capped}) expect_failed(id);
    EXPECT_EQ(count(job::State::queued), 0);
    EXPECT_EQ(count(job::State::failed), 3);
    // The room under the cap is as it was.
    const Uuid second = enqueue(), third = enqueue();
    EXPECT_EQ(claim(), std::vector<Uuid>{second});
    EXPECT_EQ(read(third).state, job::State::queued);
}

TEST_F(DamagedRows, OneThatRunsIsLostAndTheOthersAreHeld) {
    const Uuid bad = enqueue(), good = enqueue();
    ASSERT_EQ(claim().size(), 2U);
    spoil("jobs SET stage = 'pondering' WHERE id", bad);
    const std::vector<Beat> beats{{bad, read(good).lease, {}}, {good, read(good).lease, {}}};
    EXPECT_EQ(runtime.run(store.extend(worker, Milliseconds{15'000}, beats)).value(),
              (std::vector<BeatAnswer>{BeatAnswer::lost, BeatAnswer::held}));
    expect_failed(bad);
}

TEST_F(DamagedRows, OneThatRanDoesNotKeepTheOthersFromBeingRescued) {
    const Uuid bad = enqueue(), good = enqueue();
    ASSERT_EQ(claim().size(), 2U);
    spoil("jobs SET stage = 'pondering' WHERE id", bad);
    EXPECT_EQ(runtime.run(store.rescue_all("the process ended")).value(), 1U);
    EXPECT_EQ(read(good).state, job::State::queued);
    expect_failed(bad);
}

TEST(SqliteStore, WithoutAnObserverNobodyIsTold) {
    ManualRuntime runtime;
    const auto subject = make<InMemory>(runtime);
    int told = 0;
    subject->store().observe([&](const Committed&) { ++told; });
    subject->store().observe({});
    NewJob request;
    request.owner = runtime.run(subject->store().add_user("a@example.org")).value().id;
    request.project = runtime.run(subject->store().create_project(request.owner, "Handbook", "")).value().id;
    request.provider = "offline";
    EXPECT_TRUE(runtime.run(subject->store().enqueue(request)).has_value());
    EXPECT_EQ(told, 0);
}

LONGHAND_STORE_CONFORMS(Sqlite, Factory{"OnFile", make<OnFile>, false}, Factory{"InMemory", make<InMemory>, false});

}  // namespace
}  // namespace longhand::store::conformance

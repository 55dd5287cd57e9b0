#include "store/sqlite/group_commit.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <condition_variable>
#include <future>

#include "store/sqlite/database.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::sqlite {
namespace {

class GroupCommitTest : public testing::Test {
protected:
    using Answer = std::future<StoreResult<void>>;

    void SetUp() override {
        GroupCommitOptions options;
        options.longest_batch = std::chrono::minutes{10};  // how batches form does not hang on the machine's speed
        queue_ = std::make_unique<GroupCommit>(open_database(path_, Milliseconds{50}).value(), options);
        write([](Connection& connection) {
            connection.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)");
            return Outcome::keep;
        })
            .get()
            .value();
    }
    Answer write(std::function<Outcome(Connection&)> run) {
        auto promise = std::make_shared<std::promise<StoreResult<void>>>();
        Operation operation;
        operation.name = "test";
        operation.run = std::move(run);
        operation.done = [promise](StoreResult<void> result) { promise->set_value(std::move(result)); };
        auto answer = promise->get_future();
        queue_->submit(std::move(operation));
        return answer;
    }
    static std::function<Outcome(Connection&)> note(int id) {
        return [id](Connection& connection) {
            connection.execute("INSERT INTO notes VALUES (" + std::to_string(id) + ", 'x')");
            return Outcome::keep;
        };
    }
    /// Fills the writer's thread until it is released, so that what is submitted meanwhile shares a batch.
    Answer hold(std::shared_future<void> release) {
        return write([release](Connection&) {
            release.wait();
            return Outcome::keep;
        });
    }
    std::int64_t notes() {
        Connection reader(path_, OpenMode::read_only, Milliseconds{50});
        return reader.number("SELECT count(*) FROM notes");
    }
    static std::optional<StoreErrc> error(Answer& answer) {
        const auto result = answer.get();
        return result ? std::nullopt : std::optional(result.error().code);
    }

    TemporaryFolder folder_;
    std::string path_ = folder_.file("longhand.db");
    std::unique_ptr<GroupCommit> queue_;
};

TEST_F(GroupCommitTest, WhatIsAnsweredIsThereForEveryReader) {
    for (int i = 1; i <= 20; ++i) {
        ASSERT_TRUE(write(note(i)).get());
        EXPECT_EQ(notes(), i);
    }
}

TEST_F(GroupCommitTest, WhatGathersDuringACommitSharesTheNext) {
    std::promise<void> release;
    const auto before = queue_->stats();
    auto held = hold(release.get_future().share());
    std::vector<Answer> answers;
    for (int i = 0; i < 100; ++i) answers.push_back(write(note(i)));
    release.set_value();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    const auto after = queue_->stats();
    EXPECT_EQ(after.operations - before.operations, 101);
    EXPECT_LE(after.commits - before.commits, 2);
    EXPECT_EQ(notes(), 100);
}

TEST_F(GroupCommitTest, WhatComesOfAnOperationSharesItsCommit) {
    GroupCommitOptions options;
    options.longest_gap = options.longest_batch = std::chrono::minutes{10};
    queue_ = std::make_unique<GroupCommit>(open_database(path_, Milliseconds{50}).value(), options);
    std::promise<void> ran;
    auto first = write([&](Connection& connection) {
        note(1)(connection);
        ran.set_value();
        return Outcome::keep_and_wait;
    });
    ran.get_future().wait();
    EXPECT_EQ(notes(), 0) << "the commit waits";
    auto second = write(note(2));
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(second.get());
    EXPECT_EQ(queue_->stats().commits, 1);
    EXPECT_EQ(notes(), 2);
}

TEST_F(GroupCommitTest, GroupsAreCountedBySizeAndOperationsByName) {
    std::promise<void> release;
    auto held = hold(release.get_future().share());
    std::vector<Answer> answers;
    for (int i = 0; i < 50; ++i) answers.push_back(write(note(i)));
    EXPECT_GE(queue_->stats().waiting, 50);
    release.set_value();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_TRUE(write(note(50)).get());
    const WriteStats stats = queue_->stats();
    EXPECT_EQ(stats.waiting, 0);
    EXPECT_EQ(stats.by_operation.at("test").count, 53);
    EXPECT_GE(stats.commit_operations.count(), 2U);
    EXPECT_GE(stats.commit_operations.sum(), 52);
    EXPECT_EQ(stats.commit_operations.counts()[6], 1U) << "of 33 to 64 operations";
    EXPECT_EQ(stats.commit_seconds.count(), stats.commit_operations.count());
    EXPECT_GT(stats.commit_seconds.sum(), 0);
    EXPECT_EQ(stats.failed_commits, 0);
}

TEST_F(GroupCommitTest, AProblemStaysUntilSomethingIsWrittenAgain) {
    Connection other(path_, OpenMode::existing, Milliseconds{50});
    other.execute("BEGIN IMMEDIATE");
    auto refused = write(note(1));
    EXPECT_EQ(error(refused), StoreErrc::unavailable);
    const auto problem = queue_->stats().problem;
    ASSERT_TRUE(problem);
    EXPECT_NE(problem->message.find("another program holds the lock"), std::string::npos) << problem->message;
    other.execute("ROLLBACK");
    auto empty = write([](Connection&) { return Outcome::keep; });
    EXPECT_EQ(error(empty), std::nullopt);
    EXPECT_TRUE(queue_->stats().problem) << "a commit of nothing writes nothing";
    auto written = write(note(1));
    EXPECT_EQ(error(written), std::nullopt);
    EXPECT_FALSE(queue_->stats().problem);
}

TEST_F(GroupCommitTest, AFailedOperationUndoesItselfAndNoOther) {
    std::promise<void> release;
    auto held = hold(release.get_future().share());
    auto first = write(note(1));
    auto failing = write([](Connection& connection) {
        connection.execute("INSERT INTO notes VALUES (2, 'y')");
        connection.execute("INSERT INTO notes VALUES (1, 'taken')");
        return Outcome::keep;
    });
    auto refusing = write([](Connection& connection) {
        connection.execute("INSERT INTO notes VALUES (3, 'z')");
        return Outcome::undo;
    });
    auto bug = write([](Connection& connection) -> Outcome {
        connection.execute("INSERT INTO notes VALUES (4, 'z')");
        throw std::logic_error("a bug");
    });
    auto last = write(note(5));
    release.set_value();
    EXPECT_EQ(error(first), std::nullopt);
    EXPECT_EQ(error(failing), StoreErrc::unusable);
    EXPECT_EQ(error(refusing), std::nullopt);
    EXPECT_EQ(error(bug), StoreErrc::unusable);
    EXPECT_EQ(error(last), std::nullopt);
    EXPECT_EQ(notes(), 2);
}

TEST_F(GroupCommitTest, WhatIsToBeUndoneHasItsBatchRunAgainAndARefusalThatWroteNothingHasNot) {
    int runs = 0;
    const auto counted = [&runs](int id) {
        return [&runs, id](Connection& connection) {
            ++runs;
            return note(id)(connection);
        };
    };
    std::promise<void> release;
    auto held = hold(release.get_future().share());
    auto kept = write(counted(1));
    auto refused = write([](Connection&) { return Outcome::undo; });
    release.set_value();
    EXPECT_EQ(error(kept), std::nullopt);
    EXPECT_EQ(error(refused), std::nullopt);
    EXPECT_EQ(runs, 1);

    std::promise<void> release_again;
    auto held_again = hold(release_again.get_future().share());
    auto kept_again = write(counted(2));
    auto undone = write([](Connection& connection) {
        note(3)(connection);
        return Outcome::undo;
    });
    auto after_it = write(counted(4));
    release_again.set_value();
    EXPECT_EQ(error(kept_again), std::nullopt);
    EXPECT_EQ(error(undone), std::nullopt);
    EXPECT_EQ(error(after_it), std::nullopt);
    EXPECT_EQ(runs, 4);  // the second twice, the last once
    EXPECT_EQ(notes(), 3);
}

TEST_F(GroupCommitTest, AFailedCommitIsUnavailableForAllInItAndPasses) {
    std::promise<void> release;
    auto held = hold(release.get_future().share());
    auto refuse = write([](Connection& connection) {
        sqlite3_commit_hook(
            connection.handle(), [](void*) { return 1; }, nullptr);
        return Outcome::keep;
    });
    auto note_in_it = write(note(1));
    release.set_value();
    EXPECT_EQ(error(refuse), StoreErrc::unavailable);
    EXPECT_EQ(error(note_in_it), StoreErrc::unavailable);
    EXPECT_EQ(notes(), 0);
    const auto commits = queue_->stats().commits;
    auto mend = write([](Connection& connection) {
        sqlite3_commit_hook(connection.handle(), nullptr, nullptr);
        return Outcome::keep;
    });
    EXPECT_EQ(error(mend), std::nullopt);
    EXPECT_TRUE(write(note(1)).get());
    EXPECT_EQ(notes(), 1);
    EXPECT_EQ(queue_->stats().failed_commits, 1);
    EXPECT_LE(queue_->stats().commits, commits + 2);
}

TEST_F(GroupCommitTest, AFullDiskIsUnavailableAndAllIsWellWhenThereIsRoom) {
    const auto limit_pages = [this](const std::string& pages) {
        return write([pages](Connection& connection) {
            connection.number("PRAGMA max_page_count = " + pages);
            return Outcome::keep;
        });
    };
    ASSERT_TRUE(limit_pages("1").get());  // SQLite takes the size that the file has
    auto large = write([](Connection& connection) {
        connection.execute("INSERT INTO notes VALUES (1, hex(zeroblob(1000000)))");
        return Outcome::keep;
    });
    const auto result = large.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, StoreErrc::unavailable);
    EXPECT_NE(result.error().message.find("full"), std::string::npos);
    ASSERT_TRUE(limit_pages("1000000").get());
    EXPECT_TRUE(write(note(1)).get());
    EXPECT_EQ(notes(), 1);
}

TEST_F(GroupCommitTest, ALockOfAnotherProcessIsUnavailableAndPasses) {
    Connection other(path_, OpenMode::existing, Milliseconds{0});
    other.execute("BEGIN IMMEDIATE");
    auto locked = write(note(1));
    EXPECT_EQ(error(locked), StoreErrc::unavailable);
    other.execute("ROLLBACK");
    EXPECT_TRUE(write(note(1)).get());
    EXPECT_EQ(notes(), 1);
}

TEST_F(GroupCommitTest, ReadersDoNotWaitForAWriterInTheMiddleOfItsWork) {
    ASSERT_TRUE(write(note(1)).get());
    std::promise<void> release;
    auto held = write([done = release.get_future().share()](Connection& connection) {
        connection.execute("INSERT INTO notes VALUES (2, 'y')");
        done.wait();
        return Outcome::keep;
    });
    EXPECT_EQ(notes(), 1);
    release.set_value();
    ASSERT_TRUE(held.get());
    EXPECT_EQ(notes(), 2);
}

TEST_F(GroupCommitTest, ClosingCommitsWhatWasSubmitted) {
    std::vector<Answer> answers;
    for (int i = 0; i < 50; ++i) answers.push_back(write(note(i)));
    queue_.reset();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_EQ(notes(), 50);
}

// Writes one after the other until the queue takes no more.
void write_until_refused(GroupCommit* queue, std::shared_ptr<std::promise<StoreErrc>> refused) {
    Operation operation;
    operation.name = "test";
    operation.run = [](Connection&) { return Outcome::keep; };
    operation.done = [queue, refused](StoreResult<void> result) {
        if (result) return write_until_refused(queue, refused);
        refused->set_value(result.error().code);
    };
    queue->submit(std::move(operation));
}

TEST_F(GroupCommitTest, AClosingQueueTakesNothingMoreAndSaysSo) {
    auto refused = std::make_shared<std::promise<StoreErrc>>();
    write_until_refused(queue_.get(), refused);
    queue_.reset();
    EXPECT_EQ(refused->get_future().get(), StoreErrc::stopping);
}

TEST_F(GroupCommitTest, TheLogStaysBoundedUnderALoadThatNeverPauses) {
    queue_.reset();
    GroupCommitOptions options;
    options.most_log_pages = 50;
    queue_ = std::make_unique<GroupCommit>(open_database(path_, Milliseconds{50}).value(), options);
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(write(note(i)).get());
    constexpr std::uintmax_t kPage = 4'096 + 24;
    EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 100 * kPage);
    EXPECT_EQ(notes(), 300);
}

}  // namespace
}  // namespace longhand::store::sqlite

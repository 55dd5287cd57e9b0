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
    void open() { store_ = std::move(sqlite::open_sqlite_store(folder_.file("longhand.db"), runtime_).value()); }

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
    std::unique_ptr<sqlite::Connection> connection_ =
        std::move(sqlite::open_database(":memory:", Milliseconds{100}).value());
    std::unique_ptr<Store> store_;
};

template <class T>
std::unique_ptr<Subject> make(Runtime& runtime) {
    return std::make_unique<T>(runtime);
}

LONGHAND_STORE_CONFORMS(Sqlite, Factory{"OnFile", make<OnFile>}, Factory{"InMemory", make<InMemory>});

}  // namespace
}  // namespace longhand::store::conformance

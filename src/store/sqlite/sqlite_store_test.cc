#include "store/sqlite/sqlite_store.h"

#include "store/conformance_testing.h"
#include "store/sqlite/temporary_folder_testing.h"

namespace longhand::store::conformance {
namespace {

class SqliteSubject final : public Subject {
public:
    explicit SqliteSubject(Runtime& runtime) : runtime_(runtime) { open(); }
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

std::unique_ptr<Subject> make_sqlite(Runtime& runtime) {
    return std::make_unique<SqliteSubject>(runtime);
}

LONGHAND_STORE_CONFORMS(Sqlite, (Factory{"OnFile", make_sqlite}));

}  // namespace
}  // namespace longhand::store::conformance

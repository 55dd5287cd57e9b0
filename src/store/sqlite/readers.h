// How reads get at the database: a pool of connections of their own, or the one that there is.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/sqlite/connection.h"

namespace longhand::store::sqlite {

class ReadAccess {
public:
    virtual ~ReadAccess() = default;
    /// Runs `read` in the calling thread on a connection that nobody else uses meanwhile, and that sees every commit
    /// that was answered before. DatabaseFailure comes through.
    virtual void read(const std::function<void(Connection&)>& read) = 0;
};

/// Read-only connections to a file, opened as they are needed and kept. Thread-safe; never waits for the writer.
class ReaderPool final : public ReadAccess {
public:
    /// `vfs`: as Connection has it. `figures`: where their queries are counted; none: nowhere.
    ReaderPool(std::string path, Milliseconds busy_timeout, std::string vfs = {},
               std::shared_ptr<QueryFigures> figures = nullptr)
        : path_(std::move(path)), busy_timeout_(busy_timeout), vfs_(std::move(vfs)), figures_(std::move(figures)) {}
    void read(const std::function<void(Connection&)>& read) override;

private:
    std::unique_ptr<Connection> take();
    void give_back(std::unique_ptr<Connection> connection);

    const std::string path_;
    const Milliseconds busy_timeout_;
    const std::string vfs_;
    const std::shared_ptr<QueryFigures> figures_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

/// Reads through the connection that writes too: for a database in memory and a single thread. Only between
/// transactions, so that nothing uncommitted is seen.
class SharedConnection final : public ReadAccess {
public:
    explicit SharedConnection(Connection& connection) : connection_(connection) {}
    void read(const std::function<void(Connection&)>& read) override { read(connection_); }

private:
    Connection& connection_;
};

}  // namespace longhand::store::sqlite

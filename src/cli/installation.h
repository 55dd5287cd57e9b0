// What one installation is: its data folder, its store, its secret. Opened once by a command.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/runtime.h"
#include "cli/data_folder.h"
#include "cli/option_set.h"
#include "http/secret.h"
#include "store/file_store.h"
#include "store/store.h"

namespace longhand::cli {

enum class OpenErrc {
    usage,   ///< exit 2
    held,    ///< another process holds the folder; the message says which
    failed,  ///< exit 1
};
template <class T>
using OpenResult = Result<T, OpenErrc>;
/// The exit status that belongs to a failure.
int status_of(OpenErrc code);

/// Whether this process must be the folder's only one.
enum class Hold {
    exclusive,  ///< takes the lock: it will run jobs
    beside,     ///< accounts and keys: SQLite itself keeps two writers apart, so a server may run
    client,     ///< as beside, of an installation that a server has made: no folder, database or secret is
};

/// `--data`, else the default; made absolute. Errors: usage.
OpenResult<std::string> data_path(const Options& options);
/// `--secret-file`, else `secret` in the folder.
std::string secret_path(const Options& options, const std::string& data);

class Installation {
public:
    /// `runtime` outlives it.
    static OpenResult<std::unique_ptr<Installation>> open(const Options& options, Hold hold, Runtime& runtime);

    const std::string& path() const { return path_; }
    DataFolder* folder() { return folder_.get(); }
    store::Store& store() { return *store_; }
    store::FileStore& files() { return *files_; }
    const http::Secrets& secrets() const { return secrets_; }
    const std::string& secret_file() const { return secret_file_; }

private:
    Installation() = default;

    std::string path_;
    std::unique_ptr<DataFolder> folder_;  // declared first: unlocked last
    std::unique_ptr<store::FileStore> files_;
    std::unique_ptr<store::Store> store_;
    std::string secret_file_;
    http::Secrets secrets_;
};

/// The account that `write` works under and that a server on loopback begins with.
inline constexpr const char* kOwnerEmail = "owner@localhost";
/// That account, made when it is missing.
awaitable<store::StoreResult<store::User>> owner_account(store::AccountStore& accounts);

/// Runs `task` on `loop` to its end, in this thread, and gives what it returned.
template <class T>
T run_on(asio::io_context& loop, awaitable<T> task);

}  // namespace longhand::cli

#include "cli/installation_impl.h"  // IWYU pragma: keep

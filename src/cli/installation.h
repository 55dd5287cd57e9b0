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

/// Whether this process must be the folder's only one, and what it makes where it is missing.
enum class Hold {
    exclusive,  ///< takes the lock: it will run jobs. Makes all, and brings an older schema up to date
    founding,   ///< beside whoever holds the folder; makes all, and refuses an older schema: a server may run on it
    beside,     ///< as founding, of an installation that is there: nothing is made
    signing,    ///< as beside, and the secret has to be there too
};

/// `--data`, else the default; made absolute. Errors: usage.
OpenResult<std::string> data_path(const Options& options);
/// `--secret-file`, else `secret` in the folder.
std::string secret_path(const Options& options, const std::string& data);

/// Whether there is something at `path`. Errors: failed, where that can't be known.
OpenResult<bool> is_there(const std::string& path);
/// Says that there is no installation in `data`. Errors: failed, also where the folder can't be read.
OpenResult<void> check_installation_is_there(const std::string& data);

class Installation {
public:
    /// `runtime` outlives it. Errors: all; of an installation that is not there the message is
    /// check_installation_is_there's.
    static OpenResult<std::unique_ptr<Installation>> open(const Options& options, Hold hold, Runtime& runtime);

    const std::string& path() const { return path_; }
    DataFolder* folder() { return folder_.get(); }
    store::Store& store() { return *store_; }
    store::FileStore& files() { return *files_; }
    /// Empty where the file is missing, which it may be under Hold::beside.
    const http::Secrets& secrets() const { return secrets_; }
    const std::string& secret_file() const { return secret_file_; }

private:
    Installation() = default;
    OpenResult<void> take_folder(Hold hold);
    OpenResult<void> take_secrets(Hold hold, WallTime now);

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

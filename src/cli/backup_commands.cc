// backup, restore.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "backup/backup.h"
#include "backup/restore.h"
#include "cli/command.h"
#include "cli/installation.h"
#include "cli/interrupt.h"
#include "cli/version.h"
#include "http/secret.h"

namespace longhand::cli {
namespace {

namespace fs = std::filesystem;

/// From its making to its end Ctrl-C and SIGTERM raise a stop signal, which a blocking task polls.
class StopOnSignal {
public:
    StopOnSignal() : thread_([this] { loop_.run(); }) {}
    ~StopOnSignal() {
        loop_.stop();
        thread_.join();
    }
    StopOnSignal(const StopOnSignal&) = delete;
    StopOnSignal& operator=(const StopOnSignal&) = delete;
    StopToken token() const { return source_.token(); }

private:
    asio::io_context loop_;
    StopSource source_;
    Interrupt interrupt_{loop_, [this](int signal) { source_.stop(stop_reason_of(signal)); }};
    std::thread thread_;  // last: it runs what is above
};

int complain_of(const backup::BackupFailure& failure) {
    switch (failure.code) {
        case backup::BackupErrc::failed:
            return complain(failure.message);
        case backup::BackupErrc::stopped:
            return complain("Stopped; nothing is left of it.");
    }
    return kFailed;
}

std::string megabytes(std::uint64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / (1 << 20));
}

// The secret's text as it is, once it is known to be one.
http::SecretResult<std::string> secret_text(const std::string& path) {
    const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    if (const auto secrets = http::load_secrets(path, now); !secrets) return secrets.error();
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

backup::BackupSource source_of(const std::string& data, const std::string& secret_file) {
    backup::BackupSource source;
    source.data_folder = data;
    source.version = version_text();
    source.read_secret = [secret_file]() -> backup::BackupResult<std::string> {
        auto text = secret_text(secret_file);
        if (text) return std::move(*text);
        return backup::BackupFailure{backup::BackupErrc::failed,
                                     text.error().message + " Nothing of the backup is left."};
    };
    return source;
}

int back_up(const Options& options) {
    const auto data = data_path(options);
    if (!data) return complain(data.error().message, status_of(data.error().code));
    if (const auto there = check_installation_is_there(*data); !there) return complain(there.error().message);
    const std::string secret = secret_path(options, *data);
    // Looked at here so that a missing one is told before the work.
    if (const auto text = secret_text(secret); !text) return complain(text.error().message);
    const std::string file = options.positional("FILE");
    const StopOnSignal stop;
    const auto report = backup::make_backup(source_of(*data, secret), file, stop.token());
    if (!report) return complain_of(report.error());
    std::printf("%s holds the database, the secret and %zu files, %s. Keep it as you keep the secret.\n", file.c_str(),
                report->files, megabytes(report->bytes).c_str());
    for (const std::string& path : report->missing) {
        std::fprintf(stderr, "longhand: %s is named in the database and is not in %s, so it is not in the backup.\n",
                     path.c_str(), data->c_str());
    }
    return kDone;
}

/// The data folder while it is restored into: locked, and as before when nothing came of it.
class FreshFolder {
public:
    static Result<FreshFolder, FolderErrc> take(const std::string& path) {
        std::error_code error;
        FreshFolder folder;
        folder.path_ = path;
        folder.was_there_ = fs::exists(path, error);
        folder.had_lock_ = fs::exists(path + "/lock", error);
        auto lock = DataFolder::lock(path);
        if (!lock) return lock.error();
        folder.lock_ = std::move(*lock);
        return folder;
    }
    void give_up() {
        if (!had_lock_) ::unlink((path_ + "/lock").c_str());
        lock_.reset();
        // Only an empty one goes.
        if (!was_there_) ::rmdir(path_.c_str());
    }

private:
    std::string path_;
    bool was_there_ = false, had_lock_ = false;
    std::unique_ptr<DataFolder> lock_;
};

int restore(const Options& options) {
    const auto data = data_path(options);
    if (!data) return complain(data.error().message, status_of(data.error().code));
    auto folder = FreshFolder::take(*data);
    if (!folder) return complain(folder.error().message);
    const std::string file = options.positional("FILE");
    const StopOnSignal stop;
    const auto report = backup::restore_backup(file, {*data, secret_path(options, *data)}, stop.token());
    if (!report) {
        folder->give_up();
        return complain_of(report.error());
    }
    std::printf(
        "%s holds what was in %s of %s: the database, the secret and %zu files, %s. Start it with 'longhand "
        "serve%s'; its jobs go on.\n",
        data->c_str(), file.c_str(), report->made_at.c_str(), report->files, megabytes(report->bytes).c_str(),
        typed_again(options, {"data", "secret-file", "config"}).c_str());
    if (report->missing > 0) {
        std::fprintf(stderr, "longhand: %zu files that the database names were missing when the backup was made.\n",
                     report->missing);
    }
    return kDone;
}

}  // namespace

std::vector<Command> backup_commands() {
    return {
        {{"backup",
          "writes a consistent copy of an installation, running or not, into one new file",
          "longhand backup longhand-$(date +%F).tar --data ./data",
          {{"FILE", "the file to make; its folder must be there"}},
          store_options(),
          "The file is a tar with the database, the uploads, the documents and the signing secret, so its mode is "
          "0600: "
          "keep it as you keep the secret. What can be made again (the indexes of sources) is not in it."},
         back_up},
        {{"restore",
          "makes an installation out of a backup, in a data folder that is empty or not there",
          "longhand restore longhand-2026-11-29.tar --data ./restored",
          {{"FILE", "what 'longhand backup' wrote"}},
          store_options(),
          "Every file is checked against its hash before anything is put in place. A server started on the folder goes "
          "on with the jobs; the tokens and links of before hold."},
         restore},
    };
}

}  // namespace longhand::cli

#include "backup/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <set>

#include "backup/archive_writer.h"
#include "backup/file.h"
#include "base/time.h"
#include "store/sqlite/copy.h"

namespace longhand::backup {
namespace {

namespace fs = std::filesystem;

BackupFailure unwritable(const std::string& target) {
    return {BackupErrc::failed,
            fmt::format("The backup {} can't be written: {}. Nothing of it is left.", target, reason())};
}

BackupFailure from_store(const store::StoreFailure& failure) {
    if (failure.code == store::StoreErrc::stopping) return {BackupErrc::stopped, "stopped"};
    return {BackupErrc::failed,
            fmt::format("The database can't be copied: {}. Nothing of the backup is left; free some "
                        "space, or mend what it says.",
                        failure.message)};
}

std::string manifest(const std::string& version) {
    const auto now = std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
    const boost::json::object text{{"format", "longhand backup"},
                                   {"version", kFormatVersion},
                                   {"program", version},
                                   {"made_at", format_wall_time(now)}};
    return boost::json::serialize(text) + "\n";
}

class Backup {
public:
    Backup(const BackupSource& source, ArchiveWriter& archive, std::string database, const StopToken& stop)
        : source_(source), archive_(archive), database_(std::move(database)), stop_(stop) {}

    BackupResult<BackupReport> run() {
        if (auto begun = archive_.add_text(kManifest, manifest(source_.version)); !begun) return begun.error();
        if (auto added = add_named_files(); !added) return added.error();
        auto added = archive_.add_file(kDatabase, database_, stop_);
        if (!added) return added.error();
        const auto secret = source_.read_secret();
        if (!secret) return secret.error();
        if (auto kept = archive_.add_text(kSecret, *secret); !kept) return kept.error();
        if (auto finished = archive_.finish(); !finished) return finished.error();
        return BackupReport{held_.size(), archive_.bytes(), {missing_.begin(), missing_.end()}};
    }

private:
    /// Takes a copy of the database and the files that it names. A file that is gone was deleted since that moment, so
    /// a later moment is taken, for which only the files that came since are missing: that ends soon. What two moments
    /// name and is not there is lost.
    BackupResult<void> add_named_files() {
        for (;;) {
            std::error_code ignored;
            fs::remove(database_, ignored);
            auto copied = store::sqlite::copy_database(source_.data_folder + "/longhand.db", database_, stop_);
            if (!copied) return from_store(copied.error());
            const auto named = store::sqlite::named_files(database_);
            if (!named) return from_store(named.error());
            std::set<std::string> missing;
            for (const std::string& path : *named) {
                if (held_.contains(path)) continue;
                auto added = add_one(path);
                if (!added) return added.error();
                if (*added == ArchiveWriter::Added::not_there) missing.insert(path);
            }
            const bool settled = std::ranges::includes(missing_, missing);
            missing_ = std::move(missing);
            if (settled) return {};
        }
    }

    BackupResult<ArchiveWriter::Added> add_one(const std::string& path) {
        if (stop_.stopped()) return BackupFailure{BackupErrc::stopped, "stopped"};
        // A path of another form was not made by a FileStore, which would refuse it too.
        if (!is_stored_file(path)) return ArchiveWriter::Added::not_there;
        auto added = archive_.add_file(path, source_.data_folder + "/" + path, stop_);
        if (added && *added == ArchiveWriter::Added::yes) held_.insert(path);
        return added;
    }

    const BackupSource& source_;
    ArchiveWriter& archive_;
    const std::string database_;
    const StopToken& stop_;
    std::set<std::string> held_, missing_;
};

std::string folder_of(const std::string& target) {
    const std::string folder = fs::path(target).parent_path().string();
    return folder.empty() ? "." : folder;
}

BackupResult<void> put_in_place(const std::string& draft, int fd, const std::string& target) {
    if (::fsync(fd) != 0) return unwritable(target);
    if (!move_to_new(draft, target)) return unwritable(target);
    const Descriptor folder(::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.get()) != 0) {
        const auto failure = unwritable(target);
        ::unlink(target.c_str());
        return failure;
    }
    return {};
}

}  // namespace

BackupResult<BackupReport> make_backup(const BackupSource& source, const std::string& target, const StopToken& stop) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(target, error))) {
        return BackupFailure{BackupErrc::failed,
                             fmt::format("There is a file {} already, which stays as it is: choose another name, or "
                                         "remove it first.",
                                         target)};
    }
    // Beside the target, so that the last step is a rename.
    const auto folder =
        PassingFolder::make(fmt::format("{}/.{}.partial-", folder_of(target), fs::path(target).filename().string()));
    if (!folder.valid()) return unwritable(target);
    const std::string draft = folder.path() + "/archive";
    const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return unwritable(target);
    ArchiveWriter archive(file.get(), target);
    auto report = Backup(source, archive, folder.path() + "/longhand.db", stop).run();
    if (!report) return report;
    if (auto placed = put_in_place(draft, file.get(), target); !placed) return placed.error();
    return report;
}

}  // namespace longhand::backup

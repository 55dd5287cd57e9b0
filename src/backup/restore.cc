#include "backup/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <filesystem>
#include <map>
#include <vector>

#include "backup/archive_reader.h"
#include "backup/file.h"
#include "base/digest.h"
#include "store/sqlite/copy.h"

namespace longhand::backup {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

BackupFailure failed(std::string message) {
    return {BackupErrc::failed, std::move(message)};
}

std::string text_member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// Unpacks into a folder of its own and checks what came.
class Unpacking {
public:
    Unpacking(ArchiveReader& archive, std::string folder, const StopToken& stop)
        : archive_(archive), folder_(std::move(folder)), stop_(stop) {}

    BackupResult<RestoreReport> run() {
        if (auto read = read_manifest(); !read) return read.error();
        for (;;) {
            auto name = archive_.next();
            if (!name) return name.error();
            if (!*name) return archive_.damaged("it is cut short: its list of files is missing");
            if (**name == kSums) break;
            if (auto taken = take(**name); !taken) return taken.error();
        }
        if (auto checked = check_sums(); !checked) return checked.error();
        if (auto checked = check_database(); !checked) return checked.error();
        return report_;
    }

private:
    BackupResult<void> read_manifest() {
        auto name = archive_.next();
        if (!name) return name.error();
        if (!*name || **name != kManifest) return archive_.damaged("it is no backup of this program");
        auto text = archive_.read_text(kLongestText);
        if (!text) return text.error();
        boost::system::error_code error;
        const json::value value = json::parse(*text, error);
        if (error || !value.is_object() || text_member(value.get_object(), "format") != "longhand backup")
            return archive_.damaged("it is no backup of this program");
        const auto* version = value.get_object().if_contains("version");
        if (version == nullptr || !version->is_int64() || version->get_int64() != kFormatVersion)
            return archive_.damaged("it was made by a newer version of this program, which is needed to read it");
        report_.made_at = text_member(value.get_object(), "made_at");
        sums_.emplace(kManifest, sha256_hex(*text));
        return {};
    }

    BackupResult<void> take(const std::string& name) {
        const bool is_stored = is_stored_file(name);
        if (!is_stored && name != kDatabase && name != kSecret)
            return archive_.damaged(fmt::format("'{}' in it is nothing of a backup", name.substr(0, 100)));
        if (sums_.contains(name)) return archive_.damaged(fmt::format("'{}' is in it twice", name));
        const std::string path = folder_ + "/" + name;
        make_folders(name);
        const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!file) return unwritable(path);
        Sha256Stream hash;
        for (;;) {
            if (stop_.stopped()) return BackupFailure{BackupErrc::stopped, "stopped"};
            auto piece = archive_.read();
            if (!piece) return piece.error();
            if (piece->empty()) break;
            hash.update(*piece);
            report_.bytes += piece->size();
            if (!write_all(file.get(), *piece)) return unwritable(path);
        }
        sums_.emplace(name, hash.finish_hex());
        if (is_stored) ++report_.files;
        return {};
    }

    /// Those of the file `name`, for their owner alone, as the server makes them. Opening the file says what failed.
    void make_folders(const std::string& name) const {
        for (auto end = name.find('/'); end != name.npos; end = name.find('/', end + 1))
            ::mkdir((folder_ + "/" + name.substr(0, end)).c_str(), 0700);
    }

    /// SHA256SUMS has to be the list of exactly what came, and the last file.
    BackupResult<void> check_sums() {
        auto text = archive_.read_text(kLongestSums);
        if (!text) return text.error();
        auto after = archive_.next();
        if (!after) return after.error();
        if (*after) return archive_.damaged("it goes on after its list of files");
        std::size_t listed = 0;
        std::string_view rest = *text;
        while (!rest.empty()) {
            const auto line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            constexpr std::size_t kDigits = 64, kName = kDigits + 2;
            if (line.size() <= kName) return archive_.damaged("its list of files is damaged");
            const std::string name(line.substr(kName));
            const auto found = sums_.find(name);
            if (found == sums_.end())
                return archive_.damaged(fmt::format("'{}' is missing in it", name.substr(0, 100)));
            if (found->second != line.substr(0, kDigits)) return archive_.damaged(fmt::format("'{}' is damaged", name));
            ++listed;
        }
        if (listed != sums_.size()) return archive_.damaged("its list of files is not complete");
        for (const std::string_view needed : {kDatabase, kSecret}) {
            if (!sums_.contains(std::string(needed))) return archive_.damaged(fmt::format("it has no {}", needed));
        }
        return {};
    }

    /// Files that the database does not name were deleted while the backup was made.
    BackupResult<void> check_database() {
        const std::string path = folder_ + "/" + std::string(kDatabase);
        if (auto whole = store::sqlite::check_database(path); !whole)
            return archive_.damaged(fmt::format("its database can't be used: {}", whole.error().message));
        const auto named = store::sqlite::named_files(path);
        if (!named) return archive_.damaged(fmt::format("its database can't be used: {}", named.error().message));
        for (const auto& [name, sum] : sums_) {
            if (!is_stored_file(name) || std::ranges::binary_search(*named, name)) continue;
            std::error_code ignored;
            fs::remove(folder_ + "/" + name, ignored);
            --report_.files;
        }
        for (const std::string& name : *named) report_.missing += sums_.contains(name) ? 0 : 1;
        return {};
    }

    static BackupFailure unwritable(const std::string& path) {
        return failed(fmt::format("{} can't be written: {}. Nothing was restored.", path, reason()));
    }

    ArchiveReader& archive_;
    const std::string folder_;
    const StopToken& stop_;
    std::map<std::string, std::string> sums_;  ///< by name
    RestoreReport report_;
};

/// Moves what was unpacked to its place; what was moved goes back, that is away, unless all was.
class Placing {
public:
    explicit Placing(const RestoreTarget& target) : target_(target) {}
    ~Placing() {
        std::error_code ignored;
        for (const std::string& path : placed_) fs::remove_all(path, ignored);
    }

    BackupResult<void> run(const std::string& folder) {
        std::error_code error;
        if (!sync()) return unwritable(target_.data_folder);
        if (auto placed = place_secret(folder + "/" + std::string(kSecret)); !placed) return placed;
        for (const std::string name : {"uploads", "artifacts", "longhand.db"}) {
            const std::string from = folder + "/" + name, to = target_.data_folder + "/" + name;
            if (!fs::exists(from, error)) continue;
            if (!move_to_new(from, to)) return unwritable(to);
            placed_.push_back(to);
        }
        if (!sync()) return unwritable(target_.data_folder);
        placed_.clear();
        return {};
    }

private:
    /// By writing: it may lie on another file system.
    BackupResult<void> place_secret(const std::string& from) {
        const Descriptor file(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
        std::string text(kLongestSecret, '\0');
        const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
        if (size < 0) return unwritable(from);
        if (!write_new_file(target_.secret_file, std::string_view(text).substr(0, static_cast<std::size_t>(size))))
            return unwritable(target_.secret_file);
        placed_.push_back(target_.secret_file);
        std::error_code ignored;
        fs::remove(from, ignored);
        return {};
    }

    /// All that was written to the folder's file system.
    bool sync() const {
        const Descriptor folder(::open(target_.data_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        return folder && ::syncfs(folder.get()) == 0;
    }

    static BackupFailure unwritable(const std::string& path) {
        return failed(fmt::format("{} can't be written: {}. Nothing was restored.", path, reason()));
    }

    static constexpr std::size_t kLongestSecret = 1 << 20;
    const RestoreTarget& target_;
    std::vector<std::string> placed_;
};

BackupResult<void> check_room(const std::string& folder, std::uint64_t bytes) {
    struct statvfs info {};
    if (::statvfs(folder.c_str(), &info) != 0) return failed(fmt::format("{} can't be used: {}.", folder, reason()));
    const auto free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
    if (free >= bytes) return {};
    return failed(
        fmt::format("There is no room for it at {}: the backup is {} MB and {} MB are free. Nothing was restored.",
                    folder, bytes >> 20, free >> 20));
}

}  // namespace

std::string contents_of(const std::string& data_folder) {
    constexpr std::size_t kShown = 3;
    std::vector<std::string> names;
    std::error_code ignored;
    for (fs::directory_iterator it(data_folder, ignored), end; it != end; it.increment(ignored)) {
        std::string name = it->path().filename().string();
        if (name != "lock" && name != "lost+found") names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    const bool more = names.size() > kShown;
    names.resize(std::min(names.size(), kShown));
    return fmt::format("{}{}", fmt::join(names, ", "), more ? ", …" : "");
}

BackupResult<RestoreReport> restore_backup(const std::string& file, const RestoreTarget& target,
                                           const StopToken& stop) {
    if (const std::string contents = contents_of(target.data_folder); !contents.empty()) {
        return failed(
            fmt::format("The data folder {} holds data ({}), which stays as it is: name a new folder with "
                        "--data.",
                        target.data_folder, contents));
    }
    std::error_code error;
    if (fs::exists(fs::symlink_status(target.secret_file, error)))
        return failed(
            fmt::format("There is a secret at {} already, which stays as it is: name another place with "
                        "--secret-file.",
                        target.secret_file));
    const Descriptor archive(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat info {};
    if (!archive || ::fstat(archive.get(), &info) != 0)
        return failed(fmt::format("The backup {} can't be read: {}.", file, reason()));
    if (!S_ISREG(info.st_mode)) return failed(fmt::format("The backup {} is not a file.", file));
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (auto room = check_room(target.data_folder, size); !room) return room.error();
    const auto folder = PassingFolder::make(target.data_folder + "/restore-");
    if (!folder.valid()) return failed(fmt::format("{} can't be written: {}.", target.data_folder, reason()));
    ArchiveReader reader(archive.get(), size, file);
    auto report = Unpacking(reader, folder.path(), stop).run();
    if (!report) return report;
    if (auto placed = Placing(target).run(folder.path()); !placed) return placed.error();
    return report;
}

}  // namespace longhand::backup

#include "store/file_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/descriptor.h"
#include "base/digest.h"

namespace longhand::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUploads = "uploads", kArtifacts = "artifacts", kScratch = "scratch", kIndex = "index";
/// Of files that are being written; a committed name never starts like this.
constexpr std::string_view kPartPrefix = ".part-";

StoreFailure failure(int error, const std::string& what) {
    std::string help = ".";
    if (error == ENOSPC || error == EDQUOT) help = ": free some space there, then try again.";
    if (error == EACCES || error == EPERM || error == EROFS) help = ": make the data folder writable for this user.";
    if (error == ENOTDIR) help = ": that should be a folder.";
    if (error == EMFILE || error == ENFILE) help = ": raise the limit on open files (LimitNOFILE, ulimit -n).";
    return {StoreErrc::unavailable, what + " (" + std::generic_category().message(error) + ")" + help};
}

std::string random_name() {
    return to_hex(random_bytes(16));
}

bool made_here(std::string_view path) {
    if (path.empty() || path.front() == '/' || path.find('\0') != std::string_view::npos) return false;
    while (!path.empty()) {
        const auto end = path.find('/');
        const auto part = path.substr(0, end);
        if (part.empty() || part == "." || part == "..") return false;
        path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
        if (end != std::string_view::npos && path.empty()) return false;
    }
    return true;
}

bool all_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

StoreResult<void> sync_folder(const std::string& folder) {
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return failure(errno, "The folder " + folder + " could not be synced");
    return {};
}

/// Makes `folder` below `root`, each level synced into its parent.
StoreResult<void> make_folders(const std::string& root, std::string_view folder) {
    std::string path = root;
    for (const auto& part : fs::path(folder)) {
        const std::string parent = path;
        path += "/" + part.string();
        if (::mkdir(path.c_str(), 0700) == 0) {
            if (auto synced = sync_folder(parent); !synced) return synced.error();
        } else if (errno != EEXIST) {
            return failure(errno, "The folder " + path + " could not be made");
        }
    }
    return {};
}

/// A file under a passing name in its final folder: gone again unless `publish` succeeded.
class PartFile {
public:
    static StoreResult<PartFile> make(const std::string& folder) {
        std::string path = folder + "/" + std::string(kPartPrefix) + random_name();
        Descriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        if (!fd) return failure(errno, "A file in " + folder + " could not be made");
        return PartFile(folder, std::move(path), std::move(fd));
    }
    PartFile(PartFile&& other) noexcept
        : folder_(std::move(other.folder_)), path_(std::exchange(other.path_, {})), fd_(std::move(other.fd_)) {}
    PartFile& operator=(PartFile&&) = delete;
    ~PartFile() {
        if (!path_.empty()) ::unlink(path_.c_str());
    }

    StoreResult<void> write(std::string_view piece) {
        if (!write_all(fd_.get(), piece)) return failure(errno, "The file " + path_ + " could not be written");
        return {};
    }

    /// Durable under `name` when this returns; an older file of that name is replaced.
    StoreResult<void> publish(const std::string& name) {
        if (::fsync(fd_.get()) != 0) return failure(errno, "The file " + path_ + " could not be synced");
        const std::string final_path = folder_ + "/" + name;
        if (::rename(path_.c_str(), final_path.c_str()) != 0) {
            return failure(errno, "The file " + final_path + " could not be put in place");
        }
        path_.clear();
        return sync_folder(folder_);
    }

private:
    PartFile(std::string folder, std::string path, Descriptor fd)
        : folder_(std::move(folder)), path_(std::move(path)), fd_(std::move(fd)) {}

    std::string folder_, path_;
    Descriptor fd_;
};

class UploadFile final : public FileStore::Upload {
public:
    explicit UploadFile(PartFile file) : file_(std::move(file)) {}

    StoreResult<void> write(std::string_view piece) override {
        if (auto written = file_.write(piece); !written) return written.error();
        hash_.update(piece);
        size_ += piece.size();
        return {};
    }
    std::uint64_t size() const override { return size_; }

    StoreResult<Stored> commit() override {
        const std::string name = random_name();
        if (auto published = file_.publish(name); !published) return published.error();
        return Stored{std::string(kUploads) + "/" + name, hash_.finish_hex(), size_};
    }

private:
    PartFile file_;
    Sha256Stream hash_;
    std::uint64_t size_ = 0;
};

StoreResult<void> copy_into(PartFile& target, const std::string& from) {
    const Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source) return failure(errno, "The file " + from + " could not be read");
    std::array<char, 1 << 16> buffer;
    for (;;) {
        const auto count = ::read(source.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failure(errno, "The file " + from + " could not be read");
        if (count == 0) return {};
        const auto written = target.write({buffer.data(), static_cast<std::size_t>(count)});
        if (!written) return written.error();
    }
}

}  // namespace

FileStore::FileStore(std::string data_folder) : data_folder_(std::move(data_folder)) {}

StoreResult<std::unique_ptr<FileStore::Upload>> FileStore::begin_upload() {
    if (auto made = make_folders(data_folder_, kUploads); !made) return made.error();
    auto file = PartFile::make(data_folder_ + "/" + std::string(kUploads));
    if (!file) return file.error();
    return std::unique_ptr<Upload>(std::make_unique<UploadFile>(std::move(*file)));
}

StoreResult<std::string> FileStore::put_artifact(Uuid job, std::string_view format, std::string_view sha256,
                                                 const std::string& from) {
    if (!all_of(format, "abcdefghijklmnopqrstuvwxyz0123456789.-_") || format.front() == '.' ||
        !all_of(sha256, "0123456789abcdef")) {
        return StoreFailure{StoreErrc::limit, "An artifact is named by a format and a SHA-256 in hexadecimal digits."};
    }
    const std::string folder = artifact_folder(job);
    const std::string name = std::string(format) + "-" + std::string(sha256);
    if (auto made = make_folders(data_folder_, folder); !made) return made.error();
    auto file = PartFile::make(data_folder_ + "/" + folder);
    if (!file) return file.error();
    if (auto copied = copy_into(*file, from); !copied) return copied.error();
    if (auto published = file->publish(name); !published) return published.error();
    return folder + "/" + name;
}

std::string FileStore::artifact_folder(Uuid job) {
    return std::string(kArtifacts) + "/" + job.to_string();
}

std::string FileStore::index_file(Uuid project) {
    return std::string(kIndex) + "/" + project.to_string() + ".db";
}

std::string FileStore::absolute(std::string_view path) const {
    return made_here(path) ? data_folder_ + "/" + std::string(path) : std::string();
}

void FileStore::remove(std::string_view path) {
    if (!made_here(path)) return;
    std::error_code ignored;
    fs::remove_all(absolute(path), ignored);
}

std::uint64_t FileStore::free_bytes() const {
    struct statvfs info {};
    if (::statvfs(data_folder_.c_str(), &info) != 0) return 0;
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

StoreResult<void> FileStore::check() const {
    for (const std::string_view folder : {kUploads, kArtifacts, kScratch, kIndex}) {
        if (auto made = make_folders(data_folder_, folder); !made) return made.error();
        auto file = PartFile::make(data_folder_ + "/" + std::string(folder));
        if (!file) return file.error();
        if (auto written = file->write("probe"); !written) return written.error();
    }
    return {};
}

StoreResult<std::string> FileStore::scratch_folder() {
    if (auto made = make_folders(data_folder_, kScratch); !made) return made.error();
    const std::string path = std::string(kScratch) + "/" + random_name();
    const std::string full = data_folder_ + "/" + path;
    if (::mkdir(full.c_str(), 0700) != 0) return failure(errno, "The folder " + full + " could not be made");
    return path;
}

std::vector<std::string> FileStore::uploads_older_than(std::chrono::hours age) const {
    std::vector<std::string> paths;
    const auto now = fs::file_time_type::clock::now();
    std::error_code error;
    for (fs::directory_iterator it(data_folder_ + "/" + std::string(kUploads), error), end; !error && it != end;
         it.increment(error)) {
        std::error_code gone;
        const auto written = it->last_write_time(gone);
        const std::string name = it->path().filename().string();
        if (gone || name.starts_with(kPartPrefix) || now - written < age) continue;
        paths.push_back(std::string(kUploads) + "/" + name);
    }
    return paths;
}

void FileStore::clear_scratch() {
    std::error_code ignored;
    for (fs::directory_iterator it(data_folder_ + "/" + std::string(kScratch), ignored), end; it != end;
         it.increment(ignored)) {
        fs::remove_all(it->path(), ignored);
    }
    for (fs::directory_iterator it(data_folder_ + "/" + std::string(kUploads), ignored), end; it != end;
         it.increment(ignored)) {
        if (it->path().filename().string().starts_with(kPartPrefix)) fs::remove(it->path(), ignored);
    }
    for (fs::directory_iterator it(data_folder_ + "/" + std::string(kIndex), ignored), end; it != end;
         it.increment(ignored)) {
        if (it->path().filename().string().find(std::string(".db") + std::string(kPartPrefix)) != std::string::npos)
            fs::remove(it->path(), ignored);
    }
}

}  // namespace longhand::store

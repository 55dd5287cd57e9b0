#include "backup/archive_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <vector>

#include "backup/file.h"
#include "base/digest.h"

namespace longhand::backup {
namespace {

constexpr std::size_t kPiece = 1 << 18;

struct FreeEntry {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

BackupFailure unreadable(const std::string& path) {
    return {BackupErrc::failed, fmt::format("{} can't be read: {}.", path, reason())};
}

}  // namespace

void ArchiveWriter::Free::operator()(archive* writer) const {
    archive_write_free(writer);
}

la_ssize_t ArchiveWriter::write(archive* writer, void* self, const void* bytes, std::size_t count) {
    const auto* one = static_cast<const ArchiveWriter*>(self);
    if (one->is_given_up_) return -1;
    while (true) {
        const ssize_t written = ::write(one->fd_, bytes, count);
        if (written >= 0) return written;
        if (errno == EINTR) continue;
        archive_set_error(writer, errno, "%s", reason().c_str());
        return -1;
    }
}

ArchiveWriter::ArchiveWriter(int fd, std::string shown)
    : fd_(fd), shown_(std::move(shown)), archive_(archive_write_new()) {
    if (!archive_) throw std::bad_alloc();
    // Plain where it can be, with an extra header for what an old tar has no room for (files of 8 GB).
    archive_write_set_format_pax_restricted(archive_.get());
    archive_write_set_bytes_in_last_block(archive_.get(), 1);
    if (archive_write_open(archive_.get(), this, nullptr, &ArchiveWriter::write, nullptr) != ARCHIVE_OK)
        throw std::bad_alloc();
}

ArchiveWriter::~ArchiveWriter() {
    // Else libarchive would fill up what is missing of the last file. Told by archive_write_fail() to leave that, it
    // leaves its buffers too (3.6.2).
    is_given_up_ = true;
}

BackupFailure ArchiveWriter::failed() const {
    const char* why = archive_error_string(archive_.get());
    return {BackupErrc::failed,
            fmt::format("The backup {} can't be written: {}. Nothing of it is left; free some space, "
                        "or choose another place.",
                        shown_, why == nullptr ? "the disk takes no more" : why)};
}

BackupResult<void> ArchiveWriter::begin(std::string_view name, std::uint64_t size) {
    const std::unique_ptr<archive_entry, FreeEntry> entry(archive_entry_new());
    if (!entry) throw std::bad_alloc();
    archive_entry_set_pathname(entry.get(), std::string(name).c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0600);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size));
    archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
    if (archive_write_header(archive_.get(), entry.get()) != ARCHIVE_OK) return failed();
    return {};
}

BackupResult<void> ArchiveWriter::data(std::string_view piece) {
    while (!piece.empty()) {
        const la_ssize_t count = archive_write_data(archive_.get(), piece.data(), piece.size());
        if (count <= 0) return failed();
        piece.remove_prefix(static_cast<std::size_t>(count));
        bytes_ += static_cast<std::uint64_t>(count);
    }
    return {};
}

void ArchiveWriter::note(std::string_view name, const std::string& sha256) {
    sums_ += fmt::format("{}  {}\n", sha256, name);
}

BackupResult<void> ArchiveWriter::add_text(std::string_view name, std::string_view text) {
    if (auto begun = begin(name, text.size()); !begun) return begun.error();
    if (auto written = data(text); !written) return written.error();
    note(name, sha256_hex(text));
    return {};
}

BackupResult<ArchiveWriter::Added> ArchiveWriter::add_file(std::string_view name, const std::string& path,
                                                           const StopToken& stop) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file && (errno == ENOENT || errno == ENOTDIR)) return Added::not_there;
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return unreadable(path);
    if (!S_ISREG(info.st_mode)) return BackupFailure{BackupErrc::failed, fmt::format("{} is not a file.", path)};
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (auto begun = begin(name, size); !begun) return begun.error();
    std::vector<char> buffer(kPiece);
    Sha256Stream hash;
    std::uint64_t done = 0;
    while (done < size) {
        if (stop.stopped()) return BackupFailure{BackupErrc::stopped, "stopped"};
        const ssize_t count = ::read(file.get(), buffer.data(), std::min<std::uint64_t>(buffer.size(), size - done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path);
        if (count == 0)
            return BackupFailure{BackupErrc::failed, fmt::format("{} became shorter as it was read.", path)};
        const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
        hash.update(piece);
        if (auto written = data(piece); !written) return written.error();
        done += piece.size();
    }
    note(name, hash.finish_hex());
    return Added::yes;
}

BackupResult<void> ArchiveWriter::finish() {
    if (auto begun = begin(kSums, sums_.size()); !begun) return begun.error();
    if (auto written = data(sums_); !written) return written.error();
    if (archive_write_close(archive_.get()) != ARCHIVE_OK) return failed();
    return {};
}

}  // namespace longhand::backup

#include "backup/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <new>

namespace longhand::backup {
namespace {

constexpr std::size_t kReadAtOnce = 1 << 18;

bool is_plain_file(archive_entry* entry) {
    return archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr &&
           archive_entry_symlink(entry) == nullptr && archive_entry_sparse_count(entry) == 0 &&
           archive_entry_size_is_set(entry) != 0 && archive_entry_size(entry) >= 0;
}

}  // namespace

void ArchiveReader::Free::operator()(archive* reader) const {
    archive_read_free(reader);
}

ArchiveReader::ArchiveReader(int fd, std::uint64_t size, std::string shown)
    : archive_(archive_read_new()), shown_(std::move(shown)), left_(size), buffer_(kReadAtOnce, '\0') {
    if (!archive_) throw std::bad_alloc();
    // Plain tar and nothing else: no packing that could grow, no other format's reader.
    archive_read_support_format_tar(archive_.get());
    // Its errors, of a file that is no tar say, come again with the first entry.
    archive_read_open_fd(archive_.get(), fd, kReadAtOnce);
}

ArchiveReader::~ArchiveReader() = default;

BackupFailure ArchiveReader::damaged(std::string_view how) const {
    return {BackupErrc::failed, fmt::format("{} can't be restored: {}. Nothing was restored.", shown_, how)};
}

BackupFailure ArchiveReader::broken() const {
    const char* why = archive_error_string(archive_.get());
    return damaged(fmt::format("it is cut short, damaged, or no backup ({})", why == nullptr ? "unreadable" : why));
}

BackupResult<std::optional<std::string>> ArchiveReader::next() {
    archive_entry* entry = nullptr;
    const int result = archive_read_next_header(archive_.get(), &entry);
    if (result == ARCHIVE_EOF) return std::optional<std::string>();
    if (result != ARCHIVE_OK) return broken();
    const char* path = archive_entry_pathname(entry);
    if (path == nullptr) return damaged("an entry has no name");
    std::string name = path;
    if (!is_plain_file(entry)) return damaged(fmt::format("'{}' in it is not a plain file", name.substr(0, 100)));
    of_this_ = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (of_this_ > left_) return damaged(fmt::format("'{}' says it is longer than the archive", name.substr(0, 100)));
    left_ -= of_this_;
    return std::optional(std::move(name));
}

BackupResult<std::string_view> ArchiveReader::read() {
    const la_ssize_t count = archive_read_data(archive_.get(), buffer_.data(), buffer_.size());
    if (count < 0) return broken();
    if (static_cast<std::uint64_t>(count) > of_this_) return damaged("a file is longer than it says");
    of_this_ -= static_cast<std::uint64_t>(count);
    if (count == 0 && of_this_ > 0) return damaged("a file is shorter than it says");
    return std::string_view(buffer_.data(), static_cast<std::size_t>(count));
}

BackupResult<std::string> ArchiveReader::read_text(std::size_t limit) {
    std::string text;
    for (;;) {
        auto piece = read();
        if (!piece) return piece.error();
        if (piece->empty()) return text;
        if (text.size() + piece->size() > limit) return damaged("one of its texts is too long");
        text += *piece;
    }
}

}  // namespace longhand::backup

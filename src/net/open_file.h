// A file that is open for reading, by position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "net/errors.h"

namespace longhand::net {

class OpenFile {
public:
    /// A regular file only. Errors: unreachable, with the path and the reason.
    static NetResult<OpenFile> open(const std::string& path);

    OpenFile(OpenFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}
    OpenFile& operator=(OpenFile&&) = delete;
    ~OpenFile();

    /// When it was opened.
    std::uint64_t size() const { return size_; }
    /// Blocks. Fewer than `size` bytes at the file's end; 0 past it and when it cannot be read.
    std::size_t read_at(std::uint64_t offset, char* out, std::size_t size) const;

private:
    OpenFile(int descriptor, std::uint64_t size) : descriptor_(descriptor), size_(size) {}

    int descriptor_;
    std::uint64_t size_;
};

}  // namespace longhand::net

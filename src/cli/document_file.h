// The file that a fetched document is written to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace longhand::cli {

enum class DocumentErrc {
    no_reader,  ///< a FIFO that nobody reads yet: to be tried again
    failed,     ///< the message says why
};
template <class T>
using DocumentFileResult = Result<T, DocumentErrc>;

/// A regular file is there whole or not at all: what it held is replaced by a rename once all is written, where a
/// link leads. What is no regular file (a FIFO, a device) is written into and stays what it is.
class DocumentFile {
public:
    /// Nothing waits in it. Errors: all.
    static DocumentFileResult<std::unique_ptr<DocumentFile>> open(const std::string& path);
    ~DocumentFile();
    DocumentFile(const DocumentFile&) = delete;
    DocumentFile& operator=(const DocumentFile&) = delete;

    /// False when it can't be written: `finish` says why. Waits for whoever reads a FIFO.
    bool write(std::string_view piece);
    bool has_failed() const { return error_ != 0; }
    /// Puts it in place, and gives its size. Without it nothing of a regular file is left. Errors: failed.
    DocumentFileResult<std::uint64_t> finish();

private:
    DocumentFile(int descriptor, std::string target, std::string partial)
        : descriptor_(descriptor), target_(std::move(target)), partial_(std::move(partial)) {}

    int descriptor_;
    const std::string target_;
    std::string partial_;  ///< empty when it is written straight into, or in place
    std::uint64_t size_ = 0;
    int error_ = 0;
};

}  // namespace longhand::cli

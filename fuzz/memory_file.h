// A file without a disk, for what is read by its path.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "fuzz/target.h"

namespace longhand::fuzz {

/// Holds `text`, with mode 0600, for as long as it lives. Used by one thread.
class MemoryFile {
public:
    explicit MemoryFile(std::string_view text) : file_(::memfd_create("longhand-fuzz", MFD_CLOEXEC)) {
        const bool is_made = file_.get() >= 0 && ::fchmod(file_.get(), 0600) == 0 && write_all(file_.get(), text);
        require(is_made, "a file in memory can be made");
    }
    std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

private:
    Descriptor file_;
};

}  // namespace longhand::fuzz

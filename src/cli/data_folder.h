// The data folder and its lock. The lock tells that a process lives; the files beside it only say who and where.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"

namespace longhand::cli {

enum class FolderErrc {
    unusable,  ///< can't be made, read or written; the message says what and why
    held,      ///< another process holds the lock
};

/// Who holds the folder, as it wrote it itself; believed only while the lock is held.
struct Holder {
    std::int64_t pid = 0;
    std::string address;  ///< `http://127.0.0.1:8080` of a server; empty for another command
    std::string key_pin;  ///< of a server under TLS: TlsCertificate::public_key_pin
};

/// The folder, locked by this process until it is destroyed. Children don't inherit the lock.
class DataFolder {
public:
    /// Makes the folder when it is missing, and takes its lock; another process that only looks has let go within a
    /// moment.
    static Result<std::unique_ptr<DataFolder>, FolderErrc> lock(const std::string& path);
    ~DataFolder();
    DataFolder(const DataFolder&) = delete;
    DataFolder& operator=(const DataFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    /// Says where the server of this folder answers: `server.json`, gone again with this object. Again: replaces it.
    Result<void, FolderErrc> announce(const std::string& address, const std::string& key_pin);

private:
    DataFolder(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

    std::string path_;
    int descriptor_;
    bool announced_ = false;
};

/// Makes the folder (mode 0700) when it is missing; gives its path without links.
Result<std::string, FolderErrc> prepare_folder(const std::string& path);

/// Who holds the lock of `path` at this moment; nothing when nobody does.
std::optional<Holder> holder_of(const std::string& path);

/// `$XDG_DATA_HOME/longhand`, else `$HOME/.local/share/longhand`; nothing where neither is set.
std::optional<std::string> default_data_folder();

}  // namespace longhand::cli

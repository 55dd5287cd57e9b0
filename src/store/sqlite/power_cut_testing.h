// A machine under SQLite whose power can be cut. `kill -9` leaves what was written in the page cache; this does not.
#pragma once

#include <fmt/format.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <new>
#include <stdexcept>

#include "store/sqlite/power_cut_disk_testing.h"

namespace longhand::store::sqlite {

/// What a sync is worth.
enum class Syncs {
    kept,
    ignored,  ///< a disk that lies: it says that it has synced, and has not
};

/// A VFS over the system's own, registered under a name of its own while this lives. The real files are the page cache:
/// they hold every write. Beside them, in memory, is what the disk is sure to have of databases and their journals
/// (`-journal`, `-wal`); temporary files and the WAL-index (`-shm`) are not of the disk. All files are in one folder.
///
/// After a cut every call fails with SQLITE_IOERR, also through connections that are closed later, and `settle` puts
/// one outcome of the cut in the files' place. Another machine, or none, may then open them.
///
/// Thread-safe, but that all connections are closed before it goes, and none is in a call during `settle`.
class PowerCutMachine {
public:
    explicit PowerCutMachine(Syncs syncs = Syncs::kept) : syncs_(syncs) {
        vfs_.iVersion = 2;
        vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + system_->szOsFile;
        vfs_.mxPathname = system_->mxPathname;
        vfs_.zName = name_.c_str();
        vfs_.pAppData = this;
        vfs_.xOpen = &open;
        vfs_.xDelete = &remove;
        vfs_.xAccess = &access;
        forward_the_rest();
        if (sqlite3_vfs_register(&vfs_, 0) != SQLITE_OK) throw std::runtime_error("the VFS can't be registered");
    }
    ~PowerCutMachine() { sqlite3_vfs_unregister(&vfs_); }
    PowerCutMachine(const PowerCutMachine&) = delete;
    PowerCutMachine& operator=(const PowerCutMachine&) = delete;

    /// What a connection to this machine's files is opened through.
    const std::string& vfs() const { return name_; }

    /// Writes, truncations, syncs and deletions so far.
    std::uint64_t operations() const {
        std::lock_guard lock(mutex_);
        return operations_;
    }
    /// The power goes in the place of one of those to come, 1 for the next.
    void cut_at(std::uint64_t operation) {
        std::lock_guard lock(mutex_);
        last_operation_ = operations_ + operation;
    }
    void cut() {
        std::lock_guard lock(mutex_);
        has_power_ = false;
    }
    bool has_power() const { return has_power_; }

    /// Cuts the power if it is still there, and makes the files what the disk holds then, for one seed: each gives
    /// another outcome, in sectors of 512 or 4,096 bytes. May be called again.
    void settle(std::uint64_t seed) {
        cut();
        std::lock_guard lock(mutex_);
        std::mt19937_64 random(seed);
        const std::size_t sector = random() % 2 == 0 ? 512 : 4'096;
        for (const auto& [name, content] : folder_.after_cut(random, sector)) {
            // A new file: handles of this machine that are still open keep the old one, with its locks.
            std::filesystem::remove(name);
            std::filesystem::remove(name + "-shm");
            if (content) std::ofstream(name, std::ios::binary) << *content;
        }
    }

private:
    // What SQLite holds; the system's own file comes right behind it in the same memory.
    struct Handle : sqlite3_file {
        PowerCutMachine* machine = nullptr;
        std::shared_ptr<DiskFile> disk;
        bool syncs_names = false;  ///< with its first sync

        sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
        const sqlite3_io_methods* calls() { return real()->pMethods; }
        bool is_dead() const { return !machine->has_power_; }
    };
    static Handle& handle(sqlite3_file* file) { return *static_cast<Handle*>(file); }
    static PowerCutMachine& machine(sqlite3_vfs* vfs) { return *static_cast<PowerCutMachine*>(vfs->pAppData); }
    static sqlite3_vfs* system(sqlite3_vfs* vfs) { return machine(vfs).system_; }

    // One operation on the disk; `failure` in its place once the power is gone.
    template <class Act>
    int operate(int failure, Act act) {
        std::lock_guard lock(mutex_);
        if (has_power_ && ++operations_ == last_operation_) has_power_ = false;
        return has_power_ ? act() : failure;
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* given_flags) {
        constexpr int kOnDisk =
            SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
        file->pMethods = nullptr;
        if (name == nullptr || (flags & kOnDisk) == 0) {
            return system(vfs)->xOpen(system(vfs), name, file, flags, given_flags);
        }
        return machine(vfs).open_on_disk(name, file, flags, given_flags);
    }
    int open_on_disk(const char* name, sqlite3_file* memory, int flags, int* given_flags) {
        std::lock_guard lock(mutex_);
        if (!has_power_) return SQLITE_IOERR;
        const bool is_new = !std::filesystem::exists(name);
        auto* opened = new (memory) Handle();
        opened->real()->pMethods = nullptr;
        const int result = system_->xOpen(system_, name, opened->real(), flags, given_flags);
        if (result != SQLITE_OK) {
            if (opened->calls() != nullptr) opened->calls()->xClose(opened->real());
            opened->~Handle();
            memory->pMethods = nullptr;
            return result;
        }
        opened->machine = this;
        opened->disk = folder_.find(name);
        if (!opened->disk) opened->disk = is_new ? folder_.create(name) : folder_.adopt(name, content(*opened));
        // As the unix VFS does, for whose folder nobody else cares.
        opened->syncs_names = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & SQLITE_OPEN_MAIN_DB) == 0;
        opened->pMethods = methods();
        return SQLITE_OK;
    }
    // Not by a stream of our own: closing it would end all locks that this process has on the file.
    static std::string content(Handle& handle) {
        sqlite3_int64 size = 0;
        handle.calls()->xFileSize(handle.real(), &size);
        std::string bytes(static_cast<std::size_t>(size), '\0');
        handle.calls()->xRead(handle.real(), bytes.data(), static_cast<int>(size), 0);
        return bytes;
    }
    static int remove(sqlite3_vfs* vfs, const char* name, int syncs_folder) {
        PowerCutMachine& self = machine(vfs);
        return self.operate(SQLITE_IOERR_DELETE, [&] {
            if (!self.folder_.find(name) && std::filesystem::exists(name)) {
                std::ifstream file(name, std::ios::binary);
                self.folder_.adopt(name, {std::istreambuf_iterator<char>(file), {}});
            }
            const int result = self.system_->xDelete(self.system_, name, 0);
            if (result != SQLITE_OK) return result;
            self.folder_.remove(name);
            if (syncs_folder != 0 && self.syncs_ == Syncs::kept) self.folder_.sync_names();
            return SQLITE_OK;
        });
    }
    static int access(sqlite3_vfs* vfs, const char* name, int flags, int* answer) {
        if (!machine(vfs).has_power_) return SQLITE_IOERR_ACCESS;
        return system(vfs)->xAccess(system(vfs), name, flags, answer);
    }
    void forward_the_rest() {
        vfs_.xFullPathname = [](sqlite3_vfs* vfs, const char* name, int size, char* full) {
            return system(vfs)->xFullPathname(system(vfs), name, size, full);
        };
        vfs_.xRandomness = [](sqlite3_vfs* vfs, int size, char* bytes) {
            return system(vfs)->xRandomness(system(vfs), size, bytes);
        };
        vfs_.xSleep = [](sqlite3_vfs* vfs, int micros) { return system(vfs)->xSleep(system(vfs), micros); };
        vfs_.xCurrentTime = [](sqlite3_vfs* vfs, double* time) { return system(vfs)->xCurrentTime(system(vfs), time); };
        vfs_.xGetLastError = [](sqlite3_vfs* vfs, int size, char* text) {
            return system(vfs)->xGetLastError(system(vfs), size, text);
        };
        vfs_.xCurrentTimeInt64 = [](sqlite3_vfs* vfs, sqlite3_int64* time) {
            return system(vfs)->xCurrentTimeInt64(system(vfs), time);
        };
    }

    static const sqlite3_io_methods* methods() {
        // Version 2 has what the WAL needs; 3 would map the file into memory, past `read`.
        static const sqlite3_io_methods kMethods = [] {
            sqlite3_io_methods all{};
            all.iVersion = 2;
            set_bytes(all);
            set_locks(all);
            set_shared_memory(all);
            return all;
        }();
        return &kMethods;
    }
    static void set_bytes(sqlite3_io_methods& all) {
        all.xClose = [](sqlite3_file* file) {
            const int result = handle(file).calls()->xClose(handle(file).real());
            handle(file).~Handle();
            return result;
        };
        all.xRead = [](sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
            if (handle(file).is_dead()) return SQLITE_IOERR_READ;
            return handle(file).calls()->xRead(handle(file).real(), bytes, size, offset);
        };
        all.xWrite = [](sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
            return handle(file).machine->operate(SQLITE_IOERR_WRITE, [&] {
                const int result = handle(file).calls()->xWrite(handle(file).real(), bytes, size, offset);
                const std::string_view written(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
                if (result == SQLITE_OK) handle(file).disk->write(static_cast<std::uint64_t>(offset), written);
                return result;
            });
        };
        all.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) {
            return handle(file).machine->operate(SQLITE_IOERR_TRUNCATE, [&] {
                const int result = handle(file).calls()->xTruncate(handle(file).real(), size);
                if (result == SQLITE_OK) handle(file).disk->truncate(static_cast<std::uint64_t>(size));
                return result;
            });
        };
        all.xSync = [](sqlite3_file* file, int) {
            PowerCutMachine& self = *handle(file).machine;
            return self.operate(SQLITE_IOERR_FSYNC, [&] {
                if (self.syncs_ == Syncs::ignored) return SQLITE_OK;
                handle(file).disk->sync();
                if (std::exchange(handle(file).syncs_names, false)) self.folder_.sync_names();
                return SQLITE_OK;
            });
        };
        all.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
            if (handle(file).is_dead()) return SQLITE_IOERR_FSTAT;
            return handle(file).calls()->xFileSize(handle(file).real(), size);
        };
    }
    // What gives back goes through after a cut too, so that a dead connection can be closed.
    static void set_locks(sqlite3_io_methods& all) {
        all.xLock = [](sqlite3_file* file, int level) {
            if (handle(file).is_dead()) return SQLITE_IOERR_LOCK;
            return handle(file).calls()->xLock(handle(file).real(), level);
        };
        all.xUnlock = [](sqlite3_file* file, int level) {
            return handle(file).calls()->xUnlock(handle(file).real(), level);
        };
        all.xCheckReservedLock = [](sqlite3_file* file, int* answer) {
            if (handle(file).is_dead()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
            return handle(file).calls()->xCheckReservedLock(handle(file).real(), answer);
        };
        all.xFileControl = [](sqlite3_file* file, int what, void* argument) {
            return handle(file).calls()->xFileControl(handle(file).real(), what, argument);
        };
        all.xSectorSize = [](sqlite3_file* file) { return handle(file).calls()->xSectorSize(handle(file).real()); };
        all.xDeviceCharacteristics = [](sqlite3_file* file) {
            return handle(file).calls()->xDeviceCharacteristics(handle(file).real());
        };
    }
    static void set_shared_memory(sqlite3_io_methods& all) {
        all.xShmMap = [](sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
            if (handle(file).is_dead()) return SQLITE_IOERR_SHMMAP;
            return handle(file).calls()->xShmMap(handle(file).real(), page, size, extend, memory);
        };
        all.xShmLock = [](sqlite3_file* file, int offset, int count, int flags) {
            if (handle(file).is_dead() && (flags & SQLITE_SHM_LOCK) != 0) return SQLITE_IOERR_SHMLOCK;
            return handle(file).calls()->xShmLock(handle(file).real(), offset, count, flags);
        };
        all.xShmBarrier = [](sqlite3_file* file) { handle(file).calls()->xShmBarrier(handle(file).real()); };
        all.xShmUnmap = [](sqlite3_file* file, int removes) {
            // By then a file of that name may be another machine's.
            const int may_remove = handle(file).is_dead() ? 0 : removes;
            return handle(file).calls()->xShmUnmap(handle(file).real(), may_remove);
        };
    }

    const Syncs syncs_;
    sqlite3_vfs* const system_ = sqlite3_vfs_find(nullptr);
    const std::string name_ = fmt::format("power-cut-{}", fmt::ptr(this));
    sqlite3_vfs vfs_{};
    mutable std::mutex mutex_;
    DiskFolder folder_;
    std::uint64_t operations_ = 0;
    std::uint64_t last_operation_ = 0;  ///< 0: none is
    std::atomic<bool> has_power_ = true;
};

}  // namespace longhand::store::sqlite

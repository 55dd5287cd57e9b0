// What a disk holds once the power has gone: all that was synced, and of the rest what chance has written by then.
//
// The rules are those that SQLite counts on (https://www.sqlite.org/atomiccommit.html, "Hardware Assumptions"), with
// SQLITE_IOCAP_POWERSAFE_OVERWRITE, which its unix VFS claims. A sync is a promise. A change that was not synced may be
// on the disk or not, whatever was changed before or after it; a write may be there in some of its sectors only. Bytes
// beside it stay as they were; where a file has grown around a lost piece there are zeros. A name that was made or
// removed is sure once its folder is synced.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

namespace longhand::store::sqlite {

/// The bytes of one file: what the disk is sure to have, and the changes that may be in memory alone.
class DiskFile {
public:
    /// After so many bytes the oldest changes are written unasked, as a system short of memory does. Bounds a test too.
    static constexpr std::size_t kMostUnsynced = 16U << 20;

    explicit DiskFile(std::string durable = {}) : durable_(std::move(durable)) {}

    void write(std::uint64_t offset, std::string_view bytes) {
        unsynced_.push_back({offset, std::string(bytes)});
        unsynced_bytes_ += bytes.size();
        while (unsynced_bytes_ > kMostUnsynced) write_back_oldest();
    }
    void truncate(std::uint64_t size) { unsynced_.push_back({size, std::nullopt}); }
    void sync() {
        while (!unsynced_.empty()) write_back_oldest();
    }

    /// One of the contents that the file may have if the power goes now. `sector`: the bytes that live or die together.
    std::string after_cut(std::mt19937_64& random, std::size_t sector) const {
        std::bernoulli_distribution survives(survival_rate(random));
        std::string bytes = durable_;
        for (const Change& change : unsynced_) {
            if (!change.bytes) {
                if (survives(random)) apply(bytes, change.offset, std::nullopt);
                continue;
            }
            std::string_view rest = *change.bytes;
            for (std::uint64_t at = change.offset; !rest.empty();) {
                const std::string_view piece = rest.substr(0, sector - at % sector);
                if (survives(random)) apply(bytes, at, piece);
                at += piece.size();
                rest.remove_prefix(piece.size());
            }
        }
        return bytes;
    }

private:
    struct Change {
        std::uint64_t offset = 0;          ///< of the bytes; or the size to cut the file to
        std::optional<std::string> bytes;  ///< nothing: a truncation
    };

    static void apply(std::string& content, std::uint64_t offset, std::optional<std::string_view> bytes) {
        if (!bytes) return content.resize(offset);
        if (content.size() < offset + bytes->size()) content.resize(offset + bytes->size());
        content.replace(offset, bytes->size(), *bytes);
    }
    // Each file its own, so that of two files the one may have everything and the other nothing.
    static double survival_rate(std::mt19937_64& random) {
        constexpr double kRates[] = {0, 1, 0.1, 0.5, 0.9};
        return kRates[random() % std::size(kRates)];
    }
    void write_back_oldest() {
        const Change& change = unsynced_.front();
        apply(durable_, change.offset, change.bytes);
        unsynced_bytes_ -= change.bytes ? change.bytes->size() : 0;
        unsynced_.pop_front();
    }

    std::string durable_;
    std::deque<Change> unsynced_;
    std::size_t unsynced_bytes_ = 0;
};

/// A folder: which file has which name now, and which had it when the folder was synced last.
class DiskFolder {
public:
    /// The file of that name; null when there is none that this folder has been told of.
    std::shared_ptr<DiskFile> find(const std::string& name) const {
        const auto found = names_.find(name);
        return found == names_.end() ? nullptr : found->second;
    }
    /// A file that was there when the machine started.
    std::shared_ptr<DiskFile> adopt(const std::string& name, std::string bytes) {
        return names_[name] = synced_names_[name] = std::make_shared<DiskFile>(std::move(bytes));
    }
    std::shared_ptr<DiskFile> create(const std::string& name) { return names_[name] = std::make_shared<DiskFile>(); }
    void remove(const std::string& name) { names_.erase(name); }
    void sync_names() { synced_names_ = names_; }

    /// One of the outcomes of a cut now, by name: the file's content, or nothing where there is no file of that name.
    std::map<std::string, std::optional<std::string>> after_cut(std::mt19937_64& random, std::size_t sector) const {
        std::map<std::string, std::optional<std::string>> outcome;
        for (const auto* names : {&names_, &synced_names_}) {
            for (const auto& [name, file] : *names) outcome[name] = std::nullopt;
        }
        for (auto& [name, content] : outcome) {
            const auto synced = synced_names_.find(name);
            std::shared_ptr<DiskFile> file = synced == synced_names_.end() ? nullptr : synced->second;
            if (random() % 2 == 0) file = find(name);
            if (file) content = file->after_cut(random, sector);
        }
        return outcome;
    }

private:
    using Names = std::map<std::string, std::shared_ptr<DiskFile>>;
    Names names_;
    Names synced_names_;
};

}  // namespace longhand::store::sqlite

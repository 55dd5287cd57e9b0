#include "engine/prompt_sources.h"

#include <map>

#include "base/task_scope.h"
#include "engine/job_sources.h"
#include "engine/outputs.h"
#include "sources/index.h"
#include "sources/kind.h"
#include "sources/reader.h"

namespace longhand::engine {
namespace {

using writing::NamedPassage;
using Hits = std::vector<sources::Hit>;

constexpr std::size_t kPromptFiles = 20, kPassagesOfAFile = 300, kPromptPassages = 12, kPromptPassagesPerFile = 4;
constexpr std::uint64_t kLargestFileRead = 8ULL << 20;

awaitable<void> stop_reading_at(Runtime& runtime, SteadyTime deadline, StopSource cut, StopToken over) {
    const WaitResult result = co_await runtime.sleep_until(deadline, over);
    if (result == WaitResult::elapsed) cut.stop(StopReason::deadline);
}

/// The files of one question, one after the other.
class PromptReading {
public:
    PromptReading(Environment& environment, const PromptQuestion& question, StopToken stop)
        : environment_(environment), question_(question), stop_(std::move(stop)) {}

    awaitable<void> read_all() {
        for (std::size_t i = 0; i < std::min(question_.files.size(), kPromptFiles) && !stop_.stopped(); ++i) {
            auto reading = read(&question_.files[i]);
            co_await std::move(reading);
        }
    }

    awaitable<std::vector<NamedPassage>> best() {
        std::vector<NamedPassage> found;
        if (passages_.empty()) co_return found;
        auto folder = scratch_folder(environment_.files);
        if (!folder.has_value()) co_return found;
        const ScratchFolder scratch(*folder);
        std::function<Hits()> search = [path = *folder + "/index", passages = passages_,
                                        query = question_.wish.prompt] {
            auto index = sources::PassageIndex::open(path, passages);
            return index.has_value() ? (*index)->search(query, kPromptPassages, kPromptPassagesPerFile) : Hits{};
        };
        const Hits hits = co_await run_blocking<Hits>(environment_.runtime, std::move(search));
        for (const sources::Hit& hit : hits) found.push_back({names_[hit.passage.file_sha256], hit.passage});
        if (!found.empty()) co_return found;
        // A request that names nothing of its sources: their beginnings.
        for (const sources::Passage& passage : passages_) {
            if (passage.position == 0 && found.size() < kPromptPassages)
                found.push_back({names_[passage.file_sha256], passage});
        }
        co_return found;
    }

private:
    awaitable<void> read(const store::ProjectFile* file) {
        const std::string as(sources::reading_of(file->name));
        auto looking = environment_.store.source(question_.owner, file->sha256, as);
        const store::StoreResult<store::StoredSource> stored = co_await std::move(looking);
        if (stored.has_value() && is_read_so(*stored, as)) {
            keep(*file, *stored);
            co_return;
        }
        const bool may_be_read = stored.has_value() || stored.error().code == store::StoreErrc::not_found;
        if (!may_be_read || file->size > kLargestFileRead) co_return;
        auto reading = read_afresh(file);
        co_await std::move(reading);
    }

    awaitable<void> read_afresh(const store::ProjectFile* file) {
        auto folder = scratch_folder(environment_.files);
        if (!folder.has_value()) co_return;
        const ScratchFolder scratch(*folder);
        sources::SourceFile source{file->sha256, file->name, environment_.files.absolute(file->path), file->size};
        auto reading =
            sources::read_source(environment_.runtime, std::move(source), *folder, stop_, environment_.options.policy);
        const sources::SourceResult<sources::ReadSource> got = co_await std::move(reading);
        if (!got.has_value()) co_return;
        store::StoredSource stored{.sha256 = file->sha256, .title = got->title, .kind = got->kind};
        stored.reading = sources::reading_of(file->name);
        for (const auto& passage : got->passages) stored.passages.push_back(to_stored(passage));
        keep(*file, stored);
        auto putting = environment_.store.put_source(question_.owner, std::move(stored));
        const store::StoreResult<void> put = co_await std::move(putting);
        ignore_result(put, "whoever needs it reads it again");
    }

    void keep(const store::ProjectFile& file, const store::StoredSource& stored) {
        if (!names_.try_emplace(file.sha256, file.name).second) return;
        for (std::size_t i = 0; i < std::min(stored.passages.size(), kPassagesOfAFile); ++i)
            passages_.push_back(from_stored(stored.passages[i]));
    }

    Environment& environment_;
    const PromptQuestion& question_;
    const StopToken stop_;
    std::map<std::string, std::string> names_;  ///< by hash
    std::vector<sources::Passage> passages_;
};

}  // namespace

awaitable<std::vector<NamedPassage>> passages_for_prompt(Environment& environment, const PromptQuestion* question,
                                                         SteadyTime deadline, StopToken stop) {
    if (question->files.empty()) co_return std::vector<NamedPassage>{};
    StopSource cut;
    StopCallback forward(stop, [cut]() mutable { cut.stop(StopReason::cancelled); });
    PromptReading reading(environment, *question, cut.token());
    TaskScope watch(environment.runtime);
    watch.spawn(stop_reading_at(environment.runtime, deadline, cut, watch.token()));
    std::exception_ptr thrown;
    try {
        auto all = reading.read_all();
        co_await std::move(all);
    } catch (...) {
        thrown = std::current_exception();
    }
    watch.stop(StopReason::shutdown);
    co_await watch.join();
    if (thrown) std::rethrow_exception(thrown);
    auto choosing = reading.best();
    std::vector<NamedPassage> best = co_await std::move(choosing);
    co_return best;
}

}  // namespace longhand::engine

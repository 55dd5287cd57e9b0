#include "engine/job_sources.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>

#include "engine/job_links.h"
#include "engine/outputs.h"
#include "engine/patience.h"
#include "engine/step_value.h"
#include "sources/kind.h"
#include "sources/reader.h"

namespace longhand::engine {

namespace json = boost::json;
using writing::SourceInfo;
using writing::StepErrc;
using writing::StepResult;
using StepFailure = Failure<StepErrc>;
using OpenedIndex = sources::SourceResult<std::unique_ptr<sources::PassageIndex>>;

namespace {

std::string encode_info(const SourceInfo& info) {
    return json::serialize(json::value{{"title", info.title},
                                       {"kind", info.kind},
                                       {"passages", info.passages},
                                       {"problem", info.problem},
                                       {"reading", info.reading}});
}

/// Reads the sources of one run, one after another.
class Reading {
public:
    Reading(Environment& environment, std::shared_ptr<RunningJob> job, Journal& journal)
        : environment_(environment), job_(std::move(job)), journal_(journal) {}

    awaitable<StepResult<JobSources>> read_all() {
        for (const auto& source : job_->claimed.sources) {
            auto reading = read(source);
            StepResult<SourceInfo> info = co_await std::move(reading);
            if (!info.has_value()) co_return info.error();
            result_.infos.push_back(std::move(*info));
            ++job_->work.sources_read;
            job_->refresh();
            environment_.live.report(job_->id(), job_->report);
        }
        auto linking = read_links(environment_, job_, journal_);
        StepResult<std::vector<ReadLink>> links = co_await std::move(linking);
        if (!links.has_value()) co_return links.error();
        for (const ReadLink& link : *links) take(link);
        if (auto problem = nothing_readable()) co_return std::move(*problem);
        auto recording = record_dead_links(std::move(*links), journal_);
        StepResult<void> recorded = co_await std::move(recording);
        if (!recorded.has_value()) co_return recorded.error();
        auto opening = open_index();
        std::optional<StepFailure> failure = co_await std::move(opening);
        if (failure) co_return std::move(*failure);
        co_return std::move(result_);
    }

private:
    awaitable<StepResult<SourceInfo>> read(store::JobSource source) {
        if (job_->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
        const std::string key = read_key(source.sha256);
        std::optional<SourceInfo> known;
        if (const std::string* value = journal_.find(key)) known = source_info(source, *value);
        if (known && !known->problem.empty()) co_return std::move(*known);
        const std::string reading(known ? known->reading : sources::reading_of(source.name));

        // Another job of the owner may have read the same bytes.
        std::function<awaitable<store::StoreResult<store::StoredSource>>()> look = [this, source, reading] {
            return environment_.store.source(job_->claimed.job.owner, source.sha256, reading);
        };
        auto stored = co_await persistently<store::StoredSource>(environment_, std::move(look), job_->stop());
        if (stored.has_value() && is_read_so(*stored, reading)) {
            SourceInfo info = keep(source, *stored);
            if (known) co_return info;
            auto recording = record(key, std::move(info));
            StepResult<SourceInfo> recorded = co_await std::move(recording);
            co_return recorded;
        }
        if (!stored.has_value() && stored.error().code != store::StoreErrc::not_found) {
            co_return store_refused(environment_, *job_, stored.error()).error();
        }
        auto afresh = read_afresh(std::move(source), reading, known.has_value());
        StepResult<SourceInfo> fresh = co_await std::move(afresh);
        co_return fresh;
    }

    awaitable<StepResult<SourceInfo>> read_afresh(store::JobSource source, std::string read_as, bool recorded) {
        auto folder = scratch_folder(environment_.files);
        if (!folder.has_value()) co_return step_failed(*job_, "disk", no_room_for_files(folder.error())).error();
        const ScratchFolder scratch(*folder);
        const std::string key = read_key(source.sha256);
        sources::SourceFile file{source.sha256, source.name, environment_.files.absolute(source.path), source.size};
        sources::SourceResult<sources::ReadSource> got = Failure<sources::SourceErrc>{sources::SourceErrc::stopped, ""};
        {
            ActiveStep active(job_, key, environment_.runtime.steady_now());
            auto reading = sources::read_source(environment_.runtime, std::move(file), *folder, job_->stop(),
                                                environment_.options.policy);
            got = co_await std::move(reading);
        }
        if (!got.has_value() && got.error().code == sources::SourceErrc::stopped) {
            co_return StepFailure{StepErrc::stopped, ""};
        }
        // Not recorded: the source may be read well at the next try.
        if (!got.has_value() && got.error().code == sources::SourceErrc::unavailable) {
            co_return step_failed(*job_, "source_unavailable", got.error().message).error();
        }
        SourceInfo info{.sha256 = source.sha256, .name = source.name};
        if (got.has_value()) {
            auto storing = store_passages(source, std::move(read_as), std::move(*got));
            StepResult<SourceInfo> stored = co_await std::move(storing);
            if (!stored.has_value()) co_return stored.error();
            info = std::move(*stored);
        } else {
            info.problem = got.error().message;
        }
        if (recorded) co_return info;
        auto recording = record(key, std::move(info));
        StepResult<SourceInfo> result = co_await std::move(recording);
        co_return result;
    }

    awaitable<StepResult<SourceInfo>> store_passages(store::JobSource source, std::string read_as,
                                                     sources::ReadSource got) {
        store::StoredSource stored{.sha256 = source.sha256, .title = got.title, .kind = got.kind};
        stored.reading = std::move(read_as);
        for (const auto& passage : got.passages) stored.passages.push_back(to_stored(passage));
        std::function<awaitable<store::StoreResult<void>>()> put = [this, &stored] {
            return environment_.store.put_source(job_->claimed.job.owner, stored);
        };
        auto done = co_await persistently<void>(environment_, std::move(put), job_->stop());
        if (!done.has_value()) {
            if (done.error().code == store::StoreErrc::limit) {
                co_return step_failed(*job_, "source_too_large", done.error().message).error();
            }
            co_return store_refused(environment_, *job_, done.error()).error();
        }
        co_return keep(source, stored);
    }

    awaitable<StepResult<SourceInfo>> record(std::string key, SourceInfo info) {
        store::JournalEntry entry;
        entry.key = key;
        entry.value = encode_result(encode_info(info));
        entry.input_hash = info.sha256;
        auto recording = journal_.record(std::move(entry));
        StepResult<std::string> stands = co_await std::move(recording);
        if (!stands.has_value()) co_return stands.error();
        co_return info;
    }

    SourceInfo keep(const store::JobSource& source, const store::StoredSource& stored) {
        for (const auto& passage : stored.passages) result_.passages.try_emplace(passage.key, from_stored(passage));
        return {.sha256 = source.sha256,
                .name = source.name,
                .title = stored.title.empty() ? source.name : stored.title,
                .kind = stored.kind,
                .passages = stored.passages.size(),
                .problem = "",
                .reading = stored.reading};
    }

    void take(const ReadLink& link) {
        const bool is_known = std::any_of(result_.infos.begin(), result_.infos.end(), [&](const SourceInfo& info) {
            return link.info.problem.empty() && info.problem.empty() && info.sha256 == link.info.sha256;
        });
        if (is_known) return;
        result_.infos.push_back(link.info);
        for (const auto& passage : link.stored.passages) {
            result_.passages.try_emplace(passage.key, from_stored(passage));
        }
    }

    std::optional<StepFailure> nothing_readable() {
        if (result_.infos.empty()) return std::nullopt;
        std::string problems;
        for (const auto& info : result_.infos) {
            if (info.problem.empty()) return std::nullopt;
            problems += (problems.empty() ? "" : " ") + info.problem;
        }
        return step_failed(*job_, "sources_unreadable", "None of the sources can be read: " + problems).error();
    }

    awaitable<std::optional<StepFailure>> open_index() {
        if (result_.passages.empty()) co_return std::nullopt;
        std::vector<sources::Passage> passages;
        for (const auto& [key, passage] : result_.passages) passages.push_back(passage);
        const std::string path = environment_.files.absolute(store::FileStore::index_file(job_->claimed.job.project));
        std::function<OpenedIndex()> open = [path, passages = std::move(passages)] {
            std::error_code ignored;
            std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
            return sources::PassageIndex::open(path, passages);
        };
        OpenedIndex opened = co_await run_blocking<OpenedIndex>(environment_.runtime, std::move(open));
        if (!opened.has_value()) co_return step_failed(*job_, "index", opened.error().message).error();
        result_.index = std::move(*opened);
        co_return std::nullopt;
    }

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    Journal& journal_;
    JobSources result_;
};

}  // namespace

awaitable<StepResult<JobSources>> read_sources(Environment& environment, std::shared_ptr<RunningJob> job,
                                               Journal& journal) {
    Reading reading(environment, std::move(job), journal);
    auto all = reading.read_all();
    StepResult<JobSources> sources = co_await std::move(all);
    co_return sources;
}

std::string read_key(std::string_view sha256) {
    return "read/" + std::string(sha256);
}

std::optional<SourceInfo> source_info(const store::JobSource& source, std::string_view journal_value) {
    const auto text = decode_result(journal_value);
    if (!text) return std::nullopt;
    boost::system::error_code error;
    const json::value value = json::parse(*text, error);
    if (error || !value.is_object()) return std::nullopt;
    const json::object& object = value.as_object();
    SourceInfo info{.sha256 = source.sha256, .name = source.name};
    if (const auto* title = object.if_contains("title")) info.title = json::value_to<std::string>(*title);
    if (const auto* kind = object.if_contains("kind")) info.kind = json::value_to<std::string>(*kind);
    if (const auto* count = object.if_contains("passages")) info.passages = json::value_to<std::size_t>(*count);
    if (const auto* problem = object.if_contains("problem")) info.problem = json::value_to<std::string>(*problem);
    if (const auto* reading = object.if_contains("reading")) {
        info.reading = json::value_to<std::string>(*reading);
    } else if (info.kind == "text" || info.kind == "code") {
        // These have no title of their own: an older entry has the name under which the bytes were first read.
        info.title = source.name;
    }
    return info;
}

bool is_read_so(const store::StoredSource& stored, std::string_view reading) {
    return stored.reading == reading || stored.kind == sources::word_of(sources::Kind::pdf) ||
           stored.kind == sources::word_of(sources::Kind::document);
}

store::StoredPassage to_stored(const sources::Passage& passage) {
    json::object place;
    if (!passage.place.section.empty()) place["section"] = passage.place.section;
    if (passage.place.page != 0) place["page"] = passage.place.page;
    if (passage.place.line != 0) place["line"] = passage.place.line;
    return {.key = passage.key,
            .file_sha256 = passage.file_sha256,
            .position = passage.position,
            .locator = json::serialize(place),
            .text = passage.text};
}

sources::Passage from_stored(const store::StoredPassage& stored) {
    sources::Passage passage{.key = stored.key,
                             .file_sha256 = stored.file_sha256,
                             .position = stored.position,
                             .place = {},
                             .text = stored.text};
    boost::system::error_code error;
    const json::value value = json::parse(stored.locator, error);
    if (error || !value.is_object()) return passage;
    const json::object& place = value.as_object();
    if (const auto* section = place.if_contains("section"))
        passage.place.section = json::value_to<std::string>(*section);
    if (const auto* page = place.if_contains("page")) passage.place.page = json::value_to<std::uint32_t>(*page);
    if (const auto* line = place.if_contains("line")) passage.place.line = json::value_to<std::uint32_t>(*line);
    return passage;
}

}  // namespace longhand::engine

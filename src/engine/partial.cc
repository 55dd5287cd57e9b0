#include "engine/partial.h"

#include <algorithm>

#include "engine/job_links.h"
#include "engine/job_sources.h"
#include "engine/step_value.h"

namespace longhand::engine {

using Failed = Failure<DocumentErrc>;

namespace {

Failed not_read(const store::StoreFailure& failure) {
    if (failure.code == store::StoreErrc::not_found) return {DocumentErrc::not_found, "There is no such job."};
    if (failure.code == store::StoreErrc::stopping) return {DocumentErrc::stopped, ""};
    return {DocumentErrc::unavailable, "The database does not answer now; try again."};
}

Failed nothing_yet(const job::Job& job) {
    return {DocumentErrc::nothing_yet,
            "No section is finished yet; the job is " + std::string(job::to_string(job.state)) + "."};
}

/// What the journal says of the sources and of the model's answers.
struct JournalRead {
    std::map<std::string, std::string, std::less<>> values;
    std::vector<std::pair<std::string, std::string>> replies;
};

JournalRead sorted_out(const std::vector<store::JournalEntry>& entries) {
    JournalRead read;
    for (const auto& entry : entries) {
        if (const auto reply = decode_reply(entry.value)) read.replies.emplace_back(entry.key, reply->text);
        read.values.emplace(entry.key, entry.value);
    }
    return read;
}

std::vector<writing::SourceInfo> infos_of(const std::vector<store::JobSource>& sources, const job::Settings& settings,
                                          const JournalRead& journal) {
    std::vector<writing::SourceInfo> infos;
    for (const auto& source : sources) {
        const auto value = journal.values.find(read_key(source.sha256));
        if (value == journal.values.end()) continue;
        if (auto info = source_info(source, value->second)) infos.push_back(std::move(*info));
    }
    for (const auto& url : settings.urls_for_research) {
        const auto value = journal.values.find(fetch_key(url));
        if (value == journal.values.end()) continue;
        auto info = link_info(url, value->second);
        const bool is_known = !info || std::any_of(infos.begin(), infos.end(), [&](const auto& other) {
            return other.name == url || (info->problem.empty() && other.sha256 == info->sha256);
        });
        if (!is_known) infos.push_back(std::move(*info));
    }
    return infos;
}

awaitable<store::StoreResult<Passages>> load_passages(store::JobStore& store, Uuid owner,
                                                      std::vector<writing::SourceInfo> infos) {
    Passages passages;
    for (const auto& info : infos) {
        if (!info.problem.empty()) continue;
        auto reading = store.source(owner, info.sha256, info.reading);
        store::StoreResult<store::StoredSource> source = co_await std::move(reading);
        if (!source.has_value()) {
            if (source.error().code == store::StoreErrc::not_found) continue;
            co_return source.error();
        }
        for (const auto& passage : source->passages) passages.try_emplace(passage.key, from_stored(passage));
    }
    co_return passages;
}

/// What a walk over the journal needs.
struct JournalWalk {
    job::Settings settings;
    job::Guidance guidance;
    std::vector<writing::SourceInfo> infos;
    std::vector<std::pair<std::string, std::string>> replies;
};

awaitable<DocumentResult<JournalWalk>> load_walk(store::JobStore& store, job::Job job) {
    auto reading_settings = store.settings_for_owner(job.owner, job.id);
    store::StoreResult<job::Settings> settings = co_await std::move(reading_settings);
    if (!settings.has_value()) co_return not_read(settings.error());
    auto reading_draft = store.draft_for_owner(job.owner, job.id);
    store::StoreResult<store::Draft> draft = co_await std::move(reading_draft);
    if (!draft.has_value()) co_return not_read(draft.error());
    auto reading_journal = store.journal_for_owner(job.owner, job.id);
    store::StoreResult<std::vector<store::JournalEntry>> entries = co_await std::move(reading_journal);
    if (!entries.has_value()) co_return not_read(entries.error());
    auto reading_sources = store.sources_for_owner(job.owner, job.id);
    store::StoreResult<std::vector<store::JobSource>> sources = co_await std::move(reading_sources);
    if (!sources.has_value()) co_return not_read(sources.error());
    JournalRead journal = sorted_out(*entries);
    JournalWalk walk;
    walk.infos = infos_of(*sources, *settings, journal);
    walk.settings = std::move(*settings);
    walk.guidance = std::move(draft->guidance);
    walk.replies = std::move(journal.replies);
    co_return walk;
}

}  // namespace

awaitable<DocumentResult<std::vector<writing::SourceInfo>>> load_sources(store::JobStore& store, Uuid owner, Uuid job,
                                                                         std::vector<store::JobSource> files) {
    auto reading_settings = store.settings_for_owner(owner, job);
    store::StoreResult<job::Settings> settings = co_await std::move(reading_settings);
    if (!settings.has_value()) co_return not_read(settings.error());
    if (files.empty() && settings->urls_for_research.empty()) co_return std::vector<writing::SourceInfo>{};
    auto reading_journal = store.journal_for_owner(owner, job);
    store::StoreResult<std::vector<store::JournalEntry>> entries = co_await std::move(reading_journal);
    if (!entries.has_value()) co_return not_read(entries.error());
    std::vector<writing::SourceInfo> infos = infos_of(files, *settings, sorted_out(*entries));
    std::erase_if(infos, [](const writing::SourceInfo& info) { return !info.problem.empty(); });
    co_return infos;
}

awaitable<DocumentResult<std::optional<writing::OutlineProgress>>> load_outline(store::JobStore& store, job::Job job) {
    auto loading = load_walk(store, std::move(job));
    DocumentResult<JournalWalk> walk = co_await std::move(loading);
    if (!walk.has_value()) co_return walk.error();
    co_return writing::outline_progress(walk->settings, walk->guidance, walk->infos, walk->replies);
}

awaitable<DocumentResult<writing::Finished>> load_partial(store::JobStore& store, job::Job job) {
    auto loading_walk = load_walk(store, job);
    DocumentResult<JournalWalk> walk = co_await std::move(loading_walk);
    if (!walk.has_value()) co_return walk.error();
    auto loading = load_passages(store, job.owner, walk->infos);
    store::StoreResult<Passages> passages = co_await std::move(loading);
    if (!passages.has_value()) co_return not_read(passages.error());
    const auto passage = [&](std::string_view key) -> std::optional<sources::Passage> {
        const auto found = passages->find(key);
        return found == passages->end() ? std::nullopt : std::optional(found->second);
    };
    std::optional<writing::Finished> finished =
        writing::partial_document(walk->settings, walk->guidance, walk->infos, walk->replies, passage);
    if (!finished) co_return nothing_yet(job);
    finished->manuscript.partial = true;
    co_return std::move(*finished);
}

}  // namespace longhand::engine

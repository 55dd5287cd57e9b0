// getOutline: the outline of a job as a tree, with how far each section is. getPassage: what a citation points to.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/partial.h"
#include "http/handlers.h"
#include "http/json_out.h"
#include "http/text.h"
#include "sources/kind.h"
#include "writing/work.h"

namespace longhand::http {
namespace {

/// What the sections of a job are judged by.
struct JobView {
    job::State state = job::State::queued;
    std::set<std::string> being_written;  ///< numbers of sections
};

std::string_view section_state(const JobView& job, const writing::Section& section,
                               const writing::SectionProgress& progress) {
    if (job.state == job::State::completed) return progress.versions > 0 ? "done" : "left_out";
    const bool is_written = job.being_written.contains(section.number);
    if (progress.versions == 0) return is_written ? "drafting" : "planned";
    return is_written ? "revising" : "drafted";
}

std::string chapter_json(const JobView& job, const writing::Chapter& chapter,
                         const writing::SectionProgress* progress) {
    JsonArray sections;
    std::int64_t planned = 0, written = 0;
    for (const writing::Section& section : chapter.sections) {
        JsonObject entry;
        entry.add("number", section.number).add("title", section.title).add("purpose", section.purpose);
        entry.add("state", section_state(job, section, *progress));
        entry.add("versions", static_cast<std::int64_t>(progress->versions));
        entry.add("words_planned", section.words).add("words_written", progress->words);
        sections.raw(std::move(entry).str());
        planned += section.words;
        written += progress++->words;
    }
    JsonObject out;
    out.add("number", chapter.number).add("title", chapter.title).add("purpose", chapter.purpose);
    out.add("words_planned", planned).add("words_written", written);
    out.raw("sections", std::move(sections).str());
    return std::move(out).str();
}

std::string outline_json(const job::Job& job, const JobView& view,
                         const std::optional<writing::OutlineProgress>& progress) {
    JsonArray chapters;
    std::optional<std::string> title = job.title;
    if (progress) {
        const writing::SectionProgress* next = progress->sections.data();
        for (const writing::Chapter& chapter : progress->outline.chapters) {
            chapters.raw(chapter_json(view, chapter, next));
            next += chapter.sections.size();
        }
        if (!title && !progress->plan.title.empty()) title = progress->plan.title;
    }
    JsonObject out;
    out.add("jobId", job.id).add("status", job::to_string(job.state)).add("title", title);
    out.add("is_whole", progress.has_value()).raw("chapters", std::move(chapters).str());
    return std::move(out).str();
}

ApiError not_loaded(const Failure<engine::DocumentErrc>& failure, std::string_view what) {
    if (failure.code == engine::DocumentErrc::not_found) return {ApiErrc::not_found, "There is no such job."};
    return {ApiErrc::unavailable, fmt::format("The {} can't be read now; try again.", what)};
}

awaitable<ApiResult<JobView>> view_of(const Services& services, const job::Job* job) {
    JobView view{job->state, {}};
    if (job->state != job::State::in_progress) co_return view;
    const auto texts = co_await services.deps.jobs.partial_text_for_owner(job->owner, job->id);
    if (!texts) co_return from_store(texts.error(), "job");
    for (const store::PartialText& text : *texts) view.being_written.insert(writing::section_of_step(text.key));
    co_return view;
}

awaitable<ApiResult<Reply>> get_outline(const Services& services, Call& call) {
    const auto id = id_parameter(call, "jobId");
    if (!id) co_return id.error();
    const auto job = co_await services.deps.jobs.job_for_owner(call.owner(), *id);
    if (!job) co_return from_store(job.error(), "job");
    const auto view = co_await view_of(services, &*job);
    if (!view) co_return view.error();
    auto loading = engine::load_outline(services.deps.jobs, *job);
    const auto progress = co_await std::move(loading);
    if (!progress) co_return not_loaded(progress.error(), "outline");
    co_return json_reply(outline_json(*job, *view, *progress));
}

ApiResult<std::string> passage_parameter(const Call& call) {
    constexpr std::string_view kRight = "the id of a passage, as a citation names it";
    auto value = one_parameter(call, "passageId");
    if (!value) return value.error();
    if (*value && !(*value)->empty() && (*value)->size() <= 200) return std::move(**value);
    return ApiError{ApiErrc::invalid_parameter, fmt::format("The parameter 'passageId' should be {}.", kRight)}.with(
        "parameter", "passageId");
}

/// A file of the project, or a link.
struct PassageSource {
    std::string sha256;
    std::optional<Uuid> file;
    std::string name;
    std::optional<std::string> address;
    std::string reading;  ///< of a file, as its name has it
};

std::string passage_json(Uuid job, const PassageSource& from, const store::StoredSource& source,
                         const store::StoredPassage& passage) {
    JsonObject out;
    out.add("id", passage.key).add("jobId", job).add("fileId", from.file).add("file_name", from.name);
    out.add("address", from.address)
        .add("title", source.title.empty() ? from.name : source.title)
        .add("kind", source.kind);
    out.add("position", static_cast<std::int64_t>(passage.position));
    out.raw("locator", passage.locator).add("text", passage.text);
    return std::move(out).str();
}

/// Of the job's own sources alone, which its owner's question finds or does not: those whose hash begins so. Links, and
/// how a file was read whose name had a say in it, are in the journal, which is read where one of them is meant.
awaitable<ApiResult<std::vector<PassageSource>>> sources_with(const Services& services, Uuid owner, Uuid job,
                                                              std::string prefix) {
    std::vector<PassageSource> found;
    const auto is_meant = [&](const auto& source) { return !prefix.empty() && source.sha256.starts_with(prefix); };
    auto files = co_await services.deps.jobs.sources_for_owner(owner, job);
    if (!files) co_return from_store(files.error(), "job");
    std::erase_if(*files, [&](const store::JobSource& file) { return !is_meant(file); });
    for (const store::JobSource& file : *files)
        found.push_back({file.sha256, file.file, file.name, {}, std::string(sources::reading_of(file.name))});
    const bool is_known = std::ranges::all_of(found, [](const PassageSource& file) { return file.reading.empty(); });
    if (prefix.empty() || (!found.empty() && is_known)) co_return found;
    auto loading = engine::load_sources(services.deps.jobs, owner, job, std::move(*files));
    const auto read = co_await std::move(loading);
    if (!read) co_return not_loaded(read.error(), "passage");
    for (const writing::SourceInfo& source : *read) {
        if (!is_meant(source)) continue;
        const auto file = std::ranges::find_if(found, [&](const PassageSource& one) {
            return !source.is_link() && one.sha256 == source.sha256 && one.name == source.name;
        });
        if (file != found.end())
            file->reading = source.reading;
        else if (source.is_link())
            found.push_back({source.sha256, {}, source.name, source.address, ""});
    }
    co_return found;
}

awaitable<ApiResult<Reply>> get_passage(const Services& services, Call& call) {
    const auto id = id_parameter(call, "jobId");
    if (!id) co_return id.error();
    const auto key = passage_parameter(call);
    if (!key) co_return key.error();
    const auto dash = key->find('-');
    const bool is_id = dash != key->npos && dash >= 2;
    auto searching = sources_with(services, call.owner(), *id, is_id ? writing::file_of_key(*key) : "");
    const auto sources = co_await std::move(searching);
    if (!sources) co_return sources.error();
    for (const PassageSource& from : *sources) {
        const auto source = co_await services.deps.jobs.source(call.owner(), from.sha256, from.reading);
        if (!source && source.error().code == store::StoreErrc::not_found) continue;
        if (!source) co_return from_store(source.error(), "passage");
        const auto passage = std::ranges::find(source->passages, *key, &store::StoredPassage::key);
        if (passage != source->passages.end()) co_return json_reply(passage_json(*id, from, *source, *passage));
    }
    co_return ApiError{ApiErrc::not_found, "There is no such passage in the job's sources."};
}

}  // namespace

std::vector<Route> outline_routes(const Services& services) {
    return {
        {"GET", "/api/getOutline", Access::user, bound(services, get_outline)},
        {"GET", "/api/getPassage", Access::user, bound(services, get_passage)},
    };
}

}  // namespace longhand::http

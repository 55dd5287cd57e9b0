#include "writing/outline_progress.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "writing/journal_context.h"
#include "writing/length.h"
#include "writing/steps.h"
#include "writing/text.h"

namespace longhand::writing {

namespace {

constexpr std::string_view kSectionMark = "section/";

awaitable<void> walk_to_outline(StepContext* context, Work* work, bool* is_whole) {
    work->target = target_of(context->settings());
    StepResult<void> done = co_await milestone_step(context, work);
    if (done) done = co_await plan_step(context, work);
    if (done) done = co_await outline_step(context, work);
    *is_whole = done.has_value();
}

// `section/3.2/continue#2` goes on with `section/3.2/draft#2`, `fit/1/section/3.2/continue` with `fit/1/section/3.2`.
std::string version_of_step(std::string_view key) {
    constexpr std::string_view kMore = "/continue";
    const auto at = key.find(kMore);
    if (at == std::string_view::npos) return std::string(key);
    const std::string base(key.substr(0, at));
    return key.starts_with("fit/") ? base : base + "/draft" + std::string(key.substr(at + kMore.size()));
}

// Drafts before what fits the pages, and both in their order.
using Versions = std::map<std::pair<bool, std::string>, std::int64_t>;

}  // namespace

std::string section_of_step(std::string_view key) {
    const bool is_fit = key.starts_with("fit/");
    const auto at = key.find(kSectionMark);
    if (at == std::string_view::npos || (!is_fit && at != 0)) return {};
    key.remove_prefix(at + kSectionMark.size());
    return std::string(key.substr(0, key.find('/')));
}

std::optional<OutlineProgress> outline_progress(const job::Settings& settings, const job::Guidance& guidance,
                                                const std::vector<SourceInfo>& sources,
                                                const std::vector<std::pair<std::string, std::string>>& entries) {
    const PassageLookup no_passages = [](std::string_view) { return std::optional<sources::Passage>(); };
    JournalContext context(settings, guidance, sources, entries, no_passages);
    Work work;
    bool is_whole = false;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, walk_to_outline(&context, &work, &is_whole), [](const std::exception_ptr& bug) {
        if (bug) std::rethrow_exception(bug);
    });
    loop.run();
    if (!is_whole) return std::nullopt;
    std::map<std::string, Versions> by_section;
    for (const auto& [key, text] : entries) {
        const std::string section = section_of_step(key);
        if (!section.empty()) by_section[section][{key.starts_with("fit/"), version_of_step(key)}] += count_words(text);
    }
    OutlineProgress progress{work.plan, work.outline, {}};
    for (const LeafRef leaf : leaves(work.outline)) {
        SectionProgress& section = progress.sections.emplace_back();
        const Versions& versions = by_section[work.section(leaf).number];
        section.versions = static_cast<unsigned>(versions.size());
        if (!versions.empty()) section.words = versions.rbegin()->second;
    }
    return progress;
}

}  // namespace longhand::writing

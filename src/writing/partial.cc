// A partial document: the same walk over the journal alone, up to where the journal ends.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "writing/journal_context.h"
#include "writing/measures.h"
#include "writing/walk.h"

namespace longhand::writing {

namespace {

awaitable<void> walk_journal(StepContext* context, Work* work) {
    ignore_result(co_await walk(context, work), "a journal that ends early is what this is for");
}

}  // namespace

std::optional<Finished> partial_document(
    const job::Settings& settings, const job::Guidance& guidance, const std::vector<SourceInfo>& sources,
    const std::vector<std::pair<std::string, std::string>>& entries,
    const std::function<std::optional<sources::Passage>(std::string_view)>& passage) {
    JournalContext context(settings, guidance, sources, entries, passage);
    Work work;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, walk_journal(&context, &work), [](const std::exception_ptr& bug) {
        if (bug) std::rethrow_exception(bug);
    });
    loop.run();
    settle(work);
    bool any = false;
    for (const SectionState& state : work.sections) any = any || !state.text.empty();
    if (!any) return std::nullopt;
    return finish(settings, sources, work, passage, Completeness::partial);
}

}  // namespace longhand::writing

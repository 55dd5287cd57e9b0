// A walk over the journal alone: what was recorded is given, and the first call that was not ends it.
#pragma once

#include <cstdlib>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "writing/work.h"

namespace longhand::writing {

inline Failure<StepErrc> journal_ends() {
    return {StepErrc::stopped, "the journal ends here"};
}

/// Returns what was recorded, and stops at the first entry that is not there.
class JournalContext final : public StepContext {
public:
    JournalContext(const job::Settings& settings, const job::Guidance& guidance, const std::vector<SourceInfo>& sources,
                   const std::vector<std::pair<std::string, std::string>>& entries, const PassageLookup& passage)
        : settings_(settings),
          guidance_(guidance),
          sources_(sources),
          entries_(entries.begin(), entries.end()),
          passage_(passage) {}

    const job::Settings& settings() const override { return settings_; }
    const job::Guidance& guidance() const override { return guidance_; }
    const std::vector<SourceInfo>& sources() const override { return sources_; }
    Failure<StepErrc> await_user(MilestoneStop) override { return journal_ends(); }

    awaitable<StepResult<AskReply>> ask(job::StepKey key, AskRequest) override {
        const auto entry = entries_.find(key.text());
        if (entry == entries_.end()) co_return journal_ends();
        AskReply reply{entry->second, was_continued(key.text()) ? Finish::length : Finish::stop};
        co_return reply;
    }

    /// Retrieval needs an index, which is not at hand: without its entry a wave has no passages, and its citations are
    /// dropped.
    awaitable<StepResult<std::string>> run(job::StepKey key, std::string,
                                           std::function<awaitable<StepResult<std::string>>()>) override {
        const auto entry = entries_.find(key.text());
        co_return StepResult<std::string>(entry == entries_.end() ? std::string() : entry->second);
    }

    awaitable<StepResult<std::uint32_t>> count_pages(job::StepKey key, typeset::Manuscript) override {
        const auto entry = entries_.find(key.text());
        if (entry == entries_.end()) co_return journal_ends();
        co_return StepResult<std::uint32_t>(
            static_cast<std::uint32_t>(std::strtoul(entry->second.c_str(), nullptr, 10)));
    }

    std::vector<sources::Hit> retrieve(std::string_view, std::size_t, std::size_t) override { return {}; }
    std::optional<sources::Passage> passage(std::string_view key) override { return passage_(key); }

    awaitable<void> all(std::vector<awaitable<void>> tasks) override {
        for (awaitable<void>& task : tasks) co_await std::move(task);
    }
    void report(ProgressReport) override {}

private:
    /// Entries hold texts, not how they finished: one that was cut has its rest beside it.
    bool was_continued(const std::string& key) const {
        const std::size_t draft = key.find("/draft");
        if (draft != std::string::npos)
            return entries_.contains(key.substr(0, draft) + "/continue" + key.substr(draft + 6));
        return entries_.contains(key + "/continue");
    }

    const job::Settings& settings_;
    const job::Guidance& guidance_;
    const std::vector<SourceInfo>& sources_;
    const std::map<std::string, std::string> entries_;
    const PassageLookup& passage_;
};

}  // namespace longhand::writing

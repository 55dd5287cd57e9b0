#include "engine/live_feed.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace longhand::engine {
namespace {

// Finished texts are kept for watchers who have not taken them to the end; so many of a job at most.
constexpr std::size_t kFinishedKept = 16;

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// Where the last character that is there whole ends.
std::size_t whole_characters(std::string_view text) {
    std::size_t start = text.size();
    while (start > 0 && text.size() - start < 4 && is_continuation(text[start - 1])) --start;
    if (start == 0) return text.size();
    const auto lead = static_cast<unsigned char>(text[--start]);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return text.size() - start < length ? start : text.size();
}

std::size_t next_boundary(std::string_view text, std::size_t offset) {
    offset = std::min(offset, text.size());
    while (offset < text.size() && is_continuation(text[offset])) ++offset;
    return offset;
}

struct Section {
    std::uint32_t attempt = 0;
    std::string text;
    std::uint64_t order = 0;
    bool finished = false;
};

struct Place {
    std::uint32_t attempt = 0;
    std::uint64_t offset = 0;
    bool recorded = false;  ///< the watcher was told that the step is finished
};

/// One watcher's way through a job's texts. Guarded by the feed's lock.
struct Reader {
    Notifier notifier;
    std::map<std::string, Place, std::less<>> places;
    std::vector<MissedText> missed;
    std::uint64_t report_version = 0;
    std::uint64_t events = 0;

    /// The finished text goes from the feed.
    void lose(const std::string& key, const Section& section) {
        const auto found = places.find(key);
        const Place place = found == places.end() ? Place() : found->second;
        const std::uint64_t from = place.attempt == section.attempt ? place.offset : 0;
        if (from < section.text.size()) missed.push_back({key, section.attempt, from, section.text.size()});
        if (found != places.end()) places.erase(found);
    }
};

/// What is shown of one job.
struct Channel {
    std::map<std::string, Section, std::less<>> sections;
    std::uint64_t next_order = 0;
    std::optional<job::Report> report;
    std::uint64_t report_version = 0;
    std::uint64_t events = 0;
    std::vector<Reader*> watchers;
    std::vector<Notifier*> row_watchers;

    bool is_idle() const { return watchers.empty() && row_watchers.empty() && sections.empty() && !report; }
    void notify() {
        for (Reader* watcher : watchers) watcher->notifier.notify();
    }
    Section& section(std::string_view key, std::uint32_t attempt) {
        auto found = sections.find(key);
        if (found == sections.end()) {
            found = sections.emplace(std::string(key), Section{}).first;
            found->second.order = next_order++;
        }
        Section& section = found->second;
        if (section.attempt != attempt || section.finished) {
            section.attempt = attempt;
            section.text.clear();
            section.finished = false;
        }
        return section;
    }
    void drop_old_finished() {
        std::vector<std::pair<std::uint64_t, std::string>> finished;
        for (const auto& [key, section] : sections) {
            if (section.finished) finished.emplace_back(section.order, key);
        }
        std::sort(finished.begin(), finished.end());
        const std::size_t keep = watchers.empty() ? 0 : kFinishedKept;
        for (std::size_t i = 0; i + keep < finished.size(); ++i) drop(sections.find(finished[i].second));
    }
    /// The run has ended. What it left unfinished begins afresh in another, and its watchers are told so then.
    void drop_all() {
        for (auto section = sections.begin(); section != sections.end();) section = drop(section);
        report.reset();
    }

private:
    using Sections = std::map<std::string, Section, std::less<>>;
    Sections::iterator drop(Sections::iterator section) {
        if (section->second.finished) {
            for (Reader* watcher : watchers) watcher->lose(section->first, section->second);
        }
        return sections.erase(section);
    }
};

}  // namespace

class LiveFeed::Impl : public std::enable_shared_from_this<LiveFeed::Impl> {
public:
    class JobWatcher;
    class JobRowWatcher;
    class OwnerWatcher;

    void committed(Uuid job, Commit what) {
        std::lock_guard lock(mutex_);
        const auto channel = channels_.find(job);
        if (channel == channels_.end()) return;
        for (Notifier* watcher : channel->second.row_watchers) watcher->notify();
        // A stream of text and events has the progress from the report, before it is in the row.
        if (what == Commit::row) return;
        ++channel->second.events;
        channel->second.notify();
    }

    void owner_changed(Uuid owner) {
        std::lock_guard lock(mutex_);
        const auto [first, last] = owner_watchers_.equal_range(owner);
        for (auto watcher = first; watcher != last; ++watcher) watcher->second->notify();
    }

    template <class Change>
    void change(Uuid job, Change apply) {
        std::lock_guard lock(mutex_);
        const auto channel = channels_.try_emplace(job).first;
        apply(channel->second);
        channel->second.notify();
        if (channel->second.is_idle()) channels_.erase(channel);
    }
    template <class Change>
    void change_known(Uuid job, Change apply) {
        std::lock_guard lock(mutex_);
        const auto channel = channels_.find(job);
        if (channel == channels_.end()) return;
        apply(channel->second);
        channel->second.notify();
        if (channel->second.is_idle()) channels_.erase(channel);
    }

private:
    std::mutex mutex_;
    std::unordered_map<Uuid, Channel> channels_;
    std::multimap<Uuid, Notifier*> owner_watchers_;
};

class LiveFeed::Impl::JobWatcher final : public LiveFeed::Watcher {
public:
    JobWatcher(std::shared_ptr<Impl> feed, Uuid job) : feed_(std::move(feed)), job_(job) {
        std::lock_guard lock(feed_->mutex_);
        Channel& channel = feed_->channels_[job_];
        reader_.events = channel.events;
        channel.watchers.push_back(&reader_);
        for (const auto& [key, section] : channel.sections) {
            if (section.finished) reader_.places[key] = {.attempt = section.attempt, .offset = section.text.size()};
        }
        // There is something to take already.
        if (!channel.sections.empty() || channel.report) reader_.notifier.notify();
    }
    ~JobWatcher() override {
        std::lock_guard lock(feed_->mutex_);
        Channel& channel = feed_->channels_.at(job_);
        std::erase(channel.watchers, &reader_);
        if (channel.watchers.empty()) channel.drop_old_finished();
        if (channel.is_idle()) feed_->channels_.erase(job_);
    }

    awaitable<WaitResult> wait(Runtime& runtime, SteadyTime deadline, StopToken stop) override {
        return reader_.notifier.wait_until(runtime, deadline, std::move(stop));
    }

    News take() override {
        News news;
        std::lock_guard lock(feed_->mutex_);
        // The channel is there as long as this watcher is.
        const Channel& channel = feed_->channels_.at(job_);
        std::vector<const std::pair<const std::string, Section>*> sections;
        for (const auto& section : channel.sections) sections.push_back(&section);
        std::sort(sections.begin(), sections.end(),
                  [](const auto* a, const auto* b) { return a->second.order < b->second.order; });
        for (const auto* section : sections) take_text(section->first, section->second, news);
        // Those that a run left unfinished: it matters that they were seen until they have begun afresh.
        for (const auto& [key, place] : reader_.places) {
            if (place.offset > 0 && !place.recorded && !channel.sections.contains(key))
                news.places.push_back({key, place.attempt, place.offset});
        }
        news.missed = std::exchange(reader_.missed, {});
        if (channel.report && reader_.report_version != channel.report_version) news.report = channel.report;
        reader_.report_version = channel.report_version;
        news.events = reader_.events != channel.events;
        reader_.events = channel.events;
        return news;
    }

    void seen(const TextPlace& place) override {
        std::lock_guard lock(feed_->mutex_);
        reader_.places[place.key] = {.attempt = place.attempt, .offset = place.offset};
    }

    void step_recorded(std::string_view key) override {
        std::lock_guard lock(feed_->mutex_);
        const auto place = reader_.places.find(key);
        if (place == reader_.places.end()) return;
        place->second.recorded = true;
        // What is in the feed is taken from there.
        if (feed_->channels_.at(job_).sections.contains(key)) return;
        reader_.missed.push_back({place->first, place->second.attempt, place->second.offset, std::nullopt});
        reader_.places.erase(place);
        reader_.notifier.notify();
    }

private:
    void take_text(const std::string& key, const Section& section, News& news) {
        Place& place = reader_.places[key];
        const bool restarted = place.attempt != section.attempt && place.offset > 0;
        if (place.attempt != section.attempt) place = {.attempt = section.attempt};
        const std::size_t from = next_boundary(section.text, place.offset);
        const std::size_t to = whole_characters(section.text);
        const bool is_taken = to > from || restarted;
        const bool goes_on = !section.finished && !place.recorded && from > 0;
        if (is_taken || goes_on) news.places.push_back({key, section.attempt, from});
        if (!is_taken) return;
        LiveText text{.key = key, .attempt = section.attempt, .offset = from, .text = {}, .restarted = restarted};
        if (to > from) text.text = section.text.substr(from, to - from);
        place.offset = std::max(from, to);
        news.texts.push_back(std::move(text));
    }

    std::shared_ptr<Impl> feed_;
    Uuid job_;
    Reader reader_;
};

class LiveFeed::Impl::JobRowWatcher final : public LiveFeed::RowWatcher {
public:
    JobRowWatcher(std::shared_ptr<Impl> feed, Uuid job) : feed_(std::move(feed)), job_(job) {
        std::lock_guard lock(feed_->mutex_);
        feed_->channels_[job_].row_watchers.push_back(&changed_);
    }
    ~JobRowWatcher() override {
        std::lock_guard lock(feed_->mutex_);
        Channel& channel = feed_->channels_.at(job_);
        std::erase(channel.row_watchers, &changed_);
        if (channel.is_idle()) feed_->channels_.erase(job_);
    }

    awaitable<WaitResult> wait(Runtime& runtime, SteadyTime deadline, StopToken stop) override {
        return changed_.wait_until(runtime, deadline, std::move(stop));
    }

private:
    std::shared_ptr<Impl> feed_;
    Uuid job_;
    Notifier changed_;
};

class LiveFeed::Impl::OwnerWatcher final : public LiveFeed::RowWatcher {
public:
    OwnerWatcher(std::shared_ptr<Impl> feed, Uuid owner) : feed_(std::move(feed)) {
        std::lock_guard lock(feed_->mutex_);
        place_ = feed_->owner_watchers_.emplace(owner, &changed_);
    }
    ~OwnerWatcher() override {
        std::lock_guard lock(feed_->mutex_);
        feed_->owner_watchers_.erase(place_);
    }

    awaitable<WaitResult> wait(Runtime& runtime, SteadyTime deadline, StopToken stop) override {
        return changed_.wait_until(runtime, deadline, std::move(stop));
    }

private:
    std::shared_ptr<Impl> feed_;
    Notifier changed_;
    std::multimap<Uuid, Notifier*>::iterator place_;
};

LiveFeed::LiveFeed() : impl_(std::make_shared<Impl>()) {}
LiveFeed::~LiveFeed() = default;

std::unique_ptr<LiveFeed::Watcher> LiveFeed::watch(Uuid job) {
    return std::make_unique<Impl::JobWatcher>(impl_, job);
}

std::unique_ptr<LiveFeed::RowWatcher> LiveFeed::watch_row(Uuid job) {
    return std::make_unique<Impl::JobRowWatcher>(impl_, job);
}

std::unique_ptr<LiveFeed::RowWatcher> LiveFeed::watch_owner(Uuid owner) {
    return std::make_unique<Impl::OwnerWatcher>(impl_, owner);
}

void LiveFeed::text(Uuid job, std::string_view key, std::uint32_t attempt, std::string_view delta) {
    impl_->change(job, [&](Channel& channel) { channel.section(key, attempt).text += delta; });
}

void LiveFeed::restart(Uuid job, std::string_view key, std::uint32_t attempt) {
    impl_->change(job, [&](Channel& channel) { channel.section(key, attempt).text.clear(); });
}

void LiveFeed::finished(Uuid job, std::string_view key) {
    impl_->change_known(job, [&](Channel& channel) {
        const auto section = channel.sections.find(key);
        if (section != channel.sections.end()) section->second.finished = true;
        channel.drop_old_finished();
    });
}

void LiveFeed::report(Uuid job, const job::Report& report) {
    impl_->change(job, [&](Channel& channel) {
        if (channel.report == report) return;
        channel.report = report;
        ++channel.report_version;
    });
}

void LiveFeed::committed(Uuid job, Commit what) {
    impl_->committed(job, what);
}

void LiveFeed::owner_changed(Uuid owner) {
    impl_->owner_changed(owner);
}

void LiveFeed::forget(Uuid job) {
    impl_->change_known(job, [](Channel& channel) { channel.drop_all(); });
}

}  // namespace longhand::engine

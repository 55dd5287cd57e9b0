#include "engine/job_links.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "base/text.h"
#include "engine/job_sources.h"
#include "engine/outputs.h"
#include "engine/patience.h"
#include "engine/side_by_side.h"
#include "engine/step_value.h"
#include "net/web_address.h"
#include "sources/reader.h"

namespace longhand::engine {

using writing::SourceInfo;
using writing::StepErrc;
using writing::StepResult;
using LinkFailure = Failure<StepErrc>;

namespace {

namespace js = boost::json;

constexpr Milliseconds kBeforeSecondTry{1'000};
// Whether another of the owner's links has ended.
constexpr Milliseconds kBeforeSecondLook{100};

std::string encode_link(const SourceInfo& info) {
    return js::serialize(js::value{{"sha256", info.sha256},
                                   {"address", info.address},
                                   {"accessed_at", info.accessed_at},
                                   {"title", info.title},
                                   {"kind", info.kind},
                                   {"passages", info.passages},
                                   {"problem", info.problem}});
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
}

// What a file of that address would be called: its ending helps to tell kinds of text apart.
std::string page_name(const std::string& url, std::string_view content_type) {
    const std::string path = url.substr(0, url.find('?'));
    const auto slash = path.rfind('/');
    std::string name = slash == std::string::npos || slash < 8 ? "" : path.substr(slash + 1);
    std::erase_if(name, [](char c) { return !is_name_character(c); });
    if (name.size() > 80) name = name.substr(name.size() - 80);
    if (name.find_first_not_of('.') == std::string::npos) name = "page";
    const bool is_page = content_type.starts_with("text/html") || content_type.starts_with("application/xhtml");
    if (is_page && !name.ends_with(".html") && !name.ends_with(".htm")) name += ".html";
    if (content_type.starts_with("text/markdown") && !name.ends_with(".md")) name += ".md";
    return name;
}

// For messages: a query may be secret.
std::string shown_link(const std::string& url) {
    return url.substr(0, url.find('?'));
}

// As `page`, beside the folder `read` that its reader empties. Gives its SHA-256; empty where the disk does not take
// it.
std::string write_page(const std::string& folder, const std::string& body) {
    std::error_code error;
    std::filesystem::create_directory(folder + "/read", error);
    std::ofstream file(folder + "/page", std::ios::binary);
    file.write(body.data(), static_cast<std::streamsize>(body.size()));
    file.close();
    return error || !file ? std::string() : sha256_hex(body);
}

bool may_be_tried_again(int status) {
    return status == 429 || status >= 500;
}

/// The links of one run, some at a time.
class Links {
public:
    Links(Environment& environment, std::shared_ptr<RunningJob> job, Journal& journal)
        : environment_(environment), job_(std::move(job)), journal_(journal) {
        for (const auto& url : job_->claimed.settings.urls_for_research) {
            const bool is_new =
                std::none_of(links_.begin(), links_.end(), [&](const ReadLink& link) { return link.info.name == url; });
            if (is_new) links_.push_back({.info = {.sha256 = "", .name = url}});
        }
    }

    awaitable<StepResult<std::vector<ReadLink>>> read_all() {
        std::vector<awaitable<void>> lanes;
        for (std::size_t i = 0; i < std::min(kLinksAtOnce, links_.size()); ++i) lanes.push_back(lane());
        auto together = side_by_side(environment_.runtime, std::move(lanes));
        co_await std::move(together);
        if (failure_) co_return *failure_;
        // Two addresses of one text are one source.
        std::vector<ReadLink> kept;
        for (ReadLink& link : links_) {
            const bool is_known = std::any_of(kept.begin(), kept.end(), [&](const ReadLink& other) {
                return link.info.problem.empty() && other.info.problem.empty() && other.info.sha256 == link.info.sha256;
            });
            if (!is_known) kept.push_back(std::move(link));
        }
        co_return kept;
    }

private:
    struct Page {
        std::string body, address, content_type;
    };

    awaitable<void> lane() {
        while (next_ < links_.size() && !failure_) {
            ReadLink& link = links_[next_++];
            auto reading = read(&link);
            StepResult<void> done = co_await std::move(reading);
            if (!done.has_value() && !failure_) failure_ = done.error();
            ++job_->work.sources_read;
            job_->refresh();
            environment_.live.report(job_->id(), job_->report);
        }
    }

    awaitable<StepResult<void>> read(ReadLink* link) {
        if (job_->signals.stop.stopped()) co_return LinkFailure{StepErrc::stopped, ""};
        const std::string url = link->info.name;
        const std::string* value = journal_.find(fetch_key(url));
        auto known = value == nullptr ? std::nullopt : link_info(url, *value);
        if (known) {
            link->info = std::move(*known);
            link->is_recorded = true;
            if (!link->info.problem.empty()) co_return StepResult<void>{};
            auto loading = load(link);
            co_return co_await std::move(loading);
        }
        auto waiting = place_of_owner();
        OwnerPlaces::Place place = co_await std::move(waiting);
        if (place == nullptr) co_return LinkFailure{StepErrc::stopped, ""};
        ActiveStep active(job_, fetch_key(url), environment_.runtime.steady_now());
        auto fetching = fetch(url, link, std::move(place));
        StepResult<std::optional<Page>> page = co_await std::move(fetching);
        if (!page.has_value()) co_return page.error();
        link->info.accessed_at = format_wall_time(environment_.runtime.wall_now());
        if (!*page) co_return StepResult<void>{};
        auto extracting = extract(std::move(**page), link);
        co_return co_await std::move(extracting);
    }

    awaitable<StepResult<void>> load(ReadLink* link) {
        std::function<awaitable<store::StoreResult<store::StoredSource>>()> look = [this, link] {
            return environment_.store.source(job_->claimed.job.owner, link->info.sha256, "");
        };
        auto looking = persistently<store::StoredSource>(environment_, std::move(look), job_->stop());
        store::StoreResult<store::StoredSource> stored = co_await std::move(looking);
        if (!stored.has_value()) co_return store_refused(environment_, *job_, stored.error()).error();
        link->stored = std::move(*stored);
        co_return StepResult<void>{};
    }

    /// Null: the job was stopped.
    awaitable<OwnerPlaces::Place> place_of_owner() {
        while (!job_->signals.stop.stopped()) {
            auto place = environment_.link_places.take(job_->claimed.job.owner);
            if (place != nullptr) co_return place;
            co_await environment_.runtime.sleep_for(kBeforeSecondLook, job_->stop());
        }
        co_return OwnerPlaces::Place();
    }

    /// Nothing where the link is dead, and then its problem is set.
    awaitable<StepResult<std::optional<Page>>> fetch(std::string url, ReadLink* link, OwnerPlaces::Place place) {
        for (int attempt = 1;; ++attempt) {
            bool may_try_again = attempt == 1;
            auto asking = ask(url, link, place, &may_try_again);
            StepResult<std::optional<Page>> page = co_await std::move(asking);
            if (!page.has_value() || *page || !may_try_again) co_return page;
            const WaitResult waited = co_await environment_.runtime.sleep_for(kBeforeSecondTry, job_->stop());
            if (waited == WaitResult::stopped) co_return LinkFailure{StepErrc::stopped, ""};
        }
    }

    awaitable<StepResult<std::optional<Page>>> ask(std::string url, ReadLink* link, OwnerPlaces::Place place,
                                                   bool* may_try_again) {
        if (!environment_.options.fetch || bytes_ >= kMostBytesOfLinks) {
            *may_try_again = false;
            link->info.problem = shown_link(url) + (environment_.options.fetch
                                                        ? " was not read: the links before it fill the 100 MB that a "
                                                          "job's links may have together."
                                                        : " was not read: no web pages are fetched here.");
            co_return std::optional<Page>{};
        }
        net::FetchRequest request;
        request.url = url;
        request.held = std::move(place);
        request.headers = {"Accept: text/html,application/xhtml+xml,application/pdf,text/*;q=0.9,*/*;q=0.5"};
        request.limit = kLinkLimit;
        request.max_bytes = kMostLinkBytes;
        auto fetching = environment_.options.fetch(std::move(request), job_->stop());
        net::FetchResult<net::FetchReply> got = co_await std::move(fetching);
        if (job_->signals.stop.stopped()) co_return LinkFailure{StepErrc::stopped, ""};
        if (!got.has_value()) {
            *may_try_again = *may_try_again && got.error().code != net::FetchErrc::refused;
            link->info.problem = got.error().message;
            co_return std::optional<Page>{};
        }
        *may_try_again = *may_try_again && may_be_tried_again(got->reply.status);
        const auto encoding = got->reply.header("content-encoding").value_or("identity");
        if (got->reply.status != 200) {
            link->info.problem = shown_link(got->url) + " answers " + std::to_string(got->reply.status) + ".";
        } else if (encoding != "identity") {
            link->info.problem = shown_link(got->url) + " sends its page packed, though nobody asked for that.";
        } else {
            link->info.problem.clear();
            bytes_ += got->reply.body.size();
            const std::string type(got->reply.header("content-type").value_or(""));
            co_return Page{std::move(got->reply.body), got->url, type};
        }
        co_return std::optional<Page>{};
    }

    awaitable<StepResult<void>> extract(Page page, ReadLink* link) {
        auto folder = scratch_folder(environment_.files);
        if (!folder.has_value()) co_return step_failed(*job_, "disk", no_room_for_files(folder.error())).error();
        const ScratchFolder scratch(*folder);
        SourceInfo& info = link->info;
        info.address = page.address;
        const std::string name = page_name(page.address, page.content_type);
        const auto size = static_cast<std::uint64_t>(page.body.size());
        std::function<std::string()> writing = [folder = *folder, body = std::move(page.body)] {
            return write_page(folder, body);
        };
        auto running = run_blocking<std::string>(environment_.runtime, std::move(writing));
        info.sha256 = co_await std::move(running);
        if (info.sha256.empty()) {
            co_return step_failed(*job_, "disk", "The server's disk did not take a page that was fetched.").error();
        }
        sources::SourceFile source{info.sha256, name, *folder + "/page", size};
        auto reading = sources::read_source(environment_.runtime, std::move(source), *folder + "/read", job_->stop(),
                                            environment_.options.policy);
        sources::SourceResult<sources::ReadSource> got = co_await std::move(reading);
        if (!got.has_value()) {
            if (got.error().code == sources::SourceErrc::stopped) co_return LinkFailure{StepErrc::stopped, ""};
            if (got.error().code == sources::SourceErrc::unavailable)
                co_return step_failed(*job_, "source_unavailable", got.error().message).error();
            info.problem = shown_link(info.name) + " can't be read: " + got.error().message;
            co_return StepResult<void>{};
        }
        info.title = got->title;
        auto keeping = keep(std::move(*got), link);
        co_return co_await std::move(keeping);
    }

    /// The text is in the store before the journal says so.
    awaitable<StepResult<void>> keep(sources::ReadSource got, ReadLink* link) {
        SourceInfo& info = link->info;
        link->stored = {.sha256 = info.sha256, .title = got.title, .kind = got.kind};
        for (const auto& passage : got.passages) link->stored.passages.push_back(to_stored(passage));
        std::function<awaitable<store::StoreResult<void>>()> put = [this, link] {
            return environment_.store.put_source(job_->claimed.job.owner, link->stored, job_->id());
        };
        auto putting = persistently<void>(environment_, std::move(put), job_->stop());
        store::StoreResult<void> done = co_await std::move(putting);
        if (!done.has_value() && done.error().code == store::StoreErrc::limit) {
            info.problem = shown_link(info.name) + " has too much text: " + done.error().message;
            co_return StepResult<void>{};
        }
        if (!done.has_value()) co_return store_refused(environment_, *job_, done.error()).error();
        // The same bytes may have been kept before, read under another name: what is kept is what counts.
        auto loading = load(link);
        StepResult<void> loaded = co_await std::move(loading);
        if (!loaded.has_value()) co_return loaded.error();
        info.kind = link->stored.kind;
        info.passages = link->stored.passages.size();
        store::JournalEntry entry{.key = fetch_key(info.name), .value = encode_result(encode_link(info))};
        entry.input_hash = sha256_hex(info.name);
        auto recording = journal_.record(std::move(entry), std::nullopt, {{"url", info.name}});
        StepResult<std::string> stands = co_await std::move(recording);
        if (!stands.has_value()) co_return stands.error();
        link->is_recorded = true;
        co_return StepResult<void>{};
    }

    Environment& environment_;
    std::shared_ptr<RunningJob> job_;
    Journal& journal_;
    std::vector<ReadLink> links_;
    std::size_t next_ = 0;
    std::size_t bytes_ = 0;
    std::optional<LinkFailure> failure_;
};

}  // namespace

awaitable<StepResult<std::vector<ReadLink>>> read_links(Environment& environment, std::shared_ptr<RunningJob> job,
                                                        Journal& journal) {
    Links links(environment, std::move(job), journal);
    auto reading = links.read_all();
    StepResult<std::vector<ReadLink>> all = co_await std::move(reading);
    co_return all;
}

awaitable<StepResult<void>> record_dead_links(std::vector<ReadLink> links, Journal& journal) {
    for (const ReadLink& link : links) {
        if (link.is_recorded) continue;
        store::JournalEntry entry{.key = fetch_key(link.info.name), .value = encode_result(encode_link(link.info))};
        entry.input_hash = sha256_hex(link.info.name);
        job::Told told{{"url", link.info.name}, {"problem", link.info.problem}};
        auto recording = journal.record(std::move(entry), std::nullopt, std::move(told));
        StepResult<std::string> stands = co_await std::move(recording);
        if (!stands.has_value()) co_return stands.error();
    }
    co_return StepResult<void>{};
}

std::optional<SourceInfo> link_info(std::string_view url, std::string_view journal_value) {
    const auto text = decode_result(journal_value);
    if (!text) return std::nullopt;
    boost::system::error_code error;
    const js::value value = js::parse(*text, error);
    if (error || !value.is_object()) return std::nullopt;
    SourceInfo info{.sha256 = "", .name = std::string(url)};
    const auto take = [&](std::string_view word, std::string& out) {
        const auto* found = value.get_object().if_contains(word);
        if (found != nullptr && found->is_string()) out = js::value_to<std::string>(*found);
    };
    take("sha256", info.sha256);
    take("address", info.address);
    take("accessed_at", info.accessed_at);
    take("title", info.title);
    take("kind", info.kind);
    take("problem", info.problem);
    if (const auto* count = value.get_object().if_contains("passages")) {
        info.passages = js::value_to<std::size_t>(*count);
    }
    if (info.accessed_at.empty()) return std::nullopt;
    return info;
}

std::string fetch_key(std::string_view url) {
    return "fetch/" + sha256_hex(url);
}

}  // namespace longhand::engine

// For tests: a StepContext over a table, with a scripted model, a journal, and an order of completion drawn from a
// seed.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "writing/text.h"
#include "writing/writer.h"

namespace longhand::writing::testing {

/// The value of an attribute of a prompt's task mark.
inline std::string task_attribute(std::string_view prompt, std::string_view name) {
    const std::string open = " " + std::string(name) + "=\"";
    const std::string_view mark = prompt.substr(0, prompt.find('>'));
    const std::size_t at = mark.find(open);
    if (at == std::string_view::npos) return "";
    const std::size_t from = at + open.size();
    return std::string(mark.substr(from, mark.find('"', from) - from));
}
inline long task_number(std::string_view prompt, std::string_view name) {
    return std::strtol(task_attribute(prompt, name).c_str(), nullptr, 10);
}
inline std::string between(std::string_view text, std::string_view open, std::string_view close) {
    const std::size_t from = text.find(open);
    if (from == std::string_view::npos) return "";
    const std::size_t to = text.find(close, from + open.size());
    return std::string(text.substr(from + open.size(), to - from - open.size()));
}

/// `count` sentences of their own, told apart by `seed`.
inline std::string fake_prose(const std::string& seed, long words, bool cite) {
    std::mt19937 random(std::hash<std::string>{}(seed));
    const auto word = [&random] {
        std::string made;
        for (int i = 0; i < 3; ++i) {
            made += "bcdfglmnprstv"[random() % 13];
            made += "aeiou"[random() % 5];
        }
        return made;
    };
    std::string text;
    for (long done = 0, sentence = 0; done < words; ++sentence) {
        text += text.empty() ? "T" : sentence % 6 == 0 ? "\n\nT" : " T";
        for (int i = 0; i < 11; ++i) text += (i == 0 ? "he " : " ") + word();
        text += cite && sentence % 2 == 0 ? " [@p1]." : ".";
        done += 12;
    }
    return text;
}

/// A model that does as it is told.
inline AskReply obedient(const std::string& key, const AskRequest& request) {
    const std::string task = task_attribute(request.user, "name");
    const bool passages = request.user.find("<passage ") != std::string::npos;
    if (task == "plan")
        return {
            R"({"title":"The Lighthouse","language":"en","thesis":"Lamps guide ships.","themes":["lamps","ships"],"terms":["lamp","keeper"]})",
            {}};
    if (task == "outline" || task == "outline_chapter") {
        const bool chapters = task == "outline";
        std::string list;
        for (long i = 1; i <= task_number(request.user, chapters ? "chapters" : "sections"); ++i)
            list += (i > 1 ? "," : "") + std::string(R"({"title":"Part )") + key.substr(key.find('/') + 1) +
                    " number " + std::to_string(i) +
                    R"( of it","purpose":"Tells of lamps.","keywords":["lamp","keeper"]})";
        return {"{\"" + std::string(chapters ? "chapters" : "sections") + "\":[" + list + "]}", {}};
    }
    return {fake_prose(key, task_number(request.user, "words"), passages), {}};
}

using Model = std::function<AskReply(const std::string& key, const AskRequest& request)>;

class TableContext final : public StepContext {
public:
    struct Entry {
        std::string text;
        Finish finish = Finish::stop;
    };

    job::Settings asked;
    job::Guidance said;  ///< by the user
    std::vector<SourceInfo> files;
    std::vector<sources::Passage> passages;
    Model model = obedient;
    std::map<std::string, Entry> journal;
    /// New steps that may still finish; then everything is stopped.
    long steps_left = 1'000'000;
    unsigned order_seed = 0;
    double words_per_page = 430;

    std::map<std::string, AskRequest> requests;  ///< of the calls that were made
    std::vector<ProgressReport> reports;
    std::optional<MilestoneStop> stop;  ///< where the last walk ended for its user
    long calls = 0;
    std::size_t most_at_once = 0;

    /// A file of `count` passages of 45 words each.
    void add_source(const std::string& name, std::size_t count) {
        SourceInfo info;
        const std::string hex = name + std::string(64, '0');
        for (std::size_t i = 0; i < 64; ++i) info.sha256 += "0123456789abcdef"[static_cast<unsigned char>(hex[i]) % 16];
        info.name = name;
        info.title = "About " + name;
        info.kind = "text";
        info.passages = count;
        for (std::size_t i = 0; i < count; ++i) {
            sources::Passage passage;
            passage.key = "p" + info.sha256.substr(0, 12) + "-" + std::to_string(i);
            passage.file_sha256 = info.sha256;
            passage.position = static_cast<std::uint32_t>(i);
            passage.place = {"Lamps > Heading " + std::to_string(i / 3), 0, static_cast<std::uint32_t>(i * 10 + 1)};
            passage.text = fake_prose(name + std::to_string(i), 45, false);
            passages.push_back(std::move(passage));
        }
        files.push_back(std::move(info));
    }

    const job::Settings& settings() const override { return asked; }
    const job::Guidance& guidance() const override { return said; }
    const std::vector<SourceInfo>& sources() const override { return files; }
    Failure<StepErrc> await_user(MilestoneStop here) override {
        stop = std::move(here);
        return {StepErrc::stopped, "waits for its user"};
    }

    awaitable<StepResult<AskReply>> ask(job::StepKey key, AskRequest request) override {
        co_await dawdle();
        if (const auto entry = journal.find(key.text()); entry != journal.end()) {
            AskReply reply{entry->second.text, entry->second.finish};
            co_return reply;
        }
        const std::size_t now = ++running_;
        most_at_once = std::max(most_at_once, now);
        co_await dawdle();
        --running_;
        if (steps_left-- <= 0) co_return Failure<StepErrc>{StepErrc::stopped, "stopped"};
        ++calls;
        AskReply reply = model(key.text(), request);
        requests[key.text()] = std::move(request);
        journal[key.text()] = {reply.text, reply.finish};
        co_return reply;
    }

    awaitable<StepResult<std::string>> run(job::StepKey key, std::string,
                                           std::function<awaitable<StepResult<std::string>>()> work) override {
        if (const auto entry = journal.find(key.text()); entry != journal.end())
            co_return StepResult<std::string>(entry->second.text);
        if (steps_left-- <= 0) co_return Failure<StepErrc>{StepErrc::stopped, "stopped"};
        StepResult<std::string> made = co_await work();
        if (made) journal[key.text()] = {*made, Finish::stop};
        co_return made;
    }

    awaitable<StepResult<std::uint32_t>> count_pages(job::StepKey key, typeset::Manuscript manuscript) override {
        if (const auto entry = journal.find(key.text()); entry != journal.end())
            co_return StepResult<std::uint32_t>(static_cast<std::uint32_t>(std::stoul(entry->second.text)));
        if (steps_left-- <= 0) co_return Failure<StepErrc>{StepErrc::stopped, "stopped"};
        const auto words = static_cast<double>(count_words(manuscript.markdown));
        const auto pages = static_cast<std::uint32_t>(words / words_per_page) + 1;
        journal[key.text()] = {std::to_string(pages), Finish::stop};
        co_return StepResult<std::uint32_t>(pages);
    }

    /// By words that the passage shares with the query, then by key.
    std::vector<sources::Hit> retrieve(std::string_view query, std::size_t limit, std::size_t per_file) override {
        const auto asked_words = folded_words(query);
        std::vector<sources::Hit> hits;
        for (const sources::Passage& passage : passages) {
            auto& words = words_of_[passage.key];
            if (words.empty()) words = folded_words(passage.text + " " + passage.place.section);
            double score = 0;
            for (const std::string& word : asked_words)
                score += static_cast<double>(std::count(words.begin(), words.end(), word));
            hits.push_back({passage, score});
        }
        std::sort(hits.begin(), hits.end(), [](auto& a, auto& b) {
            return a.score != b.score ? a.score > b.score : a.passage.key < b.passage.key;
        });
        std::map<std::string, std::size_t> of_file;
        std::erase_if(hits, [&](auto& hit) { return per_file > 0 && ++of_file[hit.passage.file_sha256] > per_file; });
        if (hits.size() > limit) hits.resize(limit);
        return hits;
    }
    std::optional<sources::Passage> passage(std::string_view key) override {
        for (const sources::Passage& passage : passages)
            if (passage.key == key) return passage;
        return std::nullopt;
    }

    awaitable<void> all(std::vector<awaitable<void>> tasks) override {
        auto executor = co_await boost::asio::this_coro::executor;
        std::size_t left = tasks.size();
        for (awaitable<void>& task : tasks)
            boost::asio::co_spawn(executor, std::move(task), [&left](const std::exception_ptr& bug) {
                --left;
                if (bug) std::rethrow_exception(bug);
            });
        while (left > 0) co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }
    void report(ProgressReport report) override { reports.push_back(std::move(report)); }

private:
    /// A model takes its time; how long is drawn from the seed.
    awaitable<void> dawdle() {
        if (order_seed == 0) co_return;
        auto executor = co_await boost::asio::this_coro::executor;
        for (unsigned turns = random_() % 9; turns > 0; --turns)
            co_await boost::asio::post(executor, boost::asio::use_awaitable);
    }

    std::map<std::string, std::vector<std::string>> words_of_;
    std::mt19937 random_{12345};
    std::size_t running_ = 0;

public:
    void shuffle(unsigned seed) {
        order_seed = seed;
        random_.seed(seed);
    }
};

inline awaitable<void> keep_result(TableContext* context, std::optional<StepResult<Finished>>* result) {
    StepResult<Finished> finished = co_await write_document(*context);
    result->emplace(std::move(finished));
}

/// Walks the whole work.
inline StepResult<Finished> write(TableContext& context) {
    context.stop.reset();
    std::optional<StepResult<Finished>> result;
    boost::asio::io_context loop;
    boost::asio::co_spawn(loop, keep_result(&context, &result), [](const std::exception_ptr& bug) {
        if (bug) std::rethrow_exception(bug);
    });
    loop.run();
    return std::move(*result);
}

}  // namespace longhand::writing::testing

// A model and a typesetter on virtual time, that delay and fail as they are told.
#pragma once

#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/sim_runtime.h"
#include "llm/chat.h"
#include "typeset/typesetter.h"

namespace longhand::engine {

/// Answers after a while, as a function of the prompt alone, word by word.
class FakeModel final : public llm::ChatModel {
public:
    using Fault = std::optional<Failure<llm::LlmErrc>>;

    explicit FakeModel(SimRuntime& runtime) : runtime_(runtime) {}

    /// What a call ends with instead of an answer; asked for each.
    std::function<Fault(const llm::ChatRequest&)> fault = [](const llm::ChatRequest&) { return std::nullopt; };
    /// Told of each call as it is sent.
    std::function<void(const llm::ChatRequest&)> on_call = [](const llm::ChatRequest&) {};
    Milliseconds longest_pause{200};   ///< before each of a reply's pieces
    std::vector<std::string> prompts;  ///< of the calls, as sent
    static constexpr std::uint64_t kPromptTokens = 10, kTokensAPiece = 5;
    int streams = 0;  ///< open now
    int most_streams = 0;

    awaitable<llm::LlmResult<llm::ChatReply>> chat(llm::ChatRequest request, llm::ChatWatcher watcher,
                                                   StopToken stop) override {
        if (stop.stopped()) co_return stopped();
        if (watcher.before_attempt) {
            auto asking = watcher.before_attempt();
            llm::LlmResult<void> allowed = co_await std::move(asking);
            if (!allowed.has_value()) co_return allowed.error();
        }
        llm::AttemptEnd end;
        end.sent = !stop.stopped();
        llm::LlmResult<llm::ChatReply> reply = stopped();
        if (end.sent) {
            auto streaming = stream(request, watcher, stop, &end);
            reply = co_await std::move(streaming);
        }
        if (!reply.has_value()) end.failure = reply.error().code;
        if (watcher.after_attempt) {
            auto telling = watcher.after_attempt(std::move(end));
            co_await std::move(telling);
        }
        co_return reply;
    }
    awaitable<llm::LlmResult<std::vector<llm::ModelInfo>>> models(StopToken) override {
        co_return std::vector<llm::ModelInfo>{};
    }
    std::string provider() const override { return "fake"; }
    std::map<std::string, llm::Usage> charges;  ///< by generation id
    bool tells_charges = false;                 ///< when asked by id
    int asked_for_charges = 0;
    awaitable<llm::LlmResult<std::optional<llm::Usage>>> charged(std::string generation_id, StopToken) override {
        ++asked_for_charges;
        const auto charge = charges.find(generation_id);
        if (!tells_charges || charge == charges.end()) co_return std::optional<llm::Usage>();
        co_return std::optional(charge->second);
    }

private:
    struct Open {
        explicit Open(FakeModel& owner) : model(owner) {
            model.most_streams = std::max(++model.streams, model.most_streams);
        }
        ~Open() { --model.streams; }
        FakeModel& model;
    };
    static Failure<llm::LlmErrc> stopped() { return {llm::LlmErrc::stopped, ""}; }

    awaitable<llm::LlmResult<llm::ChatReply>> stream(llm::ChatRequest request, llm::ChatWatcher watcher, StopToken stop,
                                                     llm::AttemptEnd* end) {
        prompts.push_back(request.messages.back().content);
        on_call(request);
        const Open open(*this);
        const Fault failure = fault(request);
        end->usage.estimated = true;
        end->usage.prompt_tokens = kPromptTokens;
        const std::string id = "gen-" + std::to_string(prompts.size()) + "-" + request.messages.back().content;
        llm::Usage& charge = charges[id];
        charge.prompt_tokens = kPromptTokens;
        llm::ChatReply reply;
        for (const std::string& piece : pieces(request.messages.back().content)) {
            const Milliseconds pause(runtime_.random() % static_cast<std::uint64_t>(longest_pause.count() + 1));
            const WaitResult waited = co_await runtime_.sleep_for(pause, stop);
            if (waited == WaitResult::stopped) co_return stopped();
            if (failure) co_return *failure;
            end->generation_id = id;
            if (reply.text.empty() && watcher.on_first_byte) watcher.on_first_byte(id);
            reply.text += piece;
            end->usage.completion_tokens += kTokensAPiece;
            charge.completion_tokens += kTokensAPiece;
            if (watcher.on_text) watcher.on_text(piece);
        }
        end->usage.estimated = false;
        reply.usage = end->usage;
        co_return reply;
    }

    static std::vector<std::string> pieces(const std::string& prompt) {
        const std::string hash = sha256_hex(prompt);
        std::vector<std::string> words;
        for (std::size_t i = 0; i < 4; ++i) words.push_back("word" + hash.substr(i * 4, 4) + " goes on. ");
        return words;
    }
    SimRuntime& runtime_;
};

/// Takes its time, and writes the Markdown down with the format's name before it.
class FakeTypesetter final : public typeset::Typesetter {
public:
    explicit FakeTypesetter(SimRuntime& runtime) : runtime_(runtime) {}
    int children = 0;  ///< that run now
    int renderings = 0;

    awaitable<typeset::TypesetResult<typeset::Rendered>> render(typeset::Manuscript manuscript, typeset::Format format,
                                                                std::string folder, StopToken stop) override {
        struct Child {
            explicit Child(int& running) : count(running) { ++count; }
            ~Child() { --count; }
            int& count;
        } child(children);
        ++renderings;
        const WaitResult waited = co_await runtime_.sleep_for(Milliseconds(200 + runtime_.random() % 800), stop);
        if (waited == WaitResult::stopped) co_return Failure<typeset::TypesetErrc>{typeset::TypesetErrc::stopped, ""};
        const std::string name(typeset::extension(format));
        const std::string text = name + "\n" + manuscript.markdown + (manuscript.partial ? "\npartial" : "");
        typeset::Rendered rendered;
        rendered.format = format;
        rendered.path = folder + "/document." + name;
        rendered.size = text.size();
        rendered.sha256 = sha256_hex(text);
        rendered.pages = format == typeset::Format::pdf ? 3 : 0;
        std::ofstream(rendered.path, std::ios::binary) << text;
        co_return rendered;
    }

    awaitable<typeset::TypesetResult<std::uint32_t>> count_pages(typeset::Manuscript manuscript, std::string folder,
                                                                 StopToken stop) override {
        auto rendering = render(std::move(manuscript), typeset::Format::pdf, std::move(folder), std::move(stop));
        typeset::TypesetResult<typeset::Rendered> rendered = co_await std::move(rendering);
        if (!rendered) co_return rendered.error();
        co_return rendered->pages;
    }

private:
    SimRuntime& runtime_;
};

}  // namespace longhand::engine

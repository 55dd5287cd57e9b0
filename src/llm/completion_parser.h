// Reads the body of one answer to /chat/completions, as it comes in: server-sent events or one JSON object.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "llm/chat.h"
#include "llm/loop_guard.h"
#include "llm/provider_fault.h"
#include "net/sse.h"

namespace longhand::llm {

/// What a body said, once it has ended.
struct Completion {
    std::string text;
    std::string id;
    std::string model;
    std::string served_by;  ///< OpenRouter's `provider`: whom it asked
    std::string reasoning;  ///< streamed, paid for, and no part of the answer
    std::optional<FinishReason> finish;
    std::optional<Usage> usage;
};

class CompletionParser {
public:
    struct Sink {
        std::function<void(std::string_view id)> on_id;  ///< once, when the answer names itself
        std::function<void(std::string_view delta)> on_text;
        std::function<void()> on_token;  ///< the model is at work: text, or reasoning that is not kept
    };
    /// `text_limit`: bytes of text, past which the answer is not one to this request.
    CompletionParser(Asked asked, std::size_t text_limit, Sink sink);

    /// False when the rest is of no use: see `fault`.
    bool feed(std::string_view piece);
    /// The body has ended well (not cut).
    void end_of_body();

    /// A finish reason or `[DONE]` was seen: what follows can't change the text.
    bool whole() const { return done_ || completion_.finish.has_value(); }
    const std::optional<Fault>& fault() const { return fault_; }
    const Completion& completion() const { return completion_; }

private:
    void take_event(const net::SseEvent& event);
    void take_object(const boost::json::object& object);
    void take_choice(const boost::json::object& choice);
    void take_usage(Usage usage);
    void take_finish(std::string_view reason);
    void take_text(std::string_view text);
    void fail(Fault fault);

    enum class Form { unknown, events, object, other };
    Asked asked_;
    std::size_t text_limit_;
    Sink sink_;
    Form form_ = Form::unknown;
    std::string body_;  // of an object
    net::SseParser events_;
    LoopGuard guard_;
    Completion completion_;
    std::optional<Fault> fault_;
    bool any_event_ = false;
    bool looks_like_events_ = false;
    bool done_ = false;
};

/// Any JSON text that providers send: broken UTF-8 and lone surrogates in it become U+FFFD. Nothing when it is no
/// object.
std::optional<boost::json::object> parse_lenient(std::string_view text);
Usage parse_usage(const boost::json::object& usage);
/// OpenRouter charges what it names `cost_name`; with the user's own key (`is_byok`) the provider behind it charges its
/// part too, which stands in `upstream`, where there is one. Nothing for what is absent, no number, or negative.
std::optional<double> charge_in(const boost::json::object& answer, std::string_view cost_name,
                                const boost::json::object* upstream);

}  // namespace longhand::llm

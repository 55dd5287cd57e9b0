// What handlers work with. Everything in it outlives the App.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/owner_places.h"
#include "base/runtime.h"
#include "engine/documents.h"
#include "engine/engine.h"
#include "engine/live_feed.h"
#include "http/compression.h"
#include "http/credentials.h"
#include "http/key_ring.h"
#include "http/keyed_request.h"
#include "http/links.h"
#include "http/metrics.h"
#include "http/provider_keys.h"
#include "http/status_polls.h"
#include "http/webhook_secrets.h"
#include "llm/chat.h"
#include "llm/prices.h"
#include "net/guarded_fetch.h"
#include "net/networks.h"
#include "store/account_store.h"
#include "store/file_store.h"
#include "store/job_store.h"
#include "store/project_store.h"
#include "store/request_store.h"
#include "store/webhook_store.h"

namespace longhand::http {

/// What a job takes that its request leaves out, and what it can't choose.
struct ServerDefaults {
    std::string provider;  ///< as job::Job has it
    std::string reasoning_model;
    std::string writing_model;
    std::string function_model;
    std::uint32_t context_tokens = 0;
    std::uint32_t pipeline_version = 1;
    job::Budget budget;      ///< of a job that names none
    llm::PriceTable prices;  ///< a cap on money needs the price of every model of the job
};

/// The defaults as they are at this moment. Thread-safe.
class CurrentDefaults {
public:
    explicit CurrentDefaults(ServerDefaults first)
        : current_(std::make_shared<const ServerDefaults>(std::move(first))) {}

    std::shared_ptr<const ServerDefaults> get() const {
        std::lock_guard lock(mutex_);
        return current_;
    }
    /// For requests that begin from now on.
    void set(ServerDefaults next) {
        auto made = std::make_shared<const ServerDefaults>(std::move(next));
        std::lock_guard lock(mutex_);
        current_.swap(made);
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<const ServerDefaults> current_;
};

/// `engine::Documents::get`, or a test's.
using OutputSource = std::function<awaitable<engine::DocumentResult<engine::Document>>(
    Uuid owner, Uuid job, std::string format, StopToken stop)>;

/// For /readyz: a word such as `ok`, `waiting`, and a sentence.
struct ProviderHealth {
    std::string state;
    std::string message;
};

/// `net::AddressGuard::check` within a time, or a test's; called on any of the server's threads.
using AddressCheck =
    std::function<awaitable<net::FetchResult<net::CheckedAddress>>(net::WebAddress address, OwnerPlaces::Place held)>;

struct AccessLine {
    std::string method;
    std::string target;  ///< without a link's signature, control characters or more than 500 characters
    int status = 0;
    std::chrono::microseconds taken{};
    std::string request_id;
    std::string remote_address;
};

/// What the App is built from. All references outlive it; all are used from several threads.
struct Deps {
    Runtime& runtime;  ///< its executor must be run by its owner
    store::JobStore& jobs;
    store::ProjectStore& projects;
    store::AccountStore& accounts;
    store::RequestStore& requests;
    store::FileStore& files;
    engine::LiveFeed& live;
    OutputSource outputs;
    std::function<engine::EngineStats()> engine_stats = {};    ///< optional
    std::function<ProviderHealth()> provider_health = {};      ///< optional; must not block
    std::function<void(const AccessLine&)> access_log = {};    ///< optional
    std::function<void(const std::string&)> problem_log = {};  ///< optional: what a 500 or 503 keeps from the client
    std::function<bool()> logs_access = {};                    ///< optional: false and no line is made
    /// Tries a user's own key at the provider, within seconds (llm::check_key). Empty: the server's model takes none.
    std::function<awaitable<llm::LlmResult<void>>(std::string key, StopToken stop)> check_provider_key = {};
    /// `engine::Engine::better_prompt`, or a test's. Empty: prompts are made better without a model.
    std::function<awaitable<writing::BetterPrompt>(engine::PromptQuestion question, StopToken stop)> better_prompt = {};
    store::WebhookStore* webhooks = nullptr;                   ///< optional: without it there are no calls of webhooks
    AddressCheck check_address = {};                           ///< optional: without it any address is taken
    std::function<void()> webhooks_changed = {};               ///< optional: messages may be due without an event
    std::function<engine::WebhookStats()> webhook_stats = {};  ///< optional
};

enum class HostCheck {
    any,
    /// `Host` must be a loopback name or the public URL's host: a page of another origin can't reach a server on
    /// loopback by a name that it points there.
    loopback,
};

struct AppOptions {
    std::shared_ptr<const KeyRing> keys;  ///< what signs tokens and links
    std::string public_url;               ///< what links are made of, without a slash at its end: http://127.0.0.1:8080
    HostCheck host_check = HostCheck::loopback;
    net::Networks trusted_proxies;  ///< whose forwarding headers are believed
    /// Links in answers to requests of a trusted proxy are made of what it says of host and protocol.
    bool links_follow_proxy = false;
    ServerDefaults defaults;                      ///< to begin with; see App::set_defaults
    std::string version;                          ///< shown at `/` and in the contract's place
    std::uint64_t disk_reserve = 256ULL << 20;    ///< free bytes below which neither jobs nor files are accepted
    std::uint64_t max_file_bytes = 50ULL << 20;   ///< of one uploaded file
    std::uint64_t max_upload_bytes = 2ULL << 30;  ///< of one upload request
    Milliseconds undo_deletion{600'000};          ///< how long a deleted job can be brought back
    Milliseconds stream_keep_alive{15'000};       ///< a comment on an event stream that was silent for so long
    Milliseconds stream_poll{800};  ///< how often a stream looks at the table, whatever it is told: who is
                                    ///< removed is out within a second
};

struct Services {
    Deps deps;
    AppOptions options;
    CurrentDefaults defaults;
    Tokens tokens;
    Credentials credentials;
    Links links;
    ProviderKeys provider_keys;
    WebhookSecrets webhook_secrets;
    Metrics metrics;
    mutable StatusPolls status_polls;
    AnswerSeal answer_seal;
    mutable KeysUnderWay keys_under_way;
    mutable OwnerPlaces address_checks{4};  ///< under way for one user: each may hold a thread that looks names up
    mutable ConstantTexts constant_texts;

    Services(Deps given, AppOptions chosen)
        : deps(std::move(given)),
          options(std::move(chosen)),
          defaults(options.defaults),
          tokens(options.keys),
          credentials(deps.runtime, deps.accounts, tokens),
          links(options.keys),
          provider_keys(deps.runtime, deps.accounts, options.keys),
          webhook_secrets(options.keys),
          status_polls(deps.runtime, deps.jobs, deps.accounts, options.keys),
          answer_seal(options.keys) {}
};

}  // namespace longhand::http

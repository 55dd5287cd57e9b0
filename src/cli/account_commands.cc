// user add, user list, user remove, token, key.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/digest.h"
#include "cli/command.h"
#include "cli/installation.h"
#include "cli/values.h"
#include "http/token.h"

namespace longhand::cli {
namespace {

// What the five commands share: an open installation beside whoever runs, and a loop to ask the store on.
struct Desk {
    asio::io_context loop;
    AsioRuntime runtime{loop, 1};
    std::unique_ptr<Installation> installation;
};

int with_desk(const Options& options, Hold hold, int (*work)(Desk&, const Options&)) {
    Desk desk;
    auto installation = Installation::open(options, hold, desk.runtime);
    if (!installation) return complain(installation.error().message, status_of(installation.error().code));
    desk.installation = std::move(*installation);
    const int status = work(desk, options);
    desk.installation.reset();
    return status;
}

int complain_of(const store::StoreFailure& failure, const std::string& email) {
    switch (failure.code) {
        case store::StoreErrc::not_found:
            return complain(fmt::format(
                "There is no user {}. 'longhand user list' shows who there is; 'longhand user add {}' makes one.",
                email, email));
        case store::StoreErrc::duplicate:
            return complain(fmt::format("There is a user {} already.", email));
        case store::StoreErrc::wrong_state:
        case store::StoreErrc::stale:
        case store::StoreErrc::repeated:
        case store::StoreErrc::budget:
        case store::StoreErrc::limit:
        case store::StoreErrc::unavailable:
        case store::StoreErrc::unusable:
        case store::StoreErrc::stopping:
            break;
    }
    return complain(failure.message);
}

bool looks_like_email(const std::string& text) {
    const auto at = text.find('@');
    constexpr std::size_t kLongest = 254;  // RFC 5321, with its brackets left out
    return at != std::string::npos && at > 0 && at + 1 < text.size() && text.find('@', at + 1) == std::string::npos &&
           text.size() <= kLongest && std::ranges::none_of(text, [](unsigned char c) {
               return c <= ' ' || c == 127 || c == ',' || c == '<' || c == '>';
           });
}

int add_user(Desk& desk, const Options& options) {
    const std::string email = options.positional("EMAIL");
    if (!looks_like_email(email))
        return complain(fmt::format("'{}' is no e-mail address; one looks like ann@example.org.", email), kUsage);
    const auto user = run_on(desk.loop, desk.installation->store().add_user(email));
    if (!user) return complain_of(user.error(), email);
    std::printf("%s  %s\n", user->id.to_string().c_str(), user->email.c_str());
    return kDone;
}

int list_users(Desk& desk, const Options&) {
    const auto users = run_on(desk.loop, desk.installation->store().users());
    if (!users) return complain_of(users.error(), {});
    for (const store::User& user : *users) {
        std::printf("%s  %s  %s\n", user.id.to_string().c_str(), format_wall_time(user.created_at).c_str(),
                    user.email.c_str());
    }
    return kDone;
}

awaitable<store::StoreResult<void>> remove_by_email(store::AccountStore& accounts, std::string email) {
    auto user = co_await accounts.user_by_email(email);
    if (!user) co_return user.error();
    co_return co_await accounts.remove_user(user->id);
}

int remove_user(Desk& desk, const Options& options) {
    const std::string email = options.positional("EMAIL");
    const auto removed = run_on(desk.loop, remove_by_email(desk.installation->store(), email));
    if (!removed) return complain_of(removed.error(), email);
    std::printf("%s is removed.\n", email.c_str());
    return kDone;
}

int print_token(Desk& desk, const Options& options) {
    const auto ttl = duration_option(options, "ttl", Seconds{1}, http::kLongestTokenLife);
    if (!ttl) return complain(ttl.error().message, kUsage);
    const std::string email = options.positional("EMAIL");
    const auto user = run_on(desk.loop, desk.installation->store().user_by_email(email));
    if (!user) return complain_of(user.error(), email);
    const http::Tokens tokens(std::make_shared<http::KeyRing>(desk.installation->secrets()));
    std::printf("%s\n",
                tokens.make(user->id, desk.runtime.wall_now(), std::chrono::duration_cast<Seconds>(*ttl)).c_str());
    return kDone;
}

awaitable<store::StoreResult<void>> set_key(store::AccountStore& accounts, std::string email, std::string key) {
    auto user = co_await accounts.user_by_email(email);
    if (!user) co_return user.error();
    auto setting = accounts.set_api_key(user->id, sha256_hex(key));
    co_return co_await std::move(setting);
}

int print_key(Desk& desk, const Options& options) {
    const std::string email = options.positional("EMAIL");
    const std::string key = http::make_api_key();
    const auto stored = run_on(desk.loop, set_key(desk.installation->store(), email, key));
    if (!stored) return complain_of(stored.error(), email);
    std::printf("%s\n", key.c_str());
    return kDone;
}

}  // namespace

std::vector<Command> account_commands() {
    const PositionalSpec email{"EMAIL", "the user's e-mail address"};
    const OptionSpec ttl{.name = "ttl", .value = "TIME", .help = "how long it is valid", .fallback = "24h"};
    return {
        {{"user add", "makes an account", "longhand user add ann@example.org", {email}, store_options()},
         [](const Options& options) { return with_desk(options, Hold::founding, add_user); }},
        {{"user list", "lists the accounts", "longhand user list", {}, store_options()},
         [](const Options& options) { return with_desk(options, Hold::beside, list_users); }},
        {{"user remove",
          "removes an account; its credentials are void at once",
          "longhand user remove ann@example.org",
          {email},
          store_options()},
         [](const Options& options) { return with_desk(options, Hold::beside, remove_user); }},
        {{"token",
          "prints a session token",
          "longhand token ann@example.org --ttl 8h",
          {email},
          store_options() + std::vector<OptionSpec>{ttl}},
         [](const Options& options) { return with_desk(options, Hold::signing, print_token); }},
        {{"key",
          "makes an API key, in place of the old one, and prints it",
          "longhand key ann@example.org",
          {email},
          store_options()},
         [](const Options& options) { return with_desk(options, Hold::beside, print_key); }},
    };
}

}  // namespace longhand::cli

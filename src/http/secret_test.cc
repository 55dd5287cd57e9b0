#include "http/secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/digest.h"
#include "base/sim_runtime.h"
#include "http/key_ring.h"
#include "http/token.h"

namespace longhand::http {
namespace {

const WallTime kToday{Seconds(1'800'000'000)};

class SecretFile : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/longhand-secret-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string path() const { return folder + "/secret"; }
    std::string text() const {
        std::stringstream all;
        all << std::ifstream(path()).rdbuf();
        return all.str();
    }
    mode_t mode() const {
        struct stat info {};
        return ::stat(path().c_str(), &info) == 0 ? info.st_mode & 0777 : 0;
    }
    std::string folder;
};

TEST_F(SecretFile, IsMadeOnceAndReadableByItsOwnerAlone) {
    const auto first = load_or_make_secrets(path(), kToday);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->newest.size(), 32U);
    EXPECT_TRUE(first->former.empty());
    EXPECT_EQ(load_or_make_secrets(path(), kToday)->newest, first->newest);
    EXPECT_EQ(load_secrets(path(), kToday)->newest, first->newest);
    EXPECT_EQ(mode(), 0600U);
    EXPECT_EQ(text(), to_hex(first->newest) + "\n");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(SecretFile, ThatOthersMayReadIsRefused) {
    ASSERT_TRUE(load_or_make_secrets(path(), kToday));
    ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
    const std::string before = text();
    for (const auto code :
         {load_or_make_secrets(path(), kToday).error().code, rotate_secret(path(), kToday).error().code})
        EXPECT_EQ(code, SecretErrc::exposed);
    EXPECT_NE(load_secrets(path(), kToday).error().message.find("chmod 600"), std::string::npos);
    EXPECT_EQ(text(), before);
}

TEST_F(SecretFile, ThatIsNoneIsRefusedAndNotReplaced) {
    const std::string good(64, 'a');
    for (const std::string& content :
         {std::string(), std::string("abc\n"), std::string(62, 'a'), std::string(66, 'a'), std::string(64, 'z'),
          good + "\n\n", good + "\n" + good + "\n", good + "\n" + good + " until soon\n",
          good + "\n" + good.substr(1) + " until 2027-01-01T00:00:00.000Z\n", "\n" + good + "\n",
          good + "\n" + std::string(200'000, 'b')}) {
        std::ofstream(path()) << content;
        ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
        const auto refused = load_or_make_secrets(path(), kToday);
        ASSERT_FALSE(refused) << content;
        EXPECT_EQ(refused.error().code, SecretErrc::malformed);
        EXPECT_EQ(rotate_secret(path(), kToday).error().code, SecretErrc::malformed);
        EXPECT_EQ(text(), content);
    }
    EXPECT_EQ(load_or_make_secrets(folder + "/no/such/folder", kToday).error().code, SecretErrc::unreadable);
    EXPECT_EQ(rotate_secret(folder + "/nothing", kToday).error().code, SecretErrc::unreadable);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(SecretFile, ARotationKeepsFormerSecretsUntilNothingOfThemsCanHold) {
    const std::string first = load_or_make_secrets(path(), kToday)->newest;
    const auto until = rotate_secret(path(), kToday);
    ASSERT_TRUE(until) << until.error().message;
    EXPECT_GE(*until, kToday + kLongestTokenLife + kLeeway);
    const Secrets second = *load_secrets(path(), kToday);
    EXPECT_NE(second.newest, first);
    ASSERT_EQ(second.former.size(), 1U);
    EXPECT_EQ(second.former[0].secret, first);
    EXPECT_EQ(mode(), 0600U);

    ASSERT_TRUE(rotate_secret(path(), kToday + std::chrono::hours(24)));
    const Secrets third = *load_secrets(path(), *until - Seconds(1));
    ASSERT_EQ(third.former.size(), 2U);
    EXPECT_EQ(third.former[0].secret, second.newest);
    EXPECT_EQ(third.former[1].secret, first);
    EXPECT_EQ(load_secrets(path(), *until)->former.size(), 1U) << "over";
    ASSERT_TRUE(rotate_secret(path(), *until));
    EXPECT_EQ(text().find(to_hex(first)), std::string::npos) << "a secret that is over stays in the file";
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "a draft was left";
}

TEST_F(SecretFile, RotationsAtTheSameTimeKeepEachOthersSecrets) {
    const std::string first = load_or_make_secrets(path(), kToday)->newest;
    constexpr int kThreads = 4, kTimes = 10;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([this] {
            for (int j = 0; j < kTimes; ++j) EXPECT_TRUE(rotate_secret(path(), kToday));
        });
    }
    for (std::thread& thread : threads) thread.join();
    const Secrets all = *load_secrets(path(), kToday);
    ASSERT_EQ(all.former.size(), std::size_t{kThreads * kTimes});
    EXPECT_EQ(all.former.back().secret, first);
}

TEST_F(SecretFile, ThroughALinkTheFileIsReplacedAndNotTheLink) {
    ASSERT_TRUE(load_or_make_secrets(path(), kToday));
    const std::string link = folder + "/link";
    std::filesystem::create_symlink("secret", link);
    ASSERT_TRUE(rotate_secret(link, kToday));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(load_secrets(path(), kToday)->former.size(), 1U);
}

TEST_F(SecretFile, ARunningProcessFollowsItWithinASecondAndAtOnceForANewKey) {
    SimRuntime runtime(1);
    std::vector<std::string> problems;
    const Secrets first = *load_or_make_secrets(path(), runtime.wall_now());
    const auto ring = std::make_shared<KeyRing>(first, path(), runtime,
                                                [&](const std::string& problem) { problems.push_back(problem); });
    const Uuid user = *Uuid::parse("01900000-0000-7000-8000-00000000000a");
    const Tokens server(ring);
    const std::string old_token = server.make(user, runtime.wall_now(), Seconds(3600));
    EXPECT_EQ(ring->keys()->newest().secret, first.newest);

    ASSERT_TRUE(rotate_secret(path(), runtime.wall_now()));
    const Secrets second = *load_secrets(path(), runtime.wall_now());
    EXPECT_EQ(ring->keys()->newest().secret, first.newest) << "looked at the file twice in a second";
    const std::string new_token = Tokens(std::make_shared<KeyRing>(second)).make(user, runtime.wall_now(), Seconds(60));
    EXPECT_EQ(server.check(new_token, runtime.wall_now()), user) << "a token of the new secret, at once";
    EXPECT_EQ(server.check(old_token, runtime.wall_now()), user);

    ASSERT_TRUE(rotate_secret(path(), runtime.wall_now()));
    runtime.advance(Seconds(1));
    EXPECT_EQ(ring->keys()->newest().secret, load_secrets(path(), runtime.wall_now())->newest);
    EXPECT_EQ(server.check(old_token, runtime.wall_now()), user);

    std::filesystem::remove(path());
    runtime.advance(Seconds(1));
    EXPECT_EQ(server.check(old_token, runtime.wall_now()), user) << "the server goes on without the file";
    EXPECT_TRUE(ring->latest());
    ASSERT_EQ(problems.size(), 1U) << "told once";
    EXPECT_NE(problems[0].find(path()), std::string::npos);
    ASSERT_TRUE(load_or_make_secrets(path(), runtime.wall_now()));
    runtime.advance(Seconds(1));
    EXPECT_FALSE(server.check(old_token, runtime.wall_now())) << "a secret that was made anew ends old tokens";
}

}  // namespace
}  // namespace longhand::http

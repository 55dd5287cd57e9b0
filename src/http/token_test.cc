#include "http/token.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "http/links.h"
#include "http/secret.h"

namespace longhand::http {
namespace {

const std::string kSecret(32, 's');
const WallTime kNow{Seconds(1'800'000'000)};
const Uuid kUser = *Uuid::parse("01900000-0000-7000-8000-00000000000a");

std::string signed_token(const std::string& header, const std::string& claims, const std::string& secret = kSecret) {
    const std::string signing_input = to_base64url(header) + "." + to_base64url(claims);
    const Sha256 mac = hmac_sha256(secret, signing_input);
    return signing_input + "." + to_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

std::string claims(const std::string& exp, const std::string& more = "", const std::string& aud = "\"longhand\"") {
    return "{\"sub\":\"" + kUser.to_string() + "\",\"aud\":" + aud + ",\"exp\":" + exp + more + "}";
}
constexpr const char* kHeader = R"({"alg":"HS256","typ":"JWT"})";

TEST(Token, TheOneThatWasMadeIsTaken) {
    const Tokens tokens(kSecret);
    EXPECT_EQ(tokens.check(tokens.make(kUser, kNow, Seconds(60)), kNow), kUser);
    EXPECT_FALSE(Tokens(std::string(32, 't')).check(tokens.make(kUser, kNow, Seconds(60)), kNow));
}

TEST(Token, ExpiryAndStartHaveAMinuteOfLeeway) {
    const Tokens tokens(kSecret);
    const std::string token = tokens.make(kUser, kNow, Seconds(100));
    EXPECT_TRUE(tokens.check(token, kNow + Seconds(159)));
    EXPECT_FALSE(tokens.check(token, kNow + Seconds(160)));
    EXPECT_TRUE(tokens.check(token, kNow - Seconds(60)));
    EXPECT_FALSE(tokens.check(token, kNow - Seconds(61)));
}

TEST(Token, OtherAlgorithmsAreRefused) {
    const Tokens tokens(kSecret);
    const std::string good = claims("1800000100");
    EXPECT_TRUE(tokens.check(signed_token(kHeader, good), kNow));
    for (const char* header :
         {R"({"alg":"none"})", R"({"alg":"HS512"})", R"({"alg":"hs256"})", R"({"alg":"RS256"})", R"({"typ":"JWT"})",
          R"({"alg":["HS256"]})", R"({"alg":"none","alg":"HS256"})", R"({"alg":"HS256","crit":["b64"]})",
          R"({"alg":"HS256","kid":"../../etc/passwd"})", R"({"alg":"HS256","kid":7})", "[]", "HS256"}) {
        EXPECT_FALSE(tokens.check(signed_token(header, good), kNow)) << header;
    }
    const std::string unsigned_token = to_base64url(R"({"alg":"none"})") + "." + to_base64url(good) + ".";
    EXPECT_FALSE(tokens.check(unsigned_token, kNow));
}

TEST(Token, EachClaimIsChecked) {
    const Tokens tokens(kSecret);
    const auto taken = [&](const std::string& text) {
        return tokens.check(signed_token(kHeader, text), kNow).has_value();
    };
    EXPECT_TRUE(taken(claims("1800000100", "", R"(["other","longhand"])")));
    EXPECT_TRUE(taken(claims("1800000100.5")));
    EXPECT_FALSE(taken(claims("1800000100", "", R"("other")")));
    EXPECT_FALSE(taken(claims("\"1800000100\"")));
    EXPECT_FALSE(taken(claims("1799999900")));
    EXPECT_FALSE(taken(claims("1800000100", R"(,"nbf":1800000100)")));
    EXPECT_FALSE(taken(claims("1800000100", R"(,"nbf":"now")")));
    EXPECT_FALSE(taken(claims("1799999900", R"(,"exp":1800000100)"))) << "a claim that is there twice";
    EXPECT_FALSE(taken(R"({"sub":")" + kUser.to_string() + R"(","aud":"longhand"})")) << "no expiry";
    EXPECT_FALSE(taken(R"({"sub":"ada","aud":"longhand","exp":1800000100})"));
    EXPECT_FALSE(taken("{}"));
}

TEST(Token, BrokenOnesAreRefused) {
    const Tokens tokens(kSecret);
    const std::string good = tokens.make(kUser, kNow, Seconds(60));
    std::string changed = good;
    changed[changed.find('.') + 3] ^= 1;
    for (const std::string& token :
         {std::string(), std::string("."), std::string(".."), good + ".", good + "x", " " + good, changed,
          good.substr(0, good.size() - 1), std::string(9000, 'a'), std::string("a.b.c"), std::string("\0.\0.\0", 5)}) {
        EXPECT_FALSE(tokens.check(token, kNow)) << token;
    }
}

TEST(ApiKey, AMistypedOneIsKnownByItsChecksum) {
    const std::string key = make_api_key();
    EXPECT_TRUE(is_well_formed_api_key(key)) << key;
    EXPECT_NE(key, make_api_key());
    for (std::size_t i = 3; i < key.size(); ++i) {
        std::string wrong = key;
        wrong[i] = wrong[i] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(is_well_formed_api_key(wrong)) << i;
    }
    EXPECT_FALSE(is_well_formed_api_key("dw_"));
    EXPECT_FALSE(is_well_formed_api_key(key + "0"));
}

class SecretFile : public testing::Test {
protected:
    void SetUp() override {
        char name[] = "/tmp/longhand-secret-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder); }
    std::string path() const { return folder + "/secret"; }
    std::string folder;
};

TEST_F(SecretFile, IsMadeOnceAndReadableByItsOwnerAlone) {
    const auto first = load_or_make_secret(path());
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->size(), 32U);
    EXPECT_EQ(*load_or_make_secret(path()), *first);
    struct stat info {};
    ASSERT_EQ(::stat(path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(SecretFile, ThatOthersMayReadIsRefused) {
    ASSERT_TRUE(load_or_make_secret(path()));
    ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
    const auto refused = load_or_make_secret(path());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, SecretErrc::exposed);
    EXPECT_NE(refused.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(SecretFile, OfAWrongLengthIsRefused) {
    for (const std::string& text :
         {std::string(), std::string("abc\n"), std::string(62, 'a'), std::string(66, 'a'), std::string(64, 'z')}) {
        std::ofstream(path()) << text;
        ASSERT_EQ(::chmod(path().c_str(), 0600), 0);
        const auto refused = load_or_make_secret(path());
        ASSERT_FALSE(refused) << text;
        EXPECT_EQ(refused.error().code, SecretErrc::malformed);
    }
    EXPECT_EQ(load_or_make_secret(folder + "/no/such/folder").error().code, SecretErrc::unreadable);
}

TEST(Link, HoldsForAYearAndForItsOwnJobFormatAndOwner) {
    const Links links(kSecret, "http://127.0.0.1:8080");
    job::Job job;
    job.id = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    job.owner = kUser;
    job.finished_at = kNow;
    const std::string url = links.output_url(job, "pdf");
    EXPECT_EQ(url, links.output_url(job, "pdf"));
    const auto value = [&](const std::string& name) {
        const auto at = url.find(name + "=") + name.size() + 1;
        return url.substr(at, url.find('&', at) - at);
    };
    net::HttpRequest request;
    request.query = {{"user", value("user")}, {"exp", value("exp")}, {"sig", value("sig")}};
    EXPECT_EQ(links.check(job.id, "pdf", request, kNow).owner, kUser);
    EXPECT_FALSE(links.check(job.id, "tex", request, kNow).owner);
    EXPECT_FALSE(links.check(kUser, "pdf", request, kNow).owner);
    const auto late = links.check(job.id, "pdf", request, kNow + std::chrono::hours(24 * 365));
    EXPECT_FALSE(late.owner);
    EXPECT_EQ(late.refusal, Links::Refusal::expired);
    request.query[1].second = "9999999999";
    EXPECT_FALSE(links.check(job.id, "pdf", request, kNow).owner);
    EXPECT_FALSE(Links(std::string(32, 't'), "").check(job.id, "pdf", request, kNow).owner);
}

}  // namespace
}  // namespace longhand::http

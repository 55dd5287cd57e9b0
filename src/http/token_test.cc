#include "http/token.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "http/key_ring.h"
#include "http/links.h"
#include "http/secret.h"

namespace longhand::http {
namespace {

const std::string kSecret(32, 's');
const WallTime kNow{Seconds(1'800'000'000)};
const Uuid kUser = *Uuid::parse("01900000-0000-7000-8000-00000000000a");

std::shared_ptr<const KeyRing> ring(const Secrets& secrets) {
    return std::make_shared<KeyRing>(secrets);
}
std::shared_ptr<const KeyRing> ring(const std::string& secret = kSecret) {
    return ring(Secrets{secret, {}});
}

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
    const Tokens tokens(ring());
    EXPECT_EQ(tokens.check(tokens.make(kUser, kNow, Seconds(60)), kNow), kUser);
    EXPECT_FALSE(Tokens(ring(std::string(32, 't'))).check(tokens.make(kUser, kNow, Seconds(60)), kNow));
}

TEST(Token, ExpiryHasAMinuteOfLeeway) {
    const Tokens tokens(ring());
    const std::string token = tokens.make(kUser, kNow, Seconds(100));
    EXPECT_TRUE(tokens.check(token, kNow + Seconds(159)));
    EXPECT_FALSE(tokens.check(token, kNow + Seconds(160)));
}

TEST(Token, HoldsThoughTheClockIsSetBack) {
    const Tokens tokens(ring());
    EXPECT_TRUE(tokens.check(tokens.make(kUser, kNow, Seconds(100)), kNow - Seconds(3600)));
}

TEST(Token, ThatWasFoundGoodIsNoExcuseForAnother) {
    const Tokens tokens(ring());
    const std::string token = tokens.make(kUser, kNow, Seconds(100));
    ASSERT_EQ(tokens.check(token, kNow), kUser);
    ASSERT_EQ(tokens.check(token, kNow), kUser);
    for (std::size_t at = 0; at < token.size(); ++at) {
        std::string other = token;
        other[at] = other[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(tokens.check(other, kNow)) << at;
    }
    EXPECT_FALSE(tokens.check(token + "A", kNow));
    EXPECT_FALSE(tokens.check(token.substr(0, token.size() - 1), kNow));
}

TEST(Token, OtherAlgorithmsAreRefused) {
    const Tokens tokens(ring());
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

TEST(Token, OfAFormerSecretHoldsAndItsKidIsOnlyEverLookedUp) {
    const std::string old_token = Tokens(ring()).make(kUser, kNow, Seconds(60));
    const std::string next(32, 'n');
    const Tokens rotated(ring(Secrets{next, {{kSecret, kNow + kFormerSecretLife}}}));
    EXPECT_EQ(rotated.check(old_token, kNow), kUser);
    EXPECT_EQ(rotated.check(rotated.make(kUser, kNow, Seconds(60)), kNow), kUser);
    EXPECT_FALSE(Tokens(ring(next)).check(old_token, kNow)) << "the former secret is forgotten";
    // Signed by one secret under the id of another, or under none.
    const std::string good = claims("1800000100");
    const auto with_kid = [](const std::string& kid) { return R"({"alg":"HS256","kid":)" + kid + "}"; };
    EXPECT_TRUE(rotated.check(signed_token(with_kid("\"" + secret_id(kSecret) + "\""), good), kNow));
    EXPECT_FALSE(rotated.check(signed_token(with_kid("\"" + secret_id(next) + "\""), good), kNow));
    EXPECT_FALSE(rotated.check(signed_token(kHeader, good), kNow));
    for (const std::string& kid : {std::string("7"), std::string("null"), std::string("\"\""), std::string("[]"),
                                   std::string("\"../../../../dev/null\""), std::string("\"' OR '1'='1\"")}) {
        EXPECT_FALSE(rotated.check(signed_token(with_kid(kid), good), kNow)) << kid;
        EXPECT_FALSE(rotated.check(signed_token(with_kid(kid), good, ""), kNow)) << kid;
    }
}

TEST(Token, EachClaimIsChecked) {
    const Tokens tokens(ring());
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
    const Tokens tokens(ring());
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

TEST(Link, HoldsForAYearAndForItsOwnJobFormatAndOwner) {
    const Links links(ring());
    job::Job job;
    job.id = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    job.owner = kUser;
    job.finished_at = kNow;
    const std::string url = links.output_url("http://127.0.0.1:8080", job, "pdf");
    EXPECT_EQ(url, links.output_url("http://127.0.0.1:8080", job, "pdf"));
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
    EXPECT_FALSE(Links(ring(std::string(32, 't'))).check(job.id, "pdf", request, kNow).owner);
}

TEST(Link, OfAFormerSecretHoldsAsLong) {
    job::Job job;
    job.id = *Uuid::parse("01900000-0000-7000-8000-000000000001");
    job.owner = kUser;
    job.finished_at = kNow;
    const std::string url = Links(ring()).output_url("", job, "pdf");
    const Links rotated(ring(Secrets{std::string(32, 'n'), {{kSecret, kNow + kFormerSecretLife}}}));
    EXPECT_NE(rotated.output_url("", job, "pdf"), url);
    net::HttpRequest request;
    for (const std::string name : {"user", "exp", "sig"}) {
        const auto at = url.find(name + "=") + name.size() + 1;
        request.query.emplace_back(name, url.substr(at, url.find('&', at) - at));
    }
    EXPECT_EQ(rotated.check(job.id, "pdf", request, kNow).owner, kUser);
    EXPECT_EQ(rotated.check(job.id, "pdf", request, kNow + std::chrono::hours(24 * 365) - Seconds(1)).owner, kUser);
    EXPECT_FALSE(rotated.check(job.id, "pdf", request, kNow + std::chrono::hours(24 * 365)).owner);
}

}  // namespace
}  // namespace longhand::http

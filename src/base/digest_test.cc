#include "base/digest.h"

#include <gtest/gtest.h>

namespace longhand {
namespace {

std::string mac(std::string_view key, std::string_view data) {
    const Sha256 digest = hmac_sha256(key, data);
    return to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(Digest, HmacIsThatOfItsStandardWhateverKeyCameBefore) {
    // RFC 4231, test cases 1, 2 and 6; and an empty key.
    const std::string one = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7";
    const std::string nothing = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
    for (int i = 0; i < 2; ++i) {
        for (int again = 0; again < 2; ++again) EXPECT_EQ(mac(std::string(20, '\x0b'), "Hi There"), one);
        EXPECT_EQ(mac(std::string_view(), std::string_view()), nothing);
        EXPECT_EQ(mac("Jefe", "what do ya want for nothing?"),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        EXPECT_EQ(mac("Jefe", "Hi There"), mac("Jefe", "Hi There"));  // the same key again, and again
        EXPECT_EQ(mac("Jefe", "what do ya want for nothing?"),
                  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        EXPECT_EQ(mac(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
                  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }
}

TEST(Digest, TextsAreEqualWhenAllTheirBytesAre) {
    for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 31U, 300U}) {
        const std::string text(size, 'a');
        EXPECT_TRUE(equal_in_constant_time(text, std::string(size, 'a')));
        EXPECT_FALSE(equal_in_constant_time(text, text + "a"));
        for (std::size_t at = 0; at < size; ++at) {
            std::string other = text;
            other[at] = 'b';
            EXPECT_FALSE(equal_in_constant_time(text, other)) << size << " " << at;
        }
    }
}

TEST(Digest, Base64UrlHasOneTextForEachValue) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    for (std::size_t size = 0; size <= all.size(); ++size) {
        EXPECT_EQ(from_base64url(to_base64url(all.substr(0, size))), all.substr(0, size));
    }
    for (const char* wrong : {"a", "aa=", "aaa+", "aa/a", "aaa\xff", "a aa", "ab"})
        EXPECT_FALSE(from_base64url(wrong)) << wrong;
}

}  // namespace
}  // namespace longhand

#include "base/seal.h"

#include <gtest/gtest.h>

namespace longhand {
namespace {

const std::string kSecret = "0123456789abcdef0123456789abcdef";

TEST(Seal, WhatIsSealedIsOpenedWithTheSameKeyAndTheSameName) {
    const std::string key = sealing_key(kSecret);
    const std::string sealed = seal(key, "sk-canary", "record 1");
    EXPECT_EQ(sealed.find("sk-canary"), std::string::npos);
    EXPECT_EQ(unseal(key, sealed, "record 1"), "sk-canary");
    EXPECT_EQ(unseal(key, seal(key, "", "record 1"), "record 1"), "");
    EXPECT_NE(seal(key, "sk-canary", "record 1"), sealed) << "the nonce is the same twice";
}

TEST(Seal, AFlippedBitAnywhereIsRefused) {
    const std::string key = sealing_key(kSecret);
    const std::string sealed = seal(key, "sk-canary", "record 1");
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        std::string changed = sealed;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_EQ(unseal(key, changed, "record 1"), std::nullopt) << at;
    }
    for (std::size_t size = 0; size < sealed.size(); ++size)
        EXPECT_EQ(unseal(key, sealed.substr(0, size), "record 1"), std::nullopt) << size;
    EXPECT_EQ(unseal(key, sealed + "x", "record 1"), std::nullopt);
}

TEST(Seal, AnotherNameOrAnotherSecretOpensNothing) {
    const std::string key = sealing_key(kSecret);
    const std::string sealed = seal(key, "sk-canary", "record 1");
    EXPECT_EQ(unseal(key, sealed, "record 2"), std::nullopt);
    EXPECT_EQ(unseal(key, sealed, ""), std::nullopt);
    EXPECT_EQ(unseal(sealing_key("fedcba9876543210fedcba9876543210"), sealed, "record 1"), std::nullopt);
}

TEST(Seal, TheKeyIsMadeOfTheSecretAloneAndIsNotTheSecret) {
    EXPECT_EQ(sealing_key(kSecret), sealing_key(kSecret));
    EXPECT_NE(sealing_key(kSecret), kSecret);
    EXPECT_EQ(sealing_key(kSecret).size(), 32U);
    EXPECT_THROW(sealing_key("short"), std::logic_error);
}

}  // namespace
}  // namespace longhand

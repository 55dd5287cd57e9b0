#include "backup/layout.h"

#include <gtest/gtest.h>

#include <string>

namespace longhand::backup {
namespace {

const std::string kHash(64, 'a');
const std::string kJob = "01900000-0000-7000-8000-00000000000a";

TEST(Layout, TakesWhatAFileStoreMakes) {
    for (const std::string& name :
         {"uploads/" + std::string(32, '0'), "artifacts/" + kJob + "/pdf-" + kHash,
          "artifacts/" + kJob + "/quality.json-" + kHash, "artifacts/" + kJob + "/md-partial-" + kHash}) {
        EXPECT_TRUE(is_stored_file(name)) << name;
    }
}

TEST(Layout, TakesNoOtherName) {
    for (const std::string& name : {
             std::string(),
             std::string("uploads"),
             std::string("uploads/"),
             "uploads/" + std::string(31, '0'),
             "uploads/" + std::string(31, '0') + "/",
             "uploads/" + std::string(31, '0') + "G",
             "uploads/../" + std::string(29, '0'),
             "/uploads/" + std::string(32, '0'),
             "./uploads/" + std::string(32, '0'),
             "uploads/.part-" + std::string(32, '0'),
             "artifacts/" + kJob,
             "artifacts/" + kJob + "/",
             "artifacts/" + kJob + "/pdf",
             "artifacts/" + kJob + "/-" + kHash,
             "artifacts/" + kJob + "/pdf-" + kHash + "0",
             "artifacts/" + kJob + "/PDF-" + kHash,
             "artifacts/" + kJob + "/a/b-" + kHash,
             "artifacts/" + kJob + "/../pdf-" + kHash,
             "artifacts/" + kJob + "/..-" + kHash,
             "artifacts/../" + kJob + "/pdf-" + kHash,
             "artifacts/01900000-0000-7000-8000-00000000000A/pdf-" + kHash,
             "artifacts/" + kJob + "/" + std::string(65, 'f') + "-" + kHash,
             "artifacts/" + kJob + "/pdf-" + kHash + std::string(1, '\0'),
             std::string("index/01900000-0000-7000-8000-00000000000a.db"),
             std::string("secret"),
             std::string("lock"),
         }) {
        EXPECT_FALSE(is_stored_file(name)) << name;
    }
}

}  // namespace
}  // namespace longhand::backup

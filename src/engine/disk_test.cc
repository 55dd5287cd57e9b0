#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/world_testing.h"

namespace longhand::engine {
namespace {

using namespace std::chrono_literals;
using job::State;

class DiskTest : public testing::Test {
protected:
    World world{7};
    const std::string artifacts = world.folder.path() + "/artifacts";

    static void make_a_file(const std::string& path) { std::ofstream(path) << "no folder"; }
};

TEST_F(DiskTest, AJobWhoseFilesAreRefusedWaitsAndEndsWell) {
    make_a_file(artifacts);
    const Uuid job = world.enqueue_one();
    world.start();
    world.runtime.run_for(6h);
    EXPECT_EQ(world.state(job), State::queued) << "neither failed nor run again and again";
    EXPECT_LE(world.job(job).lease, 4);
    std::filesystem::remove(artifacts);
    EXPECT_TRUE(world.run_until_state(job, State::completed));
    world.stop();
}

TEST_F(DiskTest, AJobWhoseFilesAloneAreRefusedFailsInTheEnd) {
    const Uuid job = world.enqueue_one();
    std::filesystem::create_directories(artifacts);
    make_a_file(artifacts + "/" + job.to_string());
    world.start();
    ASSERT_TRUE(world.run_until_state(job, State::failed));
    EXPECT_EQ(world.job(job).problem->code, "disk");
    world.stop();
}

}  // namespace
}  // namespace longhand::engine

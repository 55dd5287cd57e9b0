// Instead of libFuzzer: runs each file of the folders given, and each file given, through the target once. A broken
// property or a crash ends it, after the file's name.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& place) {
    if (!fs::is_directory(place)) return {place};
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(place)) files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
}

bool run(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        std::fprintf(stderr, "%s can't be read.\n", file.c_str());
        return false;
    }
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    std::fprintf(stderr, "%s\n", file.c_str());
    return LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) == 0;
}

}  // namespace

int main(int count, char** words) {
    std::size_t files = 0;
    for (int i = 1; i < count; ++i) {
        for (const fs::path& file : files_of(words[i])) {
            if (!run(file)) return 1;
            ++files;
        }
    }
    if (files == 0) {
        std::fprintf(stderr, "There was nothing to run: name files, or folders of them.\n");
        return 2;
    }
    std::fprintf(stderr, "%zu inputs, nothing found.\n", files);
    return 0;
}

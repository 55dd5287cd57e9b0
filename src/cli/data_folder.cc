#include "cli/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace longhand::cli {
namespace {

namespace json = boost::json;

std::string reason() {
    return std::strerror(errno);
}

Failure<FolderErrc> unusable(std::string message) {
    return {FolderErrc::unusable, std::move(message)};
}

// Whoever asks who holds the folder takes the lock for an instant (holder_of): that is waited for.
bool take_lock(int descriptor) {
    constexpr int kTries = 30;
    constexpr auto kPause = std::chrono::milliseconds(10);
    for (int i = 0; i < kTries; ++i) {
        if (flock(descriptor, LOCK_EX | LOCK_NB) == 0) return true;
        std::this_thread::sleep_for(kPause);
    }
    return false;
}

// Whoever reads it meanwhile sees the old text or the new one.
bool write_whole(const std::string& path, const std::string& text) {
    const std::string made = path + ".new";
    const int file = open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) return false;
    const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    return close(file) == 0 && written && rename(made.c_str(), path.c_str()) == 0;
}

std::optional<std::string> read_whole(const std::string& path) {
    std::ifstream file(path);
    if (!file) return std::nullopt;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

Holder read_holder(const std::string& path) {
    Holder holder;
    if (const auto pid = read_whole(path + "/lock")) holder.pid = std::strtoll(pid->c_str(), nullptr, 10);
    const auto text = read_whole(path + "/server.json");
    if (!text) return holder;
    boost::system::error_code error;
    const json::value value = json::parse(*text, error);
    if (error || !value.is_object()) return holder;
    const auto* address = value.get_object().if_contains("address");
    const auto* pid = value.get_object().if_contains("pid");
    // What a former server left behind names a process that does not hold the lock.
    if (address != nullptr && address->is_string() && pid != nullptr && pid->is_int64() &&
        pid->get_int64() == holder.pid) {
        holder.address = std::string(address->get_string());
        const auto* key_pin = value.get_object().if_contains("key_pin");
        if (key_pin != nullptr && key_pin->is_string()) holder.key_pin = std::string(key_pin->get_string());
    }
    return holder;
}

}  // namespace

Result<std::string, FolderErrc> prepare_folder(const std::string& path) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(path, error);
    if (!error && made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
    const std::string whole = error ? std::string() : std::filesystem::canonical(path, error).string();
    if (error) {
        return unusable(
            fmt::format("The data folder {} can't be made: {}. Name another with --data.", path, error.message()));
    }
    return whole;
}

Result<std::unique_ptr<DataFolder>, FolderErrc> DataFolder::lock(const std::string& path) {
    const auto whole = prepare_folder(path);
    if (!whole) return whole.error();
    const int descriptor = open((*whole + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return unusable(
            fmt::format("The data folder {} can't be written: {}. Name another with --data.", path, reason()));
    }
    if (!take_lock(descriptor)) {
        close(descriptor);
        const Holder holder = read_holder(*whole);
        const std::string server = holder.address.empty() ? "" : ", a server at " + holder.address;
        return Failure<FolderErrc>{
            FolderErrc::held, fmt::format("The data folder {} is in use by process {}{}.", path, holder.pid, server)};
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, pid.data(), pid.size(), 0) < 0) {
        const std::string why = reason();
        close(descriptor);
        return unusable(fmt::format("The data folder {} can't be written: {}.", path, why));
    }
    return std::unique_ptr<DataFolder>(new DataFolder(*whole, descriptor));
}

DataFolder::~DataFolder() {
    if (announced_) unlink(file("server.json").c_str());
    close(descriptor_);
}

Result<void, FolderErrc> DataFolder::announce(const std::string& address, const std::string& key_pin) {
    json::object text{{"address", address}, {"pid", getpid()}};
    if (!key_pin.empty()) text["key_pin"] = key_pin;
    if (!write_whole(file("server.json"), json::serialize(text) + "\n")) {
        return unusable(fmt::format("{} can't be written: {}.", file("server.json"), reason()));
    }
    announced_ = true;
    return {};
}

std::optional<Holder> holder_of(const std::string& path) {
    const int descriptor = open((path + "/lock").c_str(), O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    const bool held = flock(descriptor, LOCK_SH | LOCK_NB) != 0;
    close(descriptor);
    if (!held) return std::nullopt;
    return read_holder(path);
}

std::optional<std::string> default_data_folder() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/')
        return std::string(data) + "/longhand";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
        return std::string(home) + "/.local/share/longhand";
    return std::nullopt;
}

}  // namespace longhand::cli

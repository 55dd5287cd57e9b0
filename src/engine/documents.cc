#include "engine/documents.h"

#include <boost/asio/post.hpp>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <tuple>

#include "base/digest.h"
#include "base/task_scope.h"
#include "engine/file_name.h"
#include "engine/outputs.h"
#include "engine/partial.h"

namespace longhand::engine {

using store::OutputRecord;
using store::StoreErrc;
using typeset::TypesetErrc;
using Failed = Failure<DocumentErrc>;
using MadeOutput = DocumentResult<OutputRecord>;

namespace {

constexpr std::size_t kRemembered = 256;  // renderings of work that is not complete

Failed failed(const store::StoreFailure& failure) {
    switch (failure.code) {
        case StoreErrc::not_found:
            return {DocumentErrc::not_found, "There is no such job."};
        case StoreErrc::stopping:
            return {DocumentErrc::stopped, ""};
        case StoreErrc::wrong_state:
        case StoreErrc::stale:
        case StoreErrc::duplicate:
        case StoreErrc::repeated:
        case StoreErrc::budget:
        case StoreErrc::limit:
        case StoreErrc::unavailable:
        case StoreErrc::unusable:
            break;
    }
    return {DocumentErrc::unavailable, "The database does not answer now; try again."};
}

Failed failed(const Failure<TypesetErrc>& failure) {
    switch (failure.code) {
        case TypesetErrc::unavailable:
        case TypesetErrc::disk:
            return {DocumentErrc::unavailable, failure.message};
        case TypesetErrc::refused:
        case TypesetErrc::timeout:
            return {DocumentErrc::failed, failure.message};
        case TypesetErrc::stopped:
            break;
    }
    return {DocumentErrc::stopped, ""};
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return file ? text.str() : std::string();
}

std::string media_type_of(const std::string& format) {
    const auto known = typeset::format_of(format);
    return known ? std::string(typeset::media_type(*known)) : "application/json";
}

}  // namespace

/// Shared with the requests that are on their way to the executor.
class Documents::Impl : public std::enable_shared_from_this<Documents::Impl> {
public:
    Impl(Runtime& runtime, store::JobStore& store, store::FileStore& files, typeset::Typesetter& typesetter)
        : runtime_(runtime), store_(store), files_(files), typesetter_(typesetter), flying_(runtime) {}

    awaitable<void> stop() {
        flying_.stop(StopReason::shutdown);
        co_await flying_.join();
    }

    awaitable<DocumentResult<Document>> get(Uuid owner, Uuid id, std::string format, StopToken stop) {
        const bool is_sheet = format == "quality.json";
        if (!is_sheet && !typeset::format_of(format))
            co_return Failed{DocumentErrc::not_found, "There is no such format."};
        if (flying_.token().stopped()) co_return Failed{DocumentErrc::stopped, ""};
        auto reading = store_.job_for_owner(owner, id);
        store::StoreResult<job::Job> job = co_await std::move(reading);
        if (!job.has_value()) co_return failed(job.error());
        if (job->state == job::State::completed) {
            auto kept = find_kept(owner, id, format);
            MadeOutput output = co_await std::move(kept);
            if (output.has_value()) co_return document(*job, *output);
            if (output.error().code != DocumentErrc::nothing_yet || is_sheet) co_return output.error();
        }
        auto sharing = share(*job, format, std::move(stop));
        MadeOutput made = co_await std::move(sharing);
        if (!made.has_value()) co_return made.error();
        co_return document(*job, *made);
    }

private:
    /// One rendering, and those who wait for it.
    struct Flight {
        std::optional<MadeOutput> result;
        Notifier done;
    };
    /// A rendering of work that is not complete is not what is asked for once it is.
    struct Key {
        Uuid job;
        std::string format;
        bool complete = false;
        bool operator<(const Key& other) const {
            return std::tie(job, format, complete) < std::tie(other.job, other.format, other.complete);
        }
    };
    static Key key_of(const job::Job& job, std::string format) {
        return {job.id, std::move(format), job.state == job::State::completed};
    }

    awaitable<MadeOutput> find_kept(Uuid owner, Uuid id, std::string format) {
        auto reading = store_.outputs_for_owner(owner, id);
        store::StoreResult<std::vector<OutputRecord>> outputs = co_await std::move(reading);
        if (!outputs.has_value()) co_return failed(outputs.error());
        for (const auto& output : *outputs) {
            if (output.format == format && !output.partial) co_return output;
        }
        co_return Failed{DocumentErrc::nothing_yet, "The job has no such output."};
    }

    // Waits for the rendering that is under way, or begins one.
    awaitable<MadeOutput> share(job::Job job, std::string format, StopToken stop) {
        const Key key = key_of(job, std::move(format));
        std::shared_ptr<Flight> flight;
        bool is_new = false;
        {
            std::lock_guard lock(mutex_);
            const auto found = flights_.try_emplace(key, nullptr).first;
            is_new = found->second == nullptr;
            if (is_new) found->second = std::make_shared<Flight>();
            flight = found->second;
        }
        if (is_new) {
            asio::post(runtime_.executor(),
                       [self = shared_from_this(), flight, job = std::move(job), wanted = key]() mutable {
                           self->begin(std::move(flight), std::move(job), std::move(wanted));
                       });
        }
        while (true) {
            {
                std::lock_guard lock(mutex_);
                if (flight->result) co_return *flight->result;
            }
            // A notification is for those who wait already; who came between looks again soon.
            const SteadyTime look_again = runtime_.steady_now() + Milliseconds{250};
            const WaitResult waited = co_await flight->done.wait_until(runtime_, look_again, stop);
            if (waited == WaitResult::stopped) co_return Failed{DocumentErrc::stopped, ""};
        }
    }

    void begin(std::shared_ptr<Flight> flight, job::Job job, Key key) {
        if (flying_.token().stopped()) return land(*flight, key, Failed{DocumentErrc::stopped, ""});
        flying_.spawn(fly(std::move(flight), std::move(job), std::move(key)));
    }

    awaitable<void> fly(std::shared_ptr<Flight> flight, job::Job job, Key key) {
        MadeOutput made = Failed{DocumentErrc::failed, "The document could not be made; the server's log says more."};
        try {
            auto making = make(std::move(job), key);
            made = co_await std::move(making);
        } catch (const std::exception&) {
            // The failure above stands.
        }
        land(*flight, key, std::move(made));
    }

    void land(Flight& flight, const Key& key, MadeOutput made) {
        {
            std::lock_guard lock(mutex_);
            flight.result = std::move(made);
            flights_.erase(key);
        }
        flight.done.notify();
    }

    awaitable<MadeOutput> make(job::Job job, Key key) {
        DocumentResult<writing::Finished> work = Failed{DocumentErrc::failed, ""};
        if (key.complete) {
            auto loading = load_complete(job);
            work = co_await std::move(loading);
        } else {
            auto loading = load_partial(store_, job);
            work = co_await std::move(loading);
        }
        if (!work.has_value()) co_return work.error();
        const std::string hash = sha256_hex(to_json(work->manuscript) + work->quality);
        if (auto known = remembered(key, hash)) co_return std::move(*known);
        auto rendering = render(job, key.format, std::move(*work));
        MadeOutput made = co_await std::move(rendering);
        if (made.has_value()) remember(key, hash, *made);
        co_return made;
    }

    awaitable<DocumentResult<writing::Finished>> load_complete(job::Job job) {
        auto finding = find_kept(job.owner, job.id, std::string(kManuscriptFormat));
        MadeOutput kept = co_await std::move(finding);
        if (!kept.has_value()) co_return kept.error();
        std::function<std::string()> read = [path = files_.absolute(kept->path)] { return read_file(path); };
        const std::string text = co_await run_blocking<std::string>(runtime_, std::move(read));
        auto manuscript = manuscript_from_json(text);
        if (!manuscript)
            co_return Failed{DocumentErrc::failed, "The finished work can't be read from the data folder."};
        writing::Finished finished;
        finished.manuscript = std::move(*manuscript);
        co_return finished;
    }

    awaitable<MadeOutput> render(job::Job job, std::string format, writing::Finished work) {
        auto folder = scratch_folder(files_);
        if (!folder.has_value()) co_return failed(folder.error());
        const ScratchFolder scratch(*folder);
        const bool partial = work.manuscript.partial;
        typeset::TypesetResult<OutputRecord> output = Failure<TypesetErrc>{TypesetErrc::stopped, ""};
        if (const auto known = typeset::format_of(format)) {
            auto making = make_output(runtime_, files_, typesetter_, job.id, std::move(work.manuscript), *known,
                                      *folder, flying_.token());
            output = co_await std::move(making);
        } else {
            auto keeping = keep_text(runtime_, files_, job.id, format, std::move(work.quality), *folder);
            output = co_await std::move(keeping);
        }
        if (!output.has_value()) co_return failed(output.error());
        output->partial = partial;
        auto adding = store_.add_output(job.owner, job.id, *output);
        store::StoreResult<void> added = co_await std::move(adding);
        if (!added.has_value()) {
            // Deleted while it was made.
            if (added.error().code == StoreErrc::not_found) files_.remove(files_.artifact_folder(job.id));
            co_return failed(added.error());
        }
        co_return std::move(*output);
    }

    std::optional<OutputRecord> remembered(const Key& key, const std::string& hash) {
        std::lock_guard lock(mutex_);
        const auto found = made_.find(key);
        if (found == made_.end() || found->second.first != hash) return std::nullopt;
        return found->second.second;
    }
    void remember(const Key& key, const std::string& hash, const OutputRecord& output) {
        std::lock_guard lock(mutex_);
        if (made_.size() >= kRemembered) made_.clear();
        made_[key] = {hash, output};
    }

    Document document(const job::Job& job, const OutputRecord& output) {
        return {.path = files_.absolute(output.path),
                .media_type = media_type_of(output.format),
                .file_name = file_name(job.title.value_or(""), output.format, output.partial),
                .sha256 = output.sha256,
                .size = output.size,
                .partial = output.partial};
    }

    Runtime& runtime_;
    store::JobStore& store_;
    store::FileStore& files_;
    typeset::Typesetter& typesetter_;
    TaskScope flying_;
    std::mutex mutex_;
    std::map<Key, std::shared_ptr<Flight>> flights_;
    std::map<Key, std::pair<std::string, OutputRecord>> made_;  ///< with the hash of the work it was made of
};

Documents::Documents(Runtime& runtime, store::JobStore& store, store::FileStore& files, typeset::Typesetter& typesetter)
    : impl_(std::make_shared<Impl>(runtime, store, files, typesetter)) {}

Documents::~Documents() = default;

awaitable<void> Documents::stop() {
    return impl_->stop();
}

awaitable<DocumentResult<Document>> Documents::get(Uuid owner, Uuid job, std::string format, StopToken stop) {
    return impl_->get(owner, job, std::move(format), std::move(stop));
}

}  // namespace longhand::engine

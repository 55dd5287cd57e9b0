#include "engine/outputs.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "engine/journal.h"

namespace longhand::engine {

namespace json = boost::json;
using store::OutputRecord;
using typeset::Format;
using typeset::TypesetErrc;
using typeset::TypesetResult;
using writing::StepErrc;
using writing::StepResult;
using StepFailure = Failure<StepErrc>;
using TypesetFailure = Failure<TypesetErrc>;

namespace {

store::StoreResult<std::string> put_text(store::FileStore& files, Uuid job, const std::string& format,
                                         const std::string& text, const std::string& sha256,
                                         const std::string& folder) {
    const std::string path = folder + "/" + format;
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    file.close();
    if (!file)
        return store::StoreFailure{store::StoreErrc::unavailable, "The file could not be written (Input/output error)"};
    return files.put_artifact(job, format, sha256, path);
}

TypesetFailure not_kept(const store::StoreFailure& failure) {
    return {TypesetErrc::disk, no_room_for_files(failure)};
}

}  // namespace

std::string no_room_for_files(const store::StoreFailure& failure) {
    const auto open = failure.message.rfind(" ("), close = failure.message.find(')', open);
    const bool told = open != std::string::npos && close != std::string::npos;
    return "The server can't keep the job's files now" +
           (told ? failure.message.substr(open, close + 1 - open) : std::string()) + "; tell its operator, then retry.";
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

store::StoreResult<std::string> scratch_folder(store::FileStore& files) {
    auto folder = files.scratch_folder();
    if (!folder.has_value()) return folder.error();
    return files.absolute(*folder);
}

store::StoreResult<std::string> RunFolder::path() {
    if (!folder_) {
        auto path = scratch_folder(files_);
        if (!path.has_value()) return path;
        folder_.emplace(std::move(*path));
    }
    return folder_->path();
}

StepResult<std::string> typeset_failed(RunningJob& job, const Failure<TypesetErrc>& failure) {
    switch (failure.code) {
        case TypesetErrc::stopped:
            return StepFailure{StepErrc::stopped, ""};
        case TypesetErrc::unavailable:
            return step_failed(job, "typesetter_unavailable", failure.message);
        case TypesetErrc::disk:
            return step_failed(job, "disk", failure.message);
        case TypesetErrc::refused:
            return step_failed(job, "typesetting_refused", failure.message);
        case TypesetErrc::timeout:
            return step_failed(job, "typesetting_timeout", failure.message);
    }
    return StepFailure{StepErrc::failed, failure.message};
}

std::string to_json(const typeset::Manuscript& manuscript) {
    return json::serialize(json::value{{"markdown", manuscript.markdown},
                                       {"title", manuscript.title},
                                       {"author", manuscript.author},
                                       {"language", manuscript.language},
                                       {"table_of_contents", manuscript.table_of_contents},
                                       {"partial", manuscript.partial},
                                       {"article", manuscript.layout == typeset::Layout::article}});
}

std::optional<typeset::Manuscript> manuscript_from_json(std::string_view text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error || !value.is_object()) return std::nullopt;
    typeset::Manuscript manuscript;
    const auto take_text = [&](const char* name, std::string& to) {
        const auto* member = value.as_object().if_contains(name);
        if (member != nullptr && member->is_string()) to = std::string(member->as_string());
    };
    const auto take_flag = [&](const char* name, bool& to) {
        const auto* member = value.as_object().if_contains(name);
        if (member != nullptr && member->is_bool()) to = member->as_bool();
    };
    take_text("markdown", manuscript.markdown);
    take_text("title", manuscript.title);
    take_text("author", manuscript.author);
    take_text("language", manuscript.language);
    take_flag("table_of_contents", manuscript.table_of_contents);
    take_flag("partial", manuscript.partial);
    bool article = false;
    take_flag("article", article);
    manuscript.layout = article ? typeset::Layout::article : typeset::Layout::book;
    return manuscript;
}

awaitable<TypesetResult<OutputRecord>> make_output(Runtime& runtime, store::FileStore& files,
                                                   typeset::Typesetter& typesetter, Uuid job,
                                                   typeset::Manuscript manuscript, Format format, std::string folder,
                                                   StopToken stop) {
    const bool partial = manuscript.partial;
    auto rendering = typesetter.render(std::move(manuscript), format, folder, std::move(stop));
    TypesetResult<typeset::Rendered> rendered = co_await std::move(rendering);
    if (!rendered.has_value()) co_return rendered.error();
    const std::string name(typeset::extension(format));
    std::function<store::StoreResult<std::string>()> keep = [&files, job, name, rendered = *rendered] {
        return files.put_artifact(job, name, rendered.sha256, rendered.path);
    };
    auto path = co_await run_blocking<store::StoreResult<std::string>>(runtime, std::move(keep));
    if (!path.has_value()) co_return not_kept(path.error());
    co_return OutputRecord{.format = name,
                           .sha256 = rendered->sha256,
                           .size = rendered->size,
                           .pages = rendered->pages,
                           .path = *path,
                           .partial = partial};
}

awaitable<TypesetResult<OutputRecord>> keep_text(Runtime& runtime, store::FileStore& files, Uuid job,
                                                 std::string format, std::string text, std::string folder) {
    OutputRecord output{.format = format, .sha256 = sha256_hex(text), .size = text.size(), .path = {}};
    std::function<store::StoreResult<std::string>()> keep = [&files, job, format, text = std::move(text), folder,
                                                             sha256 = output.sha256] {
        return put_text(files, job, format, text, sha256, folder);
    };
    auto path = co_await run_blocking<store::StoreResult<std::string>>(runtime, std::move(keep));
    if (!path.has_value()) co_return not_kept(path.error());
    output.path = *path;
    co_return output;
}

awaitable<StepResult<std::vector<OutputRecord>>> make_outputs(Environment& environment, std::shared_ptr<RunningJob> job,
                                                              writing::Finished finished, RunFolder* run_folder) {
    const auto path = run_folder->path();
    if (!path.has_value()) co_return step_failed(*job, "disk", no_room_for_files(path.error())).error();
    const std::string folder = *path;
    std::vector<OutputRecord> outputs;
    for (const Format format : {Format::pdf, Format::tex, Format::md}) {
        if (job->signals.stop.stopped()) co_return StepFailure{StepErrc::stopped, ""};
        const std::string name = "output/" + std::string(typeset::extension(format));
        TypesetResult<OutputRecord> output = TypesetFailure{TypesetErrc::stopped, ""};
        {
            ActiveStep active(job, name, environment.runtime.steady_now());
            auto making = make_output(environment.runtime, environment.files, environment.typesetter, job->id(),
                                      finished.manuscript, format, folder, job->stop());
            output = co_await std::move(making);
        }
        if (!output.has_value()) co_return typeset_failed(*job, output.error()).error();
        outputs.push_back(std::move(*output));
    }
    const std::pair<std::string, std::string> texts[] = {
        {"quality.json", finished.quality}, {std::string(kManuscriptFormat), to_json(finished.manuscript)}};
    for (const auto& [format, text] : texts) {
        auto keeping = keep_text(environment.runtime, environment.files, job->id(), format, text, folder);
        TypesetResult<OutputRecord> output = co_await std::move(keeping);
        if (!output.has_value()) co_return step_failed(*job, "disk", output.error().message).error();
        outputs.push_back(std::move(*output));
    }
    co_return outputs;
}

}  // namespace longhand::engine

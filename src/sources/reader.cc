#include "sources/reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "sources/archive.h"
#include "sources/cut.h"
#include "sources/encoding.h"
#include "sources/html.h"
#include "sources/kind.h"
#include "sources/markdown.h"
#include "sources/office.h"
#include "sources/pdf.h"
#include "sources/plain.h"
#include "sources/unicode.h"

namespace longhand::sources {
namespace {

using Failed = Failure<SourceErrc>;

/// A name for a message: short, and one line whatever its owner called it.
std::string shown(const SourceFile& file) {
    const auto name = file.name.empty() ? std::filesystem::path(file.path).filename().string() : file.name;
    return std::string(utf8_prefix(squeeze(name), 200));
}

Failed too_large(const SourceFile& file, const std::string& what) {
    return {SourceErrc::too_large, shown(file) + " is too large: " + what + "; give it in parts."};
}

Failed failed_read(const SourceFile& file, int error) {
    if (error == ENOENT) return {SourceErrc::missing, shown(file) + " is not there; check its path."};
    for (const int shortage : {EMFILE, ENFILE, EAGAIN, ENOMEM, EIO, ENOSPC}) {
        if (error == shortage) {
            return {SourceErrc::unavailable, shown(file) + " can't be read on this server now (" +
                                                 std::generic_category().message(error) +
                                                 "); tell its operator, then retry."};
        }
    }
    return {SourceErrc::missing, shown(file) + " can't be read (" + std::generic_category().message(error) +
                                     "); check that it is a file and who may read it."};
}

/// All bytes of a regular file. Opened without blocking, so that a pipe can't hold the thread.
SourceResult<std::string> read_bytes(const SourceFile& file) {
    const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return failed_read(file, errno);
    struct stat info {};
    std::string bytes;
    int error = ::fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : S_ISREG(info.st_mode) ? 0 : EINVAL;
    std::array<char, 1 << 16> buffer;
    while (error == 0 && bytes.size() <= kMostBytes) {
        const auto count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) error = errno;
        if (count <= 0) break;
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
    ::close(fd);
    if (error != 0) return failed_read(file, error);
    return bytes;
}

SourceResult<ReadSource> finished(const SourceFile& file, Kind kind, const ReadText& text) {
    ReadSource source;
    source.title = utf8_prefix(text.title, 300);
    source.kind = word_of(kind);
    source.passages = cut_passages(text.blocks, file.sha256);
    if (source.passages.empty()) {
        return Failed{SourceErrc::empty, shown(file) + " holds no text that can be read; leave it out."};
    }
    return source;
}

/// Nothing when it is broken.
std::optional<ReadText> read_text(const FileKind& kind, std::string_view text) {
    switch (kind.kind) {
        case Kind::markdown:
            return read_markdown(text);
        case Kind::html:
            return read_html(text);
        case Kind::code:
            return read_code(text, kind.comments);
        case Kind::text:
        case Kind::pdf:
        case Kind::document:
        case Kind::unsupported:
            break;
    }
    return read_plain(text);
}

/// What the first look at a file found: its kind, and the source itself unless a program has to read it.
struct FirstLook {
    FileKind kind;
    std::optional<ReadSource> source;
};

SourceResult<FirstLook> look(const SourceFile& file) {
    auto bytes = read_bytes(file);
    if (!bytes) return bytes.error();
    if (bytes->empty()) return Failed{SourceErrc::empty, shown(file) + " is empty; leave it out or give it again."};
    if (bytes->size() > kMostBytes) return too_large(file, "more than 50 MB");
    FirstLook found{kind_of(*bytes, file.name), {}};
    if (found.kind.kind == Kind::document && unpacked_size(*bytes) > kMostUnpacked)
        return too_large(file, "it unpacks to more than 200 MB");
    if (found.kind.kind == Kind::pdf || found.kind.kind == Kind::document) return found;
    if (found.kind.kind == Kind::unsupported) {
        return Failed{SourceErrc::unsupported, shown(file) + " looks like " + found.kind.looks_like +
                                                   ", which can't be read here; " + found.kind.help + "."};
    }
    const auto text = to_utf8(*bytes, found.kind.kind == Kind::html ? claimed_charset(*bytes) : std::string());
    if (!text) {
        return Failed{
            SourceErrc::unsupported,
            shown(file) + " looks like binary data, not text; give a PDF, Word, HTML, Markdown or text file."};
    }
    if (text->size() > kMostText) return too_large(file, "more than 20 MB of text");
    const auto read = read_text(found.kind, *text);
    if (!read) {
        return Failed{SourceErrc::broken, shown(file) +
                                              " is broken: its tags are nested too deep or never closed; save the page "
                                              "as text or PDF and give that."};
    }
    auto source = finished(file, found.kind.kind, *read);
    if (!source) return source.error();
    found.source = std::move(*source);
    return found;
}

SourceResult<ReadSource> finish_pdf(const SourceFile& file, const PdfText& pdf) {
    const auto text = to_utf8(pdf.text);
    if (!text || trim(*text).empty()) {
        return Failed{SourceErrc::empty,
                      shown(file) +
                          " has pages but no text: it seems to be scanned; give a version with text, "
                          "made by text recognition (OCR)."};
    }
    if (text->size() > kMostText) return too_large(file, "more than 20 MB of text");
    if (static_cast<std::size_t>(std::count(text->begin(), text->end(), '\f')) > kMostPages) {
        return too_large(file, "more than 5,000 pages");
    }
    auto read = read_pages(*text);
    read.title = pdf.title;
    return finished(file, Kind::pdf, read);
}

SourceResult<ReadSource> finish_document(const SourceFile& file, const std::string& html) {
    if (html.size() > kMostText) return too_large(file, "more than 20 MB of text");
    const auto read = read_html(html);
    if (!read) return Failed{SourceErrc::broken, shown(file) + " is nested too deep; give it as PDF or text."};
    return finished(file, Kind::document, *read);
}

/// What a program of the sandbox has read, and then cut; blocking.
using Last = std::function<SourceResult<ReadSource>()>;

awaitable<SourceResult<Last>> convert(Runtime& runtime, SourceFile file, FileKind kind, Conversion conversion,
                                      StopToken stop) {
    if (kind.kind == Kind::pdf) {
        auto pdf = co_await pdf_text(runtime, std::move(conversion), stop);
        if (!pdf) co_return pdf.error();
        co_return Last([file, text = std::move(*pdf)] { return finish_pdf(file, text); });
    }
    auto html = co_await office_html(runtime, std::move(conversion), kind.format, stop);
    if (!html) co_return html.error();
    co_return Last([file, text = std::move(*html)] { return finish_document(file, text); });
}

}  // namespace

awaitable<SourceResult<ReadSource>> read_source(Runtime& runtime, SourceFile file, std::string scratch, StopToken stop,
                                                sandbox::Policy policy) {
    const Failed stopped{SourceErrc::stopped, "stopped"};
    if (stop.stopped()) co_return stopped;
    const std::function<SourceResult<FirstLook>()> first = [file] { return look(file); };
    auto found = co_await run_blocking(runtime, first);
    if (stop.stopped()) co_return stopped;
    if (!found) co_return found.error();
    if (found->source) co_return std::move(*found->source);

    Conversion conversion{std::filesystem::absolute(file.path).string(), shown(file), scratch, std::move(policy)};
    auto last = co_await convert(runtime, file, found->kind, std::move(conversion), stop);
    if (!last) co_return last.error();
    auto source = co_await run_blocking(runtime, *last);
    if (stop.stopped()) co_return stopped;
    co_return source;
}

}  // namespace longhand::sources

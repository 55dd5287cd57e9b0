// Text out of PDFs, by pdftotext in the sandbox.
#pragma once

#include <string>
#include <string_view>

#include "sources/conversion.h"

namespace longhand::sources {

struct PdfText {
    std::string text;   ///< a form feed ends each page
    std::string title;  ///< of the document's data; empty when there is none, or none that a person gave it
};

/// Errors: encrypted, broken, too_large (also of time), unavailable (no pdftotext or no sandbox here now), stopped.
awaitable<SourceResult<PdfText>> pdf_text(Runtime& runtime, Conversion conversion, StopToken stop);

/// The title in what pdfinfo prints, if it looks like one.
std::string pdf_title(std::string_view info);

}  // namespace longhand::sources

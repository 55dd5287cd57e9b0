// Text out of word processors' documents and e-books, by pandoc in the sandbox.
#pragma once

#include <string>
#include <string_view>

#include "sources/conversion.h"

namespace longhand::sources {

/// As HTML. `format` is pandoc's word for it: docx, odt, epub, rtf. Errors: broken, too_large (also of time),
/// unavailable (no pandoc or no sandbox here now), stopped.
awaitable<SourceResult<std::string>> office_html(Runtime& runtime, Conversion conversion, std::string format,
                                                 StopToken stop);

}  // namespace longhand::sources

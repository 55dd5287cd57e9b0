// The OpenAPI document (api/openapi.yaml), as JSON; the build makes it.
#pragma once

#include <string_view>

namespace longhand::http {

std::string_view contract_json();

}  // namespace longhand::http

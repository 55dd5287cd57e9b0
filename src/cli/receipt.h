// A job's ledger as people read it.
#pragma once

#include <boost/json/object.hpp>
#include <string>

namespace longhand::cli {

/// `ledger` is what `GET /api/jobs/{id}/ledger` answers. Lines: a call each, the sums, and of a cancelled job its
/// receipt.
std::string receipt_text(const boost::json::object& ledger);

}  // namespace longhand::cli

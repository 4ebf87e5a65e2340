// SPDX-License-Identifier: Apache-2.0
// The parts of a multipart/form-data body (RFC 7578, RFC 2046 §5.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::web {

inline constexpr std::size_t kMaxParts = 64;

struct FormPart {
  std::string name;          ///< of the form's field
  std::string filename;      ///< as sent: any text, maybe with path separators
  bool is_file = false;      ///< a filename was given, if only an empty one
  std::string_view content;  ///< within the body
};

/// The boundary that a Content-Type names. Errors: InvalidInput: another type, or no or a wrong
/// boundary.
[[nodiscard]] Result<std::string> multipart_boundary(std::string_view content_type);
/// Errors: InvalidInput: the body does not end with its closing boundary, a part has no name, there
/// are more than kMaxParts, a part's header is longer than 4 KiB.
[[nodiscard]] Result<std::vector<FormPart>> parse_multipart(std::string_view body,
                                                            std::string_view boundary);

}  // namespace halfcycle::web

// SPDX-License-Identifier: Apache-2.0
// The first line is the Content-Type, the rest the body. Parts lie within the body, one after
// another.
#include <cstdint>
#include <cstdlib>

#include "web/multipart.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) {
    return 0;
  }
  const auto boundary = halfcycle::web::multipart_boundary(text.substr(0, line));
  if (!boundary) {
    return 0;
  }
  const std::string_view body = text.substr(line + 1);
  const auto parts = halfcycle::web::parse_multipart(body, *boundary);
  if (!parts) {
    return 0;
  }
  const char* at = body.data();
  for (const auto& part : *parts) {
    if (part.content.empty()) {
      continue;
    }
    if (part.content.data() < at ||
        part.content.data() + part.content.size() > body.data() + body.size()) {
      std::abort();
    }
    at = part.content.data() + part.content.size();
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
#include "web/multipart.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace halfcycle::web {
namespace {

constexpr std::size_t kMaxPartHeader = 4096;
constexpr std::size_t kMaxBoundary = 70;  // RFC 2046 §5.1.1

/// The value of `key` in "form-data; name=\"a\"; filename=\"b.cfg\"". Browsers write a quote inside
/// as %22; a backslash before a quote or a backslash is taken away, any other is part of the text.
std::optional<std::string> parameter(std::string_view header, std::string_view key) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view name = trim(header.substr(at, equals - at));
    std::string value;
    std::size_t end = equals + 1;
    while (end < header.size() && header[end] == ' ') {
      ++end;
    }
    if (end < header.size() && header[end] == '"') {
      ++end;
      while (end < header.size() && header[end] != '"') {
        const bool escape = header[end] == '\\' && end + 1 < header.size() &&
                            (header[end + 1] == '"' || header[end + 1] == '\\');
        end += escape ? 1 : 0;
        value += header[end++];
      }
      if (end == header.size()) {
        return std::nullopt;
      }
      ++end;
    } else {
      const std::size_t stop = std::min(header.find(';', end), header.size());
      value = trim(header.substr(end, stop - end));
      end = stop;
    }
    if (equals_ignoring_case(name, key)) {
      return value;
    }
    at = header.find(';', end);
  }
  return std::nullopt;
}

Result<FormPart> parse_part(std::string_view header, std::string_view content) {
  FormPart part;
  part.content = content;
  for (std::string_view line : split(header, '\n')) {
    line = trim(line);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        !equals_ignoring_case(trim(line.substr(0, colon)), "content-disposition")) {
      continue;
    }
    const std::string_view value = line.substr(colon + 1);
    if (auto name = parameter(value, "name")) {
      part.name = to_valid_utf8(*name);
    }
    if (auto filename = parameter(value, "filename")) {
      part.filename = to_valid_utf8(*filename);
      part.is_file = true;
    }
  }
  if (part.name.empty() && !part.is_file) {
    return fail(ErrorCode::InvalidInput, "a part of the form has no name");
  }
  return part;
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (!equals_ignoring_case(type, "multipart/form-data")) {
    return fail(ErrorCode::InvalidInput,
                "the files of a recording are sent as multipart/form-data (curl: -F file=@NAME)");
  }
  auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) {
    return fail(ErrorCode::InvalidInput, "the Content-Type names no boundary of 1 to {} characters",
                kMaxBoundary);
  }
  return *std::move(boundary);
}

Result<std::vector<FormPart>> parse_multipart(std::string_view body, std::string_view boundary) {
  const auto damaged = [](std::string_view what) {
    return fail(ErrorCode::InvalidInput, "the form is damaged: {}", what);
  };
  const std::string delimiter = "\r\n--" + std::string(boundary);
  // The first delimiter may stand at the very beginning, without the line end before it.
  std::size_t at = 0;
  if (body.starts_with(std::string_view(delimiter).substr(2))) {
    at = delimiter.size() - 2;
  } else {
    const std::size_t found = body.find(delimiter);
    if (found == std::string_view::npos) {
      return damaged("its boundary does not occur");
    }
    at = found + delimiter.size();
  }
  std::vector<FormPart> parts;
  for (;;) {
    if (body.substr(at).starts_with("--")) {
      return parts;
    }
    // Blanks may follow a delimiter (RFC 2046: transport padding).
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) {
      ++at;
    }
    if (!body.substr(at).starts_with("\r\n")) {
      return damaged("no line end after a boundary");
    }
    // Points at the line end, so that a part without headers has its blank line found too.
    const std::size_t header_end = body.substr(at, kMaxPartHeader).find("\r\n\r\n");
    if (header_end == std::string_view::npos) {
      return damaged("a part has no blank line after its headers");
    }
    const std::string_view header = body.substr(at, header_end);
    const std::size_t content = at + header_end + 4;
    // A part's line end before the delimiter may be the blank line itself.
    const std::size_t end = body.find(delimiter, content - 2);
    if (end == std::string_view::npos) {
      return damaged("its last boundary is missing; was it sent whole?");
    }
    if (parts.size() == kMaxParts) {
      return fail(ErrorCode::InvalidInput, "the form has more than {} parts", kMaxParts);
    }
    auto part = parse_part(
        header, end < content ? std::string_view() : body.substr(content, end - content));
    if (!part) {
      return fail(part.error());
    }
    parts.push_back(*std::move(part));
    at = end + delimiter.size();
  }
}

}  // namespace halfcycle::web

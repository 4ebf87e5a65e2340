// SPDX-License-Identifier: Apache-2.0
#include "web/message.hpp"

#include <algorithm>

#include "base/json_writer.hpp"
#include "base/text.hpp"

namespace halfcycle::web {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Result<std::string> decode(std::string_view text, bool plus_is_blank) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) {
        return fail(ErrorCode::InvalidInput,
                    "the address holds a '%' without two hexadecimal digits; write %25 for '%'");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      return fail(ErrorCode::InvalidInput, "the address holds a control character");
    }
    out += c;
  }
  if (to_valid_utf8(out) != out) {
    return fail(ErrorCode::InvalidInput, "the address is not UTF-8");
  }
  return out;
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxTargetBytes) {
    return fail(ErrorCode::InvalidInput,
                "the address is longer than {} bytes; ask for less at once", kMaxTargetBytes);
  }
  if (!text.starts_with('/')) {
    return fail(ErrorCode::InvalidInput, "the address must begin with '/'");
  }
  const std::size_t question = text.find('?');
  Target target;
  target.path = text.substr(0, question);
  const std::string_view path = std::string_view(target.path).substr(1);
  if (!path.empty()) {
    for (const std::string_view part : split(path, '/')) {
      auto segment = decode(part, false);
      if (!segment) {
        return fail(segment.error());
      }
      target.segments.push_back(*std::move(segment));
    }
  }
  if (question == std::string_view::npos) {
    return target;
  }
  for (const std::string_view part : split(text.substr(question + 1), '&')) {
    if (part.empty()) {
      continue;
    }
    if (target.query.size() == kMaxQueryParameters) {
      return fail(ErrorCode::InvalidInput, "the address has more than {} parameters",
                  kMaxQueryParameters);
    }
    const std::size_t equals = part.find('=');
    auto name = decode(part.substr(0, equals), true);
    auto value = decode(
        equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name || !value) {
      return fail(name ? value.error() : name.error());
    }
    target.query.emplace_back(*std::move(name), *std::move(value));
  }
  return target;
}

std::string_view Request::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

Response error_response(int status, std::string_view message) {
  JsonWriter json;
  json.begin_object().key("error").string(message).end_object();
  Response response;
  response.status = status;
  response.body = json.take();
  return response;
}

std::string_view reason(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 304:
      return "Not Modified";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

bool lists(std::string_view header, std::string_view item) {
  for (const std::string_view part : split(header, ',')) {
    if (equals_ignoring_case(trim(part.substr(0, part.find(';'))), item)) {
      return true;
    }
  }
  return false;
}

}  // namespace halfcycle::web

// SPDX-License-Identifier: Apache-2.0
// A request and its answer as plain values, without sockets.
//
//   auto target = parse_target("/api/v1/meters/feeder-1/registers?labels=kW%20tot,Freq");
//   target->segments == {"api", "v1", "meters", "feeder-1", "registers"}
//   target->query == {{"labels", "kW tot,Freq"}}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::web {

enum class Method : std::uint8_t { Get, Head, Post, Other };

inline constexpr std::size_t kMaxTargetBytes = 8192;
inline constexpr std::size_t kMaxQueryParameters = 64;

/// Escapes are decoded after the path has been cut at '/', so a name may hold one as %2F.
struct Target {
  std::string path;  ///< as it came, without the query
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
};
/// Errors: InvalidInput: not an absolute path, broken escapes, control characters, text that is
/// not UTF-8, more than kMaxTargetBytes or kMaxQueryParameters.
[[nodiscard]] Result<Target> parse_target(std::string_view text);

struct Request {
  Method method = Method::Get;
  Target target;
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
  std::string body;

  /// The first header of that (lower-case) name; empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  /// In place of `body`: bytes that outlive the server.
  std::string_view fixed_body;
  std::vector<std::pair<std::string, std::string>> headers;
  /// In place of the server's content security policy, for a document with its own.
  std::string content_policy;

  [[nodiscard]] std::string_view content() const { return body.empty() ? fixed_body : body; }
};

/// `{ "error": message }`; a message says what is wrong and what to do.
[[nodiscard]] Response error_response(int status, std::string_view message);
/// "Not Found" for 404.
[[nodiscard]] std::string_view reason(int status);
/// True if a comma-separated header value such as Accept names `item` (parameters are ignored;
/// "*/*" and q-values are not looked at).
[[nodiscard]] bool lists(std::string_view header, std::string_view item);

}  // namespace halfcycle::web

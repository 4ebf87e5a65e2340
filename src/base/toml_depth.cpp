// SPDX-License-Identifier: Apache-2.0
#include "base/toml_depth.hpp"

#include <algorithm>
#include <string>

namespace halfcycle {
namespace {

// Where the string that begins at `begin` (a quote) ends: after its closing quote or quotes.
std::size_t after_string(std::string_view toml, std::size_t begin) {
  const char quote = toml[begin];
  const std::string triple(3, quote);
  const bool several_lines = toml.substr(begin, 3) == triple;
  std::size_t at = begin + (several_lines ? 3 : 1);
  while (at < toml.size()) {
    if (several_lines && toml.substr(at, 3) == triple) {
      return at + 3;
    }
    if (!several_lines && (toml[at] == quote || toml[at] == '\n')) {
      return toml[at] == quote ? at + 1 : at;
    }
    at += toml[at] == '\\' && quote == '"' && at + 1 < toml.size() && toml[at + 1] != '\n' ? 2 : 1;
  }
  return toml.size();
}

}  // namespace

std::optional<std::size_t> line_of_too_deep_key(std::string_view toml) {
  std::size_t line = 1;
  std::size_t parts = 1;
  std::size_t at = 0;
  while (at < toml.size()) {
    const char c = toml[at];
    std::size_t next = at + 1;
    if (c == '"' || c == '\'') {
      next = after_string(toml, at);
      for (const char inside : toml.substr(at, next - at)) {
        line += inside == '\n' ? 1 : 0;
      }
    } else if (c == '#') {
      next = std::min(toml.find('\n', at), toml.size());
    } else if (c == '.') {
      if (++parts > kMaxTomlKeyParts) {
        return line;
      }
    } else if (std::string_view("\n,=[]{}").find(c) != std::string_view::npos) {
      line += c == '\n' ? 1 : 0;
      parts = 1;
    }
    at = next;
  }
  return std::nullopt;
}

}  // namespace halfcycle

// SPDX-License-Identifier: Apache-2.0
// Who may ask what, as long as there is no login: the server listens on this machine only, answers
// only under its own names (against DNS rebinding) and only its own pages (against other sites that
// a user has open).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/message.hpp"
#include "web/setup.hpp"

namespace halfcycle::web {

/// "127.0.0.1", "::1": reachable from this machine only.
[[nodiscard]] bool is_loopback(std::string_view address);
/// An IPv4 or IPv6 address, the latter without brackets.
[[nodiscard]] bool is_address(std::string_view text);
/// The host of "localhost:8443" or "[::1]:8443", in lower case; nothing if it is malformed.
[[nodiscard]] std::optional<std::string> host_of(std::string_view authority);

/// The names that this server answers to, and addresses for its certificate.
struct ServerNames {
  std::vector<std::string> names;  ///< lower case
  std::vector<std::string> addresses;
};
/// localhost, the machine's own name, the listen address and setup.allowed_hosts.
[[nodiscard]] ServerNames server_names(const WebSetup& setup);

/// The answer that refuses the request, or nothing if it may be answered.
///   400 no or a malformed Host    421 a Host that is none of ours
///   403 another site's page asks: a foreign Origin, or Sec-Fetch-Site: cross-site for anything but
///       a user following a link
[[nodiscard]] std::optional<Response> refuse(const ServerNames& names, const Request& request);

/// Headers of every answer. `policy`: the content security policy.
void append_security_headers(std::string& head, std::string_view policy);
/// The policy of the page: nothing from outside, no inline script or style beyond what setup names
/// by hash.
[[nodiscard]] std::string page_policy(const WebSetup& setup);

}  // namespace halfcycle::web

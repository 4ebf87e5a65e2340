// SPDX-License-Identifier: Apache-2.0
#include "web/access_check.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::web {
namespace {

constexpr std::size_t kLongestHost = 255;

void add(std::vector<std::string>& list, std::string text) {
  if (std::find(list.begin(), list.end(), text) == list.end()) {
    list.push_back(std::move(text));
  }
}

bool is_host_name(std::string_view text) {
  return !text.empty() && text.size() <= kLongestHost &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

bool is_address(std::string_view text) {
  const std::string copy(text);
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1;
}

bool is_loopback(std::string_view address) {
  const std::string copy(address);
  in_addr v4{};
  if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24U) == 127;
  }
  in6_addr v6{};
  return inet_pton(AF_INET6, copy.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::optional<std::string> host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!is_address(host) || (!port.empty() && !port.starts_with(':'))) {
      return std::nullopt;
    }
  } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon);
  }
  const bool digits = std::all_of(port.begin() + (port.empty() ? 0 : 1), port.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  std::string lower = to_lower(host);
  if (!digits || (!authority.starts_with('[') && !is_host_name(lower))) {
    return std::nullopt;
  }
  if (lower.ends_with('.')) {
    lower.pop_back();
  }
  return lower;
}

ServerNames server_names(const WebSetup& setup) {
  ServerNames names;
  names.names.emplace_back("localhost");
  names.addresses = {"127.0.0.1", "::1"};
  const auto add_any = [&](const std::string& host) {
    if (is_address(host)) {
      if (host != "0.0.0.0" && host != "::") {
        add(names.addresses, host);
      }
    } else if (is_host_name(to_lower(host))) {
      add(names.names, to_lower(host));
    }
  };
  add_any(setup.address);
  for (const std::string& host : setup.allowed_hosts) {
    add_any(host);
  }
  std::array<char, 256> own{};
  if (gethostname(own.data(), own.size() - 1) == 0) {
    add_any(own.data());
  }
  return names;
}

std::optional<Response> refuse(const ServerNames& names, const Request& request) {
  const std::string_view authority = request.header("host");
  const auto host = host_of(authority);
  const auto hosts = std::count_if(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "host"; });
  if (!host || hosts != 1) {
    return error_response(400, "the request names no host, or not as HOST or HOST:PORT");
  }
  // An address cannot be rebound; a name must be one of ours. Any port will do: a tunnel has its
  // own.
  if (!is_address(*host) &&
      std::find(names.names.begin(), names.names.end(), *host) == names.names.end()) {
    return error_response(
        421,
        format("this server is not called '{}'; call it localhost or by its address, or add the "
               "name to allowed_hosts in its configuration",
               *host));
  }
  const std::string_view origin = request.header("origin");
  const bool changes =
      request.method == Method::Post || lists(request.header("upgrade"), "websocket");
  if (changes && !origin.empty() && to_lower(origin) != "https://" + to_lower(authority)) {
    return error_response(403, "pages of other sites may not use this server");
  }
  const bool follows_link = request.method == Method::Get && !changes &&
                            request.header("sec-fetch-mode") == "navigate" &&
                            request.header("sec-fetch-dest") == "document";
  if (request.header("sec-fetch-site") == "cross-site" && !follows_link) {
    return error_response(403, "pages of other sites may not use this server");
  }
  return std::nullopt;
}

std::string page_policy(const WebSetup& setup) {
  const auto with = [](std::string_view more) {
    return more.empty() ? std::string() : " " + std::string(more);
  };
  return format(
      "default-src 'none'; script-src 'self'{}; style-src 'self'{}; img-src 'self' data: blob:; "
      "font-src 'self'; connect-src 'self'; manifest-src 'self'; frame-src 'self' blob:; "
      "base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
      with(setup.script_sources), with(setup.style_sources));
}

// No Strict-Transport-Security: it would hold for every port of "localhost" and so shut out other
// programs of the user.
void append_security_headers(std::string& head, std::string_view policy) {
  head += format("Content-Security-Policy: {}\r\n", policy);
  head +=
      "X-Content-Type-Options: nosniff\r\n"
      "X-Frame-Options: SAMEORIGIN\r\n"
      "Referrer-Policy: no-referrer\r\n"
      "Cross-Origin-Resource-Policy: same-origin\r\n"
      "Cross-Origin-Opener-Policy: same-origin\r\n"
      "Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n";
}

}  // namespace halfcycle::web

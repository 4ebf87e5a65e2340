// SPDX-License-Identifier: Apache-2.0
// Bytes as an address: parsing, the match against the routes and their parameters, and the checks
// of a host. An answer is made where that needs no store.
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"
#include "web/access_check.hpp"
#include "web/web_fixture.hpp"

using namespace halfcycle::web;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const testing_types::FakeDirectory kDirectory({"m", "feeder-1"});
  static const testing_types::FakeHistory kHistory;
  static const ServerStatistics kStatistics;
  static const WebSetup kSetup;
  static const Api kApi{.directory = kDirectory,
                        .history = &kHistory,
                        .statistics = kStatistics,
                        .setup = kSetup,
                        .now = [] { return testing_types::kNoon; }};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto host = host_of(text);
  if (host && halfcycle::to_lower(*host) != *host) {
    std::abort();
  }
  Request request;
  auto target = parse_target(text);
  if (!target) {
    return 0;
  }
  request.target = *std::move(target);
  const Match match = find_route(request);
  if (match.route == nullptr) {
    if (match.refusal.status < 400) {
      std::abort();
    }
  } else if (match.route->answer != nullptr) {
    const Response response = answer(kApi, match, request);
    if (response.status == 500 || response.content().empty()) {
      std::abort();
    }
  }
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Lines as messages of one WebSocket session; each answer must be a frame, and there must be an
// end.
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"
#include "web/stream.hpp"
#include "web/web_fixture.hpp"

using namespace halfcycle::web;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const testing_types::FakeDirectory kDirectory({"m", "feeder-1"});
  static const testing_types::FakeHistory kHistory;
  static ServerStatistics statistics;  // NOLINT: counts, as that of a server
  static const WebSetup kSetup;
  static const Api kApi{.directory = kDirectory,
                        .history = &kHistory,
                        .statistics = statistics,
                        .setup = kSetup,
                        .now = [] { return testing_types::kNoon; }};
  static const RecordFeed kFeed(&kHistory);
  StreamSession session(kApi, kFeed, statistics.subscriptions);
  SteadyTime now;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const std::string_view message : halfcycle::split(text, '\n')) {
    now += std::chrono::milliseconds(10);
    if (!session.receive(message, now)) {
      break;
    }
    for (int frames = 0; const auto frame = session.next(now); ++frames) {
      if (frame->empty() || frames > 1000) {
        std::abort();
      }
    }
  }
  return 0;
}

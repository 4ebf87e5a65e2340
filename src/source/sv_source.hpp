// SPDX-License-Identifier: Apache-2.0
// Sampled values from the network as a live source.
//
//   auto source = open_sv_source("sv:eth0,svid=MU01", options);
//   while (auto block = (*source)->read(40), block && *block) …    // no frames: nothing has come
//
// Opening listens for a third of a second to learn which streams are there, their channels and
// their rate. Reading decodes what lies in the memory that is shared with the kernel: no system
// call, no lock, no allocation. What the kernel had to drop skips indices; what the network lost
// does not; both are gaps.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "formats/sampled_values.hpp"
#include "source/open_options.hpp"
#include "source/packet_ring.hpp"
#include "source/source.hpp"
#include "source/sv_address.hpp"

namespace halfcycle::source {

/// A stream that was listened to, and what it becomes as a source.
struct SvStreamSetup {
  std::string uri;
  formats::SvChoice choice;  ///< one stream
  int rate = 0;              ///< samples a second
  std::size_t channels = 0;
  SourceInfo info;
  /// The clock of this machine is known to be off: it cannot tell the second of a sample. Asked now
  /// and then on the measuring thread.
  std::function<bool()> clock_is_off;
};

/// What frames fed to it become; for open_sv_source() and tests.
[[nodiscard]] std::unique_ptr<Source> make_sv_source(SvStreamSetup setup,
                                                     std::unique_ptr<FrameFeed> feed);

/// What the interface delivered while it was listened to, as the recording of one stream.
/// Errors: those of PacketRing::open; Machine (nothing came), InvalidSetup (none or several of the
/// streams fit; lists them).
[[nodiscard]] Result<formats::Recording> listen_for_stream(const SvAddress& address,
                                                           std::string_view uri,
                                                           std::optional<double> rate_hertz);

/// Where options.rate_hertz says the rate, the stream need not be there yet: its channels are those
/// of 9-2LE then. Errors: as listen_for_stream(), and those of the mapping.
[[nodiscard]] Result<std::unique_ptr<Source>> open_sv_source(std::string_view uri,
                                                             const SvAddress& address,
                                                             const OpenOptions& options);

}  // namespace halfcycle::source

// SPDX-License-Identifier: Apache-2.0
// Addresses of sampled values: where they come from, and which of several streams is meant.
//
//   sv:eth0,svid=MU01,appid=0x4000       pcap:bay.pcapng,svid=MU01
//   test=yes                             takes what is marked as a test or simulated, too
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "formats/sampled_values.hpp"

namespace halfcycle::source {

struct SvAddress {
  std::string place;  ///< an interface, or a path
  formats::SvChoice choice;
};

/// `text`: what follows the scheme; `uri`: all of it, for messages. A path may hold commas: the
/// choices are what follows the last part without a '='. Error: Usage.
[[nodiscard]] Result<SvAddress> parse_sv_address(std::string_view text, std::string_view uri);

}  // namespace halfcycle::source

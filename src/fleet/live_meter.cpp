// SPDX-License-Identifier: Apache-2.0
#include "fleet/live_meter.hpp"

namespace halfcycle::fleet {

std::string_view name(MeterState state) {
  switch (state) {
    case MeterState::Starting:
      return "starting";
    case MeterState::Measuring:
      return "measuring";
    case MeterState::SourceLost:
      return "source-lost";
    case MeterState::Ended:
      return "ended";
    case MeterState::Failed:
      return "failed";
  }
  return "failed";
}

}  // namespace halfcycle::fleet

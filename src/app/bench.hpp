// SPDX-License-Identifier: Apache-2.0
// How many meters a core carries: N of them side by side in one thread, each fed half cycles in
// turn, so that caches see what a process with N meters sees.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::app {

struct BenchStage {
  std::string name;
  double cpu_seconds = 0.0;  ///< of all meters together
};

struct BenchResult {
  int meters = 0;
  double signal_seconds = 0.0;  ///< of each meter
  double cpu_seconds = 0.0;     ///< of all meters together
  double bytes_per_meter = 0.0;
  std::vector<BenchStage> stages;  ///< a part of cpu_seconds each, together all of it
  std::string processor;           ///< as the machine calls it; empty if unknown

  /// Meters that one core carries in real time, all of it used for them.
  [[nodiscard]] double realtime_meters_per_core() const {
    return static_cast<double>(meters) * signal_seconds / cpu_seconds;
  }
};

/// 7 channels (V1…V3, I1…I4), 25.6 kS/s, 50 Hz with harmonics; CPU time of this thread, the
/// signal's making and a first second not counted. `progress` gets the share that is done; `stop`
/// true gives up.
[[nodiscard]] Result<BenchResult> run_bench(int meters, double seconds,
                                            const std::function<void(double)>& progress,
                                            const std::function<bool()>& stop);

}  // namespace halfcycle::app

// SPDX-License-Identifier: Apache-2.0
// How many meters a core carries: N of them side by side, each fed a block in turn, so that caches
// see what a process with N meters sees. They share what the meters of a fleet share: the
// tables and the template all of them, working memory those of a thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::app {

struct BenchSetup {
  int meters = 16;
  double seconds = 10.0;  ///< of signal, for each meter
  int threads = 1;        ///< meters are dealt out to them
  double rate_hertz = 25600.0;
  int channels = 7;  ///< 6: V1…V3, I1…I3; 7: I4 too
  /// Half cycles in a block, 1 to fleet::kMostHalfCyclesAtOnce. A fleet takes one at a time as long
  /// as its threads keep up, and what has become due meanwhile when they are busy.
  int at_once = 1;
};

struct BenchStage {
  std::string name;
  double cpu_seconds = 0.0;  ///< of all meters together
};

/// From the moment when the last samples of the half cycles of all meters of a thread are there to
/// the end of each push: wall-clock time, others on the machine included.
struct BenchLatency {
  double p50_seconds = 0.0;
  double p99_seconds = 0.0;
  double most_seconds = 0.0;
};

struct BenchResult {
  BenchSetup setup;
  double signal_seconds = 0.0;  ///< of each meter
  double cpu_seconds = 0.0;     ///< of all meters together
  double bytes_per_meter = 0.0;
  std::vector<BenchStage> stages;  ///< a part of cpu_seconds each, together all of it
  BenchLatency latency;
  std::string processor;  ///< as the machine calls it; empty if unknown

  /// Meters that one core carries in real time, all of it used for them.
  [[nodiscard]] double realtime_meters_per_core() const {
    return static_cast<double>(setup.meters) * signal_seconds / cpu_seconds;
  }
  /// CPU time for one sample of one channel.
  [[nodiscard]] double nanoseconds_per_sample() const {
    return 1e9 * cpu_seconds / (signal_seconds * setup.meters * setup.rate_hertz * setup.channels);
  }
  /// What the threads carry together, each with a core of its own.
  [[nodiscard]] double realtime_meters() const {
    return realtime_meters_per_core() * setup.threads;
  }
};

/// 50 Hz with harmonics; CPU time of the measuring threads, the signal's making and a first second
/// not counted. `progress` gets the share that is done; `stop` true gives up.
[[nodiscard]] Result<BenchResult> run_bench(const BenchSetup& setup,
                                            const std::function<void(double)>& progress,
                                            const std::function<bool()>& stop);

}  // namespace halfcycle::app

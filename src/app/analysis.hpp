// SPDX-License-Identifier: Apache-2.0
// A source through a meter, with everything that the outputs need collected on the way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/options.hpp"
#include "app/report_data.hpp"
#include "base/result.hpp"
#include "meter/meter.hpp"
#include "source/source.hpp"

namespace halfcycle::app {

/// A source whose beginning has been looked at, and the meter that suits it.
struct PreparedMeter {
  std::unique_ptr<source::Source> source;
  std::vector<StoredBlock> head;  ///< what was read already; goes into the meter first
  Assumption assumption;
  bool energised = false;  ///< an alternating voltage or current was there from the start
  meter::MeterSetup setup;
  std::unique_ptr<meter::Meter> meter;
};
/// All but the meter itself. A simulated source says everything; unless `look` is set, none of its
/// samples are taken for a first look.
[[nodiscard]] Result<PreparedMeter> prepare_setup(std::unique_ptr<source::Source> source,
                                                  const MeasureOptions& options, bool look);
[[nodiscard]] Result<PreparedMeter> prepare_meter(std::unique_ptr<source::Source> source,
                                                  const MeasureOptions& options, bool analysis);

struct AnalysisRequest {
  MeasureOptions measure;
  std::optional<metrology::Interval> series;
  std::vector<std::string> registers;  ///< patterns; empty: the core labels
  bool core_registers = false;         ///< the core labels besides those of `registers`
  bool pictures = false;               ///< waveforms and ½-cycle traces
  bool spectra = false;                ///< phasors and harmonics of each window
  std::size_t block_frames = 2048;     ///< in the second cache, with what they come from
  /// Called now and then with the share that is done; negative when the end is unknown.
  std::function<void(double)> progress;
  std::function<bool()> stop;  ///< true: give up (Interrupted)
};

/// Errors: those of the source and of the meter; InvalidSetup for an unknown register;
/// Interrupted.
[[nodiscard]] Result<ReportData> analyze(std::unique_ptr<source::Source> source,
                                         const AnalysisRequest& request);

/// True if `label` fits `pattern`, in which '*' stands for any text.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view label);

/// Labels of `interval` that the patterns select, in the order of the patterns, each once. Without
/// patterns the scalars. A pattern without '*' is passed on as it is, so that an unknown one is
/// reported with its nearest name.
[[nodiscard]] Result<std::vector<std::string>> select_labels(
    const std::vector<meter::Column>& available, const std::vector<std::string>& patterns);

}  // namespace halfcycle::app

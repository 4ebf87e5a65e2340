// SPDX-License-Identifier: Apache-2.0
// Data Recorder and Event Log Controller: indices of their declarations, for the recorder, and the
// effect by which a Data Recorder hands over a row.
#pragma once

#include <cstddef>
#include <string_view>

#include "graph/module_type.hpp"

namespace halfcycle::modules {

extern const graph::ModuleType kDataRecorder;
extern const graph::ModuleType kEventLogController;

namespace data_recorder {

/// Kind of the effect. values: one per source up to the last linked one, NaN where it is not linked
/// or not available; marks: of all of them together.
inline constexpr std::string_view kRecordEffect = "record";
/// Likewise, but only to be kept in mind: it becomes a row if a row follows before Pre-trigger
/// Records later ones of its kind.
inline constexpr std::string_view kBeforeEffect = "record before";

inline constexpr std::size_t kSources = 50;
enum Input : std::size_t {
  kFirstSource,
  kEnable = kSources,
  kRecord,
  kRearm,
};
enum Output : std::size_t { kDataLog, kRecordLeft, kLogState, kRecComplete };
enum Setup : std::size_t {
  kDepth,
  kRecordMode,
  kTriggerOn,
  kInterval,
  kBefore,
  kAfter,
};
enum RecordMode { kCircular, kStopWhenFull };
enum TriggerOn { kOnInterval, kOnUpdate, kOnPulse };
enum LogState { kDisabled, kRecording, kFull };

}  // namespace data_recorder

namespace event_log {
enum Output : std::size_t { kEventLog };
enum Setup : std::size_t { kDepth, kCutoff };
inline constexpr double kDefaultDepth = 10000.0;
inline constexpr double kDefaultCutoff = 4.0;
}  // namespace event_log

}  // namespace halfcycle::modules

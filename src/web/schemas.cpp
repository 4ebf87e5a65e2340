// SPDX-License-Identifier: Apache-2.0
// The shapes of the answers, each declared once. A test holds real answers against them.
#include <array>

#include "web/routes.hpp"

namespace halfcycle::web {
namespace {

using Kind = FieldKind;

constexpr std::array kCheck{
    FieldSpec{.name = "name", .help = "`meter ID`, `store`, `web`, …"},
    FieldSpec{.name = "status", .help = "`ok`, `degraded` or `failing`"},
    FieldSpec{.name = "message", .help = "What is wrong and what to do; empty while all is well"}};
constexpr std::array kStore{
    FieldSpec{.name = "writable", .kind = Kind::Boolean, .help = "Records are being kept"},
    FieldSpec{.name = "message", .help = "What is wrong and what to do; empty while all is well"},
    FieldSpec{.name = "check", .help = "What the check at the start found"},
    FieldSpec{.name = "path", .help = "Where the store is"},
    FieldSpec{.name = "bytes", .kind = Kind::Integer, .help = "Size on disk"},
    FieldSpec{.name = "max_bytes", .kind = Kind::Integer, .help = "The size that it keeps to"},
    FieldSpec{.name = "pending_bytes", .kind = Kind::Integer, .help = "Waiting in memory"},
    FieldSpec{
        .name = "dropped_records", .kind = Kind::Integer, .help = "Records that could not be kept"},
    FieldSpec{.name = "last_commit_s",
              .kind = Kind::Number,
              .help = "Duration of the latest commit",
              .nullable = true}};
constexpr std::array kConnections{
    FieldSpec{.name = "open", .kind = Kind::Integer, .help = "Connections that are open"},
    FieldSpec{.name = "limit", .kind = Kind::Integer, .help = "More are refused"},
    FieldSpec{.name = "refused", .kind = Kind::Integer, .help = "Refused since the start"},
    FieldSpec{.name = "timed_out", .kind = Kind::Integer, .help = "Closed because too slow"},
    FieldSpec{.name = "websockets", .kind = Kind::Integer, .help = "WebSockets that are open"},
    FieldSpec{.name = "subscriptions", .kind = Kind::Integer, .help = "Subscriptions on them"},
    FieldSpec{.name = "requests", .kind = Kind::Integer, .help = "Answered since the start"}};
constexpr std::array kHealth{
    FieldSpec{.name = "status",
              .help =
                  "`ok`; `degraded`: something needs attention; `failing`: no meter measures or "
                  "nothing is kept"},
    FieldSpec{.name = "version", .help = "Of the program"},
    FieldSpec{.name = "uptime_s", .kind = Kind::Number, .help = "Since the server started"},
    FieldSpec{.name = "time", .kind = Kind::Time, .help = "Of the server's clock"},
    FieldSpec{.name = "checks", .kind = Kind::Objects, .help = "What was looked at", .of = "Check"},
    FieldSpec{.name = "store",
              .kind = Kind::Object,
              .help = "null: this process keeps no history",
              .of = "Store",
              .nullable = true},
    FieldSpec{.name = "connections",
              .kind = Kind::Object,
              .help = "Of this server",
              .of = "Connections"}};

constexpr std::array kMeter{
    FieldSpec{.name = "id", .help = "In addresses: a–z, 0–9 and `-`"},
    FieldSpec{.name = "name", .help = "As people call it"},
    FieldSpec{.name = "unit_id",
              .kind = Kind::Integer,
              .help = "Modbus unit; null: none",
              .nullable = true},
    FieldSpec{.name = "source", .help = "Where its samples come from"},
    FieldSpec{.name = "template", .help = "What it was made from"},
    FieldSpec{.name = "wiring", .help = "`4w-wye`, `3w-wye`, `delta`, `single` or `demo`"},
    FieldSpec{.name = "nominal_voltage_V",
              .kind = Kind::Number,
              .help = "L-N for wye and single, L-L for delta",
              .nullable = true},
    FieldSpec{.name = "nominal_frequency_Hz", .kind = Kind::Number, .help = "Declared"},
    FieldSpec{.name = "dip_threshold_percent",
              .kind = Kind::Number,
              .help = "Of the nominal voltage; null: dips and swells are not looked for",
              .nullable = true},
    FieldSpec{.name = "swell_threshold_percent",
              .kind = Kind::Number,
              .help = "Likewise",
              .nullable = true},
    FieldSpec{.name = "interruption_threshold_percent",
              .kind = Kind::Number,
              .help = "Likewise",
              .nullable = true},
    FieldSpec{.name = "hysteresis_percent",
              .kind = Kind::Number,
              .help = "How far past its threshold the voltage must come back",
              .nullable = true},
    FieldSpec{.name = "sample_rate_Hz", .kind = Kind::Number, .help = "Of each input"},
    FieldSpec{.name = "inputs", .kind = Kind::Texts, .help = "`V1` … `V4`, `I1` … `I5`"},
    FieldSpec{.name = "state",
              .help = "`starting`, `measuring`, `source-lost`, `ended` or `failed`"},
    FieldSpec{.name = "message", .help = "Empty while all is well"},
    FieldSpec{
        .name = "first_sample", .kind = Kind::Time, .help = "null: none yet", .nullable = true},
    FieldSpec{.name = "last_sample",
              .kind = Kind::Time,
              .help = "End of the latest samples; null: none yet",
              .nullable = true},
    FieldSpec{
        .name = "clock_ok", .kind = Kind::Boolean, .help = "UTC is within the limit of the class"},
    FieldSpec{.name = "clock_uncertainty_s", .kind = Kind::Number, .help = "As the source says"},
    FieldSpec{.name = "samples", .kind = Kind::Integer, .help = "Measured since the start"},
    FieldSpec{.name = "gaps", .kind = Kind::Integer, .help = "Breaks with missing samples"},
    FieldSpec{.name = "dropped_samples",
              .kind = Kind::Integer,
              .help = "Lost because this process was late"},
    FieldSpec{.name = "lag_s", .kind = Kind::Number, .help = "Behind the source"}};

constexpr std::array kRegisterValue{
    FieldSpec{.name = "label", .help = "Of the register, or of an element of an array register"},
    FieldSpec{.name = "value",
              .kind = Kind::Any,
              .help =
                  "In `unit`. States are 0 and 1, times and texts are text, an array register is "
                  "a list; null: not available"},
    FieldSpec{.name = "unit", .help = "`1` for a ratio"},
    FieldSpec{.name = "time",
              .kind = Kind::Time,
              .help = "End of the interval that the value is of; null: never renewed",
              .nullable = true},
    FieldSpec{.name = "flagged",
              .kind = Kind::Boolean,
              .help = "A dip, swell or interruption touched it (IEC 61000-4-30 §4.7)"},
    FieldSpec{.name = "complete", .kind = Kind::Boolean, .help = "All of its inputs were there"},
    FieldSpec{
        .name = "clock_ok", .kind = Kind::Boolean, .help = "UTC was within the limit of the class"},
    FieldSpec{.name = "sync_ok",
              .kind = Kind::Boolean,
              .help = "The windows were locked to the frequency"}};
constexpr std::array kRegisterInfo{
    FieldSpec{.name = "label", .help = "Public name of the register"},
    FieldSpec{.name = "class", .help = "`numeric`, `boolean`, `numeric array`, …"},
    FieldSpec{.name = "unit", .help = "`1` for a ratio"},
    FieldSpec{.name = "tick", .help = "When it is renewed: `half-cycle`, `10-12-cycle`, …"},
    FieldSpec{.name = "module", .help = "Label of the module that it belongs to"},
    FieldSpec{.name = "help", .help = "What it means"},
    FieldSpec{.name = "writable", .kind = Kind::Boolean, .help = "A command may set it"},
    FieldSpec{.name = "retain", .kind = Kind::Boolean, .help = "Kept over a restart"},
    FieldSpec{.name = "first_element",
              .kind = Kind::Integer,
              .help = "Arrays: number of the first element in its label; else null",
              .nullable = true},
    FieldSpec{.name = "element_count",
              .kind = Kind::Integer,
              .help = "Arrays: how many elements; else null",
              .nullable = true}};
constexpr std::array kRegisterInfoPage{
    FieldSpec{.name = "registers",
              .kind = Kind::Objects,
              .help = "Those from `offset` on",
              .of = "RegisterInfo"},
    FieldSpec{.name = "total", .kind = Kind::Integer, .help = "That fit, on all pages"}};

constexpr std::array kRmsTrace{
    FieldSpec{.name = "time", .kind = Kind::Times, .help = "End of each one-cycle window"},
    FieldSpec{.name = "channels",
              .kind = Kind::NumberMap,
              .help = "`V1`, `I1`, …: rms in V and A; null: not available"}};
constexpr std::array kWaveform{
    FieldSpec{.name = "start", .kind = Kind::Time, .help = "Of the first sample"},
    FieldSpec{.name = "rate_Hz", .kind = Kind::Number, .help = "Samples a second"},
    FieldSpec{.name = "channels",
              .kind = Kind::NumberMap,
              .help = "`V1`, `I1`, …: samples in V and A; null: missing"},
    FieldSpec{.name = "rms",
              .kind = Kind::Object,
              .help = "The ½-cycle values that were measured meanwhile",
              .of = "RmsTrace"},
    FieldSpec{.name = "recovery",
              .kind = Kind::Object,
              .help =
                  "Of a disturbance that was too long to be kept in one: the samples around its "
                  "end; null: it is all in one. Not in live waveforms",
              .of = "Waveform",
              .nullable = true,
              .optional = true}};

constexpr std::array kColumn{FieldSpec{.name = "label", .help = "Of the register"},
                             FieldSpec{.name = "unit", .help = "`1` for a ratio"}};
constexpr std::array kLog{
    FieldSpec{.name = "name", .help = "Label of the Data Recorder"},
    FieldSpec{.name = "columns", .kind = Kind::Objects, .help = "What it records", .of = "Column"},
    FieldSpec{.name = "rows", .kind = Kind::Integer, .help = "Kept now"},
    FieldSpec{.name = "first", .kind = Kind::Time, .help = "null: no row", .nullable = true},
    FieldSpec{.name = "last", .kind = Kind::Time, .help = "null: no row", .nullable = true},
    FieldSpec{.name = "depth", .kind = Kind::Integer, .help = "Rows that it keeps at most"},
    FieldSpec{.name = "stop_when_full",
              .kind = Kind::Boolean,
              .help = "false: the oldest rows make room"},
    FieldSpec{
        .name = "dropped_rows", .kind = Kind::Integer, .help = "Rows that could not be stored"}};
constexpr std::array kLogRows{
    FieldSpec{.name = "columns", .kind = Kind::Objects, .help = "Of `values`", .of = "Column"},
    FieldSpec{
        .name = "rows", .kind = Kind::Integer, .help = "In the range; may be more than points"},
    FieldSpec{.name = "time", .kind = Kind::Times, .help = "Of each point"},
    FieldSpec{.name = "values",
              .kind = Kind::NumberLists,
              .help = "A list a column; where a point stands for several rows, their mean"},
    FieldSpec{.name = "low",
              .kind = Kind::NumberLists,
              .help = "The lowest value of each point's rows; empty if each point is one row"},
    FieldSpec{.name = "high", .kind = Kind::NumberLists, .help = "The highest value, likewise"},
    FieldSpec{
        .name = "gap_before", .kind = Kind::Booleans, .help = "Rows are missing before this point"},
    FieldSpec{.name = "flagged",
              .kind = Kind::Booleans,
              .help = "A dip, swell or interruption touched a row of the point"},
    FieldSpec{.name = "complete",
              .kind = Kind::Booleans,
              .help = "All inputs of all its rows were there"},
    FieldSpec{.name = "clock_ok", .kind = Kind::Booleans, .help = "Likewise, as in a register"},
    FieldSpec{.name = "sync_ok", .kind = Kind::Booleans, .help = "Likewise, as in a register"}};

constexpr std::array kEvent{
    FieldSpec{.name = "sequence", .kind = Kind::Integer, .help = "Grows over all meters"},
    FieldSpec{.name = "meter", .help = "Id of the meter"},
    FieldSpec{.name = "time", .kind = Kind::Time, .help = "When it happened"},
    FieldSpec{.name = "priority",
              .kind = Kind::Integer,
              .help = "1–63 information, 64–127 low, 128–191 medium, 192–255 high alarm"},
    FieldSpec{.name = "module", .help = "Label of the module that says so"},
    FieldSpec{.name = "cause", .help = "Label of a register; null: none", .nullable = true},
    FieldSpec{.name = "cause_value", .help = "Its value as text", .nullable = true},
    FieldSpec{.name = "effect", .help = "Label of a register; null: none", .nullable = true},
    FieldSpec{.name = "effect_value", .help = "Its value as text", .nullable = true},
    FieldSpec{.name = "by", .help = "Who, where a command caused it", .nullable = true}};
constexpr std::array kEventPage{
    FieldSpec{.name = "events", .kind = Kind::Objects, .help = "Newest first", .of = "Event"}};

constexpr std::array kPhaseEvent{
    FieldSpec{.name = "phase", .help = "`V1`, `V2` or `V3`"},
    FieldSpec{.name = "start", .kind = Kind::Time, .help = "On this phase", .nullable = true},
    FieldSpec{.name = "end", .kind = Kind::Time, .help = "On this phase", .nullable = true},
    FieldSpec{.name = "residual_V",
              .kind = Kind::Number,
              .help = "Lowest Urms(½) of a dip or interruption",
              .nullable = true,
              .optional = true},
    FieldSpec{.name = "maximum_V",
              .kind = Kind::Number,
              .help = "Highest Urms(½) of a swell",
              .nullable = true,
              .optional = true}};
constexpr std::array kDisturbance{
    FieldSpec{.name = "id", .kind = Kind::Integer, .help = "Grows over all meters"},
    FieldSpec{.name = "meter", .help = "Id of the meter"},
    FieldSpec{.name = "has_waveform", .kind = Kind::Boolean, .help = "Its samples have been kept"},
    FieldSpec{.name = "type", .help = "`dip`, `swell` or `interruption`"},
    FieldSpec{.name = "start",
              .kind = Kind::Time,
              .help = "Start of the Urms(½) window that began it; null: before the first sample",
              .nullable = true},
    FieldSpec{.name = "end",
              .kind = Kind::Time,
              .help = "End of the window that ended it; null: open",
              .nullable = true},
    FieldSpec{.name = "duration_s",
              .kind = Kind::Number,
              .help = "null: start or end is not known",
              .nullable = true},
    FieldSpec{.name = "phases", .kind = Kind::Texts, .help = "That took part"},
    FieldSpec{.name = "residual_V",
              .kind = Kind::Number,
              .help = "Lowest Urms(½) of a dip or interruption",
              .nullable = true,
              .optional = true},
    FieldSpec{.name = "residual_percent",
              .kind = Kind::Number,
              .help = "The same, of the reference",
              .nullable = true,
              .optional = true},
    FieldSpec{.name = "maximum_V",
              .kind = Kind::Number,
              .help = "Highest Urms(½) of a swell",
              .nullable = true,
              .optional = true},
    FieldSpec{.name = "maximum_percent",
              .kind = Kind::Number,
              .help = "The same, of the reference",
              .nullable = true,
              .optional = true},
    FieldSpec{.name = "worst_phase", .help = "The one with that value"},
    FieldSpec{.name = "threshold_percent", .kind = Kind::Number, .help = "Of the reference"},
    FieldSpec{.name = "hysteresis_percent", .kind = Kind::Number, .help = "Of the reference"},
    FieldSpec{.name = "reference_V", .kind = Kind::Number, .help = "Declared voltage"},
    FieldSpec{.name = "channel_set", .help = "`L-N` or `L-L`"},
    FieldSpec{.name = "per_phase",
              .kind = Kind::Objects,
              .help = "Each phase's own part",
              .of = "PhaseEvent"}};
constexpr std::array kDisturbancePage{FieldSpec{
    .name = "disturbances", .kind = Kind::Objects, .help = "Newest first", .of = "Disturbance"}};
constexpr std::array kError{FieldSpec{.name = "error", .help = "What is wrong and what to do"}};

constexpr std::array kSchemas{
    SchemaSpec{"Health", "State of the process", kHealth},
    SchemaSpec{"Check", "One thing that was looked at", kCheck},
    SchemaSpec{"Store", "State of the store", kStore},
    SchemaSpec{"Connections", "Connections of this server", kConnections},
    SchemaSpec{"Meter", "A meter and how it does", kMeter},
    SchemaSpec{"RegisterValue", "A value with its time and its four marks", kRegisterValue},
    SchemaSpec{"RegisterInfo", "A register", kRegisterInfo},
    SchemaSpec{"RegisterInfoPage", "Registers that fit", kRegisterInfoPage},
    SchemaSpec{"Waveform", "Equally spaced samples", kWaveform},
    SchemaSpec{"RmsTrace", "rms of one cycle, renewed every half cycle", kRmsTrace},
    SchemaSpec{"Log", "A data log", kLog},
    SchemaSpec{"Column", "A column of a data log", kColumn},
    SchemaSpec{"LogRows", "Points of a data log", kLogRows},
    SchemaSpec{"Event", "An event of the module graph", kEvent},
    SchemaSpec{"EventPage", "Events", kEventPage},
    SchemaSpec{"Disturbance", "A dip, swell or interruption (IEC 61000-4-30 §5.4, §5.5)",
               kDisturbance},
    SchemaSpec{"PhaseEvent", "A phase's part in a disturbance", kPhaseEvent},
    SchemaSpec{"DisturbancePage", "Disturbances", kDisturbancePage},
    SchemaSpec{"Error", "Why there is no answer", kError}};

}  // namespace

std::span<const SchemaSpec> schemas() { return kSchemas; }

}  // namespace halfcycle::web

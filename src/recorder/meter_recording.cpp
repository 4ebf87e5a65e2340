// SPDX-License-Identifier: Apache-2.0
#include "recorder/meter_recording.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <thread>

#include "base/text.hpp"
#include "modules/data_recorder.hpp"

namespace halfcycle::recorder {
namespace {

namespace data_recorder = modules::data_recorder;
namespace event_log = modules::event_log;

constexpr std::chrono::seconds kWaitForWaveform{2};
// Events and disturbances of one batch, while the disk refuses.
constexpr std::size_t kMaxPendingEvents = 100000;
constexpr int kTriesForRegisters = 50;

// Length of a tick at the lowest frequencies, in nanoseconds; 0: it has none.
std::int64_t tick_ns(graph::Tick tick) {
  constexpr std::int64_t kMs = 1000000;
  switch (tick) {
    case graph::Tick::HalfCycle:
      return 12 * kMs;
    case graph::Tick::TenTwelveCycle:
      return 240 * kMs;
    case graph::Tick::OneSecond:
      return 1000 * kMs;
    case graph::Tick::OneFiftyOneEightyCycle:
      return 3600 * kMs;
    case graph::Tick::TenSecond:
      return 10000 * kMs;
    case graph::Tick::TenMinute:
      return 600000 * kMs;
    case graph::Tick::TwoHour:
      return 7200000 * kMs;
    case graph::Tick::Event:
      break;
  }
  return 0;
}

// Energies, counts and states must come back exactly; a measured value has no more digits than a
// 32-bit float.
ColumnType type_of(const graph::RegisterInfo& info, bool element) {
  if (element || info.cls == graph::RegisterClass::NumericArray) {
    return ColumnType::Float32;
  }
  const bool measured = info.cls == graph::RegisterClass::Numeric &&
                        info.retain == graph::Retain::No && info.tick != graph::Tick::Event;
  const bool energy = info.unit == Unit::KilowattHour || info.unit == Unit::KilovarHour ||
                      info.unit == Unit::KilovoltampereHour;
  return measured && !energy ? ColumnType::Float32 : ColumnType::Float64;
}

template <class T>
T read_at(std::span<const std::byte>& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes = bytes.subspan(sizeof(value));
  return value;
}

std::string_view text_at(std::span<const std::byte>& bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), size);
  bytes = bytes.subspan(size);
  return text;
}

graph::EventEnd end_of(const IntakeEvent::End& end, std::string_view text) {
  return {static_cast<graph::EventEnd::Kind>(end.kind), end.index, end.element, end.value, text};
}

}  // namespace

MeterRecording::MeterRecording(std::shared_ptr<Intake> intake, graph::Graph& graph,
                               WaveformReader waveform, Writer& writer,
                               std::vector<AwaitedWaveform>& awaited)
    : intake_(std::move(intake)), graph_(graph), writer_(writer), awaited_(awaited) {
  if (waveform) {
    read_waveform_ = std::make_shared<const WaveformReader>(std::move(waveform));
  }
  recorder_of_module_.assign(graph_.compiled().modules().size(), -1);
  define_recorders();
  find_retained();
}

double MeterRecording::setup_number(std::uint32_t module, std::size_t setup) const {
  const graph::ModuleInstance& instance = graph_.compiled().modules()[module];
  const graph::SetupSpec& spec = instance.type->setup[setup];
  const auto text = graph_.setup_value(instance.label, spec.name);
  if (!text) {
    return spec.default_value;
  }
  if (spec.cls == graph::RegisterClass::Enumerated) {
    const auto at = std::find(spec.choices.begin(), spec.choices.end(), *text);
    return static_cast<double>(at - spec.choices.begin());
  }
  return parse_number(*text).value_or(spec.default_value);
}

// At the start and after a change of setup: depths and intervals may be others.
void MeterRecording::define_recorders() {
  const graph::CompiledTemplate& compiled = graph_.compiled();
  double depth = event_log::kDefaultDepth;
  cutoff_ = event_log::kDefaultCutoff;
  for (std::uint32_t m = 0; m < compiled.modules().size(); ++m) {
    const graph::ModuleInstance& module = compiled.modules()[m];
    if (module.type == &modules::kEventLogController) {
      event_log_ = m;
      depth = setup_number(m, event_log::kDepth);
      cutoff_ = setup_number(m, event_log::kCutoff);
    }
    if (module.type != &modules::kDataRecorder || module.offline) {
      continue;
    }
    LogDefinition definition;
    definition.meter = intake_->meter();
    definition.name = module.label;
    for (std::size_t i = 0; i < data_recorder::kSources; ++i) {
      const graph::RegisterRef link = compiled.links()[module.first_input + i];
      if (link.index == graph::kNoIndex) {
        continue;
      }
      // Columns between linked ones stay, so that a row's values keep their places.
      while (definition.columns.columns.size() < i) {
        definition.columns.columns.push_back(
            {format("(Source {})", definition.columns.columns.size() + 1), Unit::One});
        definition.columns.types.push_back(ColumnType::Float32);
      }
      const graph::RegisterInfo& info = compiled.registers()[link.index];
      definition.columns.columns.push_back({compiled.label(link), info.unit});
      definition.columns.types.push_back(type_of(info, link.element >= 0));
    }
    definition.depth = static_cast<std::uint64_t>(setup_number(m, data_recorder::kDepth));
    definition.stop_when_full = static_cast<int>(setup_number(m, data_recorder::kRecordMode)) ==
                                data_recorder::kStopWhenFull;
    const auto trigger = static_cast<int>(setup_number(m, data_recorder::kTriggerOn));
    const double before = setup_number(m, data_recorder::kBefore);
    if (trigger == data_recorder::kOnInterval) {
      definition.interval =
          Duration::seconds(static_cast<std::int64_t>(setup_number(m, data_recorder::kInterval)));
    } else if (trigger == data_recorder::kOnUpdate ||
               before + setup_number(m, data_recorder::kAfter) > 0.0) {
      definition.interval = Duration::ns(
          tick_ns(compiled.registers()[compiled.links()[module.first_input].index].tick));
    }
    const std::size_t log = writer_.define(definition);
    const Duration gap = Duration::ns(definition.interval.count_ns() * 3 / 2);
    if (recorder_of_module_[m] < 0) {
      recorder_of_module_[m] = static_cast<std::int32_t>(recorders_.size());
      recorders_.push_back({m,
                            log,
                            definition.columns,
                            BlockBuilder(definition.columns.types),
                            graph::kNoInstant,
                            gap,
                            0,
                            true,
                            0,
                            {}});
    }
    DataRecorder& recorder = recorders_[static_cast<std::size_t>(recorder_of_module_[m])];
    recorder.gap = gap;
    recorder.most_before = static_cast<std::size_t>(before);
  }
  writer_.set_event_depth(intake_->meter(), static_cast<std::uint64_t>(depth));
}

// Texts, arrays and pulses are not kept: no module retains one.
void MeterRecording::find_retained() {
  const graph::CompiledTemplate& compiled = graph_.compiled();
  std::size_t count = 0;
  for (std::size_t t = 0; t < graph::kTickCount; ++t) {
    const auto tick = static_cast<graph::Tick>(t);
    const graph::TickGroup& group = compiled.group(tick);
    RetainedGroup retained;
    retained.tick = tick;
    retained.first = count;
    for (std::uint32_t r = group.first_register; r < group.first_register + group.register_count;
         ++r) {
      const graph::RegisterInfo& info = compiled.registers()[r];
      if (info.retain == graph::Retain::Yes && info.words == 0 &&
          info.cls != graph::RegisterClass::Pulse && info.cls != graph::RegisterClass::Time) {
        retained.registers.push_back(r);
        retained.sticky.push_back(compiled.modules()[info.module].type->evaluate == nullptr &&
                                  !info.writable);
        retained_labels_ += info.label;
        retained_labels_ += '\n';
        ++count;
      }
    }
    if (!retained.registers.empty()) {
      retained_.push_back(std::move(retained));
    }
  }
  retained_data_.resize(count * kRegisterBytes);
}

void MeterRecording::drain(bool room) {
  take_rows(room);
  take_events();
  take_disturbances();
  note_dropped();
}

void MeterRecording::take_rows(bool room) {
  std::array<double, data_recorder::kSources> values{};
  ByteRing& ring = intake_->rows();
  for (auto message = ring.front(); !message.empty(); message = ring.front()) {
    const auto row = read_at<IntakeRow>(message);
    std::memcpy(values.data(), message.data(), row.count * sizeof(double));
    take_row(row, std::span(values).first(row.count), room);
    ring.pop();
  }
}

void MeterRecording::take_row(const IntakeRow& row, std::span<const double> values, bool room) {
  DataRecorder& recorder = recorders_[static_cast<std::size_t>(recorder_of_module_[row.module])];
  if (row.waits != 0) {
    recorder.before.push_back({row, {values.begin(), values.end()}});
    while (recorder.before.size() > recorder.most_before) {
      recorder.before.pop_front();
    }
    return;
  }
  for (const WaitingRow& waiting : recorder.before) {
    add_row(recorder, waiting.row, waiting.values, room);
  }
  recorder.before.clear();
  add_row(recorder, row, values, room);
}

void MeterRecording::add_row(DataRecorder& recorder, const IntakeRow& row,
                             std::span<const double> values, bool room) {
  if (!room) {
    count_dropped(recorder, 1);
    return;
  }
  const Instant time = Instant::from_unix_ns(row.time_unix_ns);
  const bool known = recorder.last != graph::kNoInstant;
  if (recorder.builder.rows() == kMaxBlockRows ||
      (recorder.builder.rows() != 0 && time < recorder.last)) {
    seal(recorder);
  }
  const bool late = known && recorder.gap.count_ns() != 0 && time - recorder.last > recorder.gap;
  std::uint8_t flags = row.marks & kRowMarks;
  if (late || recorder.gap_next) {
    flags |= kRowAfterGap;
  }
  recorder.gap_next = false;
  recorder.last = time;
  newest_row_ = std::max(newest_row_, time);
  recorder.builder.add(time, flags, values);
}

void MeterRecording::seal(DataRecorder& recorder) {
  if (recorder.builder.rows() != 0) {
    writer_.batch().blocks.push_back({recorder.log, recorder.builder.finish(encoder_)});
  }
}

void MeterRecording::count_dropped(DataRecorder& recorder, std::uint64_t rows) {
  writer_.count_dropped(recorder.log, rows);
  dropped_ += rows;
  recorder.gap_next = true;
}

void MeterRecording::take_events() {
  ByteRing& ring = intake_->events();
  for (auto message = ring.front(); !message.empty(); message = ring.front()) {
    take_event(message);
    ring.pop();
  }
}

void MeterRecording::take_event(std::span<const std::byte> message) {
  const auto head = read_at<IntakeEvent>(message);
  const std::string_view cause = text_at(message, head.cause.text_bytes);
  const std::string_view effect = text_at(message, head.effect.text_bytes);
  const std::string_view user = text_at(message, head.user_bytes);
  const std::string_view origin = text_at(message, head.origin_bytes);
  graph::Event event;
  event.time = Instant::from_unix_ns(head.time_unix_ns);
  event.priority = head.priority;
  event.module = head.module;
  event.cause = end_of(head.cause, cause);
  event.effect = end_of(head.effect, effect);
  if (event.effect.kind == graph::EventEnd::Kind::Setup) {
    setup_changed_ = true;
  }
  if (static_cast<double>(event.priority) <= cutoff_) {
    return;
  }
  graph::EventText text = graph::describe(graph_.compiled(), event);
  StoredEvent stored;
  stored.meter = intake_->meter();
  stored.time = event.time;
  stored.priority = event.priority;
  stored.module = std::move(text.module);
  stored.cause = std::move(text.cause);
  stored.cause_value = std::move(text.cause_value);
  stored.effect = std::move(text.effect);
  stored.effect_value = std::move(text.effect_value);
  if (event.priority == graph::kResetPriority && event.effect.kind == graph::EventEnd::Kind::None) {
    stored.effect = "reset";
  }
  if (head.has_principal != 0) {
    stored.by = format("{} ({})", user, origin);
  }
  if (writer_.batch().events.size() >= kMaxPendingEvents) {
    ++dropped_;
    return;
  }
  stored.sequence = writer_.next_event();
  newest_event_ = stored.sequence;
  writer_.batch().events.push_back(std::move(stored));
}

void MeterRecording::take_disturbances() {
  ByteRing& ring = intake_->disturbances();
  for (auto message = ring.front(); !message.empty(); message = ring.front()) {
    StoredDisturbance stored;
    std::memcpy(&stored.event, message.data(), sizeof(stored.event));
    ring.pop();
    if (writer_.batch().disturbances.size() >= kMaxPendingEvents) {
      ++dropped_;
      continue;
    }
    stored.id = writer_.next_disturbance();
    stored.meter = intake_->meter();
    if (read_waveform_) {
      awaited_.push_back({stored.id, stored.event,
                          std::chrono::steady_clock::now() + kWaitForWaveform, read_waveform_});
    }
    writer_.batch().disturbances.push_back(std::move(stored));
  }
}

void MeterRecording::note_dropped() {
  for (DataRecorder& recorder : recorders_) {
    const std::uint64_t dropped = intake_->dropped_rows(recorder.module);
    if (dropped != recorder.dropped) {
      count_dropped(recorder, dropped - recorder.dropped);
      recorder.dropped = dropped;
    }
  }
}

void MeterRecording::close_batch(bool room) {
  drain(room);
  // Registers after rows: an energy in a row is then never ahead of the register that goes on from
  // it after a restart.
  put_registers();
  newest_row_ = graph::kNoInstant;
  for (DataRecorder& recorder : recorders_) {
    seal(recorder);
  }
  if (setup_changed_) {
    define_recorders();
    put_setup();
    setup_changed_ = false;
  }
}

void MeterRecording::put_registers() {
  Instant newest = read_registers();
  if (newest == graph::kNoInstant) {
    return;
  }
  // A row leaves the graph a moment before the registers of its frame are published.
  for (int tries = 0; newest < newest_row_ && tries < kTriesForRegisters; ++tries) {
    std::this_thread::yield();
    newest = std::max(newest, read_registers());
  }
  writer_.batch().registers[intake_->meter()] = {intake_->meter(), retained_labels_,
                                                 retained_data_};
}

// Time of the newest register that was renewed; kNoInstant: none was.
Instant MeterRecording::read_registers() {
  Instant newest = graph::kNoInstant;
  for (RetainedGroup& group : retained_) {
    if (graph_.version(group.tick) == group.version) {
      continue;
    }
    graph_.read_group(group.tick, snapshot_);
    group.version = snapshot_.version();
    for (std::size_t i = 0; i < group.registers.size(); ++i) {
      const graph::RegisterView view = snapshot_.view({group.registers[i], -1});
      if (group.sticky[i] && !view.available() && group.known) {
        continue;
      }
      newest = std::max(newest, view.time);
      put_register(view.slot, view.time, view.marks,
                   std::span(retained_data_).subspan((group.first + i) * kRegisterBytes));
    }
    group.known = true;
  }
  return newest;
}

void MeterRecording::put_setup() {
  const graph::CompiledTemplate& compiled = graph_.compiled();
  PendingSetup pending;
  pending.meter = intake_->meter();
  for (std::uint32_t m = 0; m < compiled.modules().size(); ++m) {
    const graph::ModuleInstance& module = compiled.modules()[m];
    for (std::uint32_t k = 0; k < module.type->setup.size(); ++k) {
      const std::uint32_t setup = module.first_setup + k;
      const std::uint32_t slot = compiled.text_slots()[setup];
      const std::string of_template = graph::setup_text(
          module.type->setup[k], compiled.setup_numbers()[setup],
          slot == graph::kNoIndex ? std::string_view()
                                  : std::string_view(compiled.setup_texts()[slot]->text));
      const auto accepted = graph_.setup_value(module.label, module.type->setup[k].name);
      if (accepted && *accepted != of_template) {
        pending.values.push_back(
            {module.label, std::string(module.type->setup[k].name), *accepted});
      }
    }
  }
  writer_.batch().setups[pending.meter] = std::move(pending);
}

void MeterRecording::after_commit() {
  if (event_log_ < 0 || newest_event_ == told_event_) {
    return;
  }
  const std::string& label =
      graph_.compiled().modules()[static_cast<std::size_t>(event_log_)].label;
  const Principal store{"recorder", "store", static_cast<std::uint16_t>(Right::Operate)};
  // A full queue: the next commit tells it.
  if (graph_.submit(
          graph::Command::effect_result(label, {0, true, static_cast<double>(newest_event_)}),
          store)) {
    told_event_ = newest_event_;
  }
}

std::uint64_t MeterRecording::open_bytes() const {
  std::uint64_t bytes = 0;
  for (const DataRecorder& recorder : recorders_) {
    bytes += recorder.builder.bytes();
  }
  return bytes;
}

}  // namespace halfcycle::recorder

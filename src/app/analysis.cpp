// SPDX-License-Identifier: Apache-2.0
#include "app/analysis.hpp"

#include <algorithm>
#include <cmath>

#include "app/waveform_capture.hpp"
#include "base/format.hpp"
#include "metrology/quantity.hpp"

namespace halfcycle::app {
namespace {

using meter::Column;
using meter::Meter;
using metrology::Interval;

constexpr int kHighestOrderShown = 50;  // IEC 61000-4-30 §5.8: harmonics to the 50th

std::string_view high_speed_label(std::string_view label) {
  for (const metrology::QuantityInfo& row : metrology::kQuantities) {
    if (row.label == label) {
      return row.high_speed_label;
    }
  }
  return {};
}

std::vector<Column> scalars(std::vector<Column> columns) {
  std::erase_if(columns, [](const Column& column) { return column.of_spectrum; });
  return columns;
}

// The columns with ½-cycle values, under their own names.
std::vector<Column> high_speed_columns(const Meter& meter) {
  std::vector<Column> columns;
  for (Column column : meter.columns(Interval::HalfCycle)) {
    if (const auto label = high_speed_label(column.label); !label.empty()) {
      column.label = std::string(label);
      columns.push_back(std::move(column));
    }
  }
  return columns;
}

// What the outputs need, collected while the samples go through the meter.
class Collector {
 public:
  Collector(Meter& meter, const AnalysisRequest& request) : meter_(meter), request_(request) {}

  Result<void> set_up() {
    if (auto done = set_up_registers(); !done) {
      return done;
    }
    if (request_.series) {
      if (auto done = set_up_series(*request_.series); !done) {
        return done;
      }
    }
    if (request_.pictures) {
      std::vector<std::string> labels;
      for (const Column& column : high_speed_columns(meter_)) {
        if (column.unit == Unit::Volt || column.unit == Unit::Ampere ||
            column.unit == Unit::Hertz) {
          labels.push_back(column.label);
        }
      }
      if (auto done = observe(half_cycle_, Interval::HalfCycle, labels); !done) {
        return done;
      }
    }
    return request_.spectra ? set_up_spectra() : Result<void>();
  }

  void take(ReportData& data) {
    for (const std::string& label : registers_) {
      auto statistics = meter_.statistics(label);
      auto column = column_of(label);
      if (statistics && column) {
        data.registers.push_back({*std::move(column), *statistics});
      }
    }
    data.selected = std::move(selected_);
    if (request_.series) {
      data.series = std::move(series_);
    }
    data.half_cycle = std::move(half_cycle_);
    data.windows = std::move(windows_);
    data.phasors = std::move(phasors_);
    for (std::size_t i = 0; i < spectra_.size(); ++i) {
      const Input input = spectra_[i].input;
      for (int order = 1; order <= spectra_orders_; ++order) {
        const auto mean = meter_.statistics(format("{} HD{}", name(input), order));
        spectra_[i].mean_percent.push_back(mean ? mean->mean : kNotAvailable);
      }
      spectra_[i].mean_percent.insert(spectra_[i].mean_percent.begin(), kNotAvailable);
    }
    data.harmonics = std::move(spectra_);
  }

 private:
  Result<void> set_up_registers() {
    std::vector<Column> available = meter_.columns(Interval::TenTwelveCycle);
    std::vector<Column> core = scalars(available);
    for (const Column& column : high_speed_columns(meter_)) {
      available.push_back(column);
      core.push_back(column);
    }
    auto labels = select_labels(request_.registers.empty() ? core : available, request_.registers);
    if (!labels) {
      return fail(labels.error());
    }
    if (!request_.registers.empty() && request_.core_registers) {
      selected_ = *labels;
      for (const Column& column : core) {
        if (std::find(labels->begin(), labels->end(), column.label) == labels->end()) {
          labels->push_back(column.label);
        }
      }
    }
    for (const std::string& label : *labels) {
      if (auto known = meter_.statistics(label); !known) {
        return fail(known.error());
      }
    }
    registers_ = *std::move(labels);
    return {};
  }

  Result<void> set_up_series(Interval interval) {
    std::vector<Column> available = meter_.columns(interval);
    if (request_.registers.empty()) {
      available = scalars(std::move(available));
    }
    std::vector<std::string> patterns = request_.registers;
    if (interval == Interval::HalfCycle) {
      for (Column& column : high_speed_columns(meter_)) {
        if (!request_.registers.empty()) {
          available.push_back(std::move(column));
        }
      }
    } else {
      // ½-cycle values have no longer intervals; their statistics are among the registers.
      std::erase_if(patterns, [](const std::string& label) { return label.starts_with("HS "); });
      if (patterns.empty() && !request_.registers.empty()) {
        available.clear();
      }
    }
    auto labels = select_labels(available, patterns);
    if (!labels) {
      return fail(labels.error());
    }
    return observe(series_, interval, *labels);
  }

  Result<void> observe(IntervalTable& table, Interval interval,
                       const std::vector<std::string>& labels) {
    table.interval = interval;
    auto columns = meter_.observe(interval, labels,
                                  [this, &table](const meter::Row& row) { append(table, row); });
    if (!columns) {
      return fail(columns.error());
    }
    table.columns = *std::move(columns);
    return {};
  }

  void append(IntervalTable& table, const meter::Row& row) const {
    table.start.push_back(row.start);
    table.end.push_back(row.end);
    table.marks.push_back(row.marks);
    table.values.insert(table.values.end(), row.values.begin(), row.values.end());
  }

  Result<void> set_up_spectra() {
    const std::vector<Column> all = meter_.columns(Interval::TenTwelveCycle);
    std::vector<std::string> labels;
    for (const Column& column : scalars(all)) {
      labels.push_back(column.label);
    }
    if (auto done = observe(windows_, Interval::TenTwelveCycle, labels); !done) {
      return done;
    }
    const auto has = [&](const std::string& label) {
      return std::any_of(all.begin(), all.end(),
                         [&](const Column& column) { return column.label == label; });
    };
    std::vector<std::string> wanted;
    for (std::size_t i = 0; i < kInputCount; ++i) {
      const auto input = static_cast<Input>(i);
      const std::string fundamental = format("{} fund", name(input));
      if (has(fundamental)) {
        phasor_inputs_.push_back(input);
        wanted.push_back(fundamental);
        wanted.push_back(format("{} ang", name(input)));
      }
    }
    while (spectra_orders_ < kHighestOrderShown && (has(format("V1 HD{}", spectra_orders_ + 1)) ||
                                                    has(format("I1 HD{}", spectra_orders_ + 1)))) {
      ++spectra_orders_;
    }
    for (std::size_t i = 0; i < kInputCount && spectra_orders_ > 0; ++i) {
      const auto input = static_cast<Input>(i);
      if (has(format("{} HD1", name(input)))) {
        spectra_.push_back({input, {}, {}});
        for (int order = 1; order <= spectra_orders_; ++order) {
          wanted.push_back(format("{} HD{}", name(input), order));
        }
      }
    }
    auto columns = meter_.observe(Interval::TenTwelveCycle, wanted,
                                  [this](const meter::Row& row) { on_spectra(row); });
    return columns ? Result<void>() : fail(columns.error());
  }

  void on_spectra(const meter::Row& row) {
    PhasorSet set{row.start, row.end, row.marks.flagged, {}};
    std::size_t at = 0;
    for (const Input input : phasor_inputs_) {
      set.phasors.push_back({input, row.values[at], row.values[at + 1]});
      at += 2;
    }
    phasors_.push_back(std::move(set));
    for (HarmonicBars& bars : spectra_) {
      std::vector<float> window{static_cast<float>(kNotAvailable)};
      for (int order = 1; order <= spectra_orders_; ++order) {
        window.push_back(static_cast<float>(row.values[at++]));
      }
      bars.window_percent.push_back(std::move(window));
    }
  }

  [[nodiscard]] std::optional<Column> column_of(const std::string& label) const {
    const bool high_speed = label.starts_with("HS ");
    for (const metrology::QuantityInfo& row : metrology::kQuantities) {
      if (label == (high_speed ? row.high_speed_label : row.label)) {
        return Column{label, row.unit, std::string(row.help)};
      }
    }
    for (const metrology::SpectrumInfo& row : metrology::kSpectra) {
      if (label.find(format(" {}", row.suffix)) != std::string::npos) {
        return Column{label, row.unit, std::string(row.help)};
      }
    }
    return std::nullopt;
  }

  Meter& meter_;
  const AnalysisRequest& request_;
  std::vector<std::string> registers_;
  std::vector<std::string> selected_;
  IntervalTable series_, half_cycle_, windows_;
  std::vector<Input> phasor_inputs_;
  std::vector<PhasorSet> phasors_;
  std::vector<HarmonicBars> spectra_;
  int spectra_orders_ = 0;
};

// Feeds the meter and notes where time breaks.
class Feeder {
 public:
  Feeder(Meter& meter, ReportData& data, WaveformCapture* waveforms)
      : meter_(meter), data_(data), waveforms_(waveforms) {}

  void push(const SampleBlock& block) {
    if (block.frame_count == 0) {
      return;
    }
    const Instant start = block.time.instant_of(static_cast<double>(block.first_index));
    if (frames_ == 0) {
      data_.first = start;
    }
    if (frames_ == 0 || block.discontinuity != Discontinuity::None) {
      data_.time.push_back(
          {block.first_index, (start - data_.first).to_seconds(), block.time.rate_hertz});
    }
    data_.last = block.time.instant_of(static_cast<double>(block.first_index + block.frame_count));
    frames_ += block.frame_count;
    if (waveforms_ != nullptr) {
      waveforms_->push(block, data_.first);
    }
    meter_.push(block);
  }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  Meter& meter_;
  ReportData& data_;
  WaveformCapture* waveforms_;
  std::uint64_t frames_ = 0;
};

}  // namespace

bool matches(std::string_view pattern, std::string_view label) {
  std::size_t p = 0;
  std::size_t l = 0;
  std::size_t star = std::string_view::npos;
  std::size_t after = 0;
  while (l < label.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = l;
    } else if (p < pattern.size() && pattern[p] == label[l]) {
      ++p;
      ++l;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      l = ++after;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') {
    ++p;
  }
  return p == pattern.size();
}

Result<std::vector<std::string>> select_labels(const std::vector<Column>& available,
                                               const std::vector<std::string>& patterns) {
  std::vector<std::string> labels;
  const auto add = [&](const std::string& label) {
    if (std::find(labels.begin(), labels.end(), label) == labels.end()) {
      labels.push_back(label);
    }
  };
  if (patterns.empty()) {
    for (const Column& column : available) {
      add(column.label);
    }
  }
  for (const std::string& pattern : patterns) {
    if (pattern.find('*') == std::string::npos) {
      add(pattern);
      continue;
    }
    bool any = false;
    for (const Column& column : available) {
      if (matches(pattern, column.label)) {
        add(column.label);
        any = true;
      }
    }
    if (!any) {
      return fail(ErrorCode::InvalidSetup,
                  "no register of this recording fits '{}'; 'halfcycle registers' lists them all",
                  pattern);
    }
  }
  return labels;
}

Result<PreparedMeter> prepare_setup(std::unique_ptr<source::Source> source,
                                    const MeasureOptions& options, bool look) {
  PreparedMeter prepared;
  prepared.source = std::move(source);
  const source::SourceInfo& info = prepared.source->info();
  meter::MeterSetup& setup = prepared.setup;
  Measured measured;
  const auto describe_inputs = [&] {
    for (const source::MappedChannel& channel : info.channels) {
      setup.inputs.add(channel.input);
    }
    setup.sample_rate_hertz = info.sample_rates_hertz.front();
  };
  if (!look && info.format == "simulator") {
    describe_inputs();
  } else {
    auto head = first_look(*prepared.source);
    if (!head) {
      return fail(head.error());
    }
    prepared.head = *std::move(head);
    if (prepared.head.empty() && !info.live) {
      return fail(ErrorCode::InvalidInput, "{}: holds no samples", info.uri);
    }
    std::optional<double> trigger;
    if (info.trigger && info.start && *info.trigger > *info.start) {
      trigger = (*info.trigger - *info.start).to_seconds();
    }
    measured = measure_first_cycles(prepared.head, trigger);
    if (prepared.head.empty()) {
      describe_inputs();
    } else {
      const SampleBlock first = prepared.head.front().view();
      setup.inputs = first.inputs;
      setup.sample_rate_hertz = first.time.rate_hertz;
    }
  }
  prepared.energised = measured.frequency_hertz.has_value();
  prepared.assumption = assume_system(info, options.given, measured);
  setup.system = prepared.assumption.system;
  if (options.nominal_current_amperes) {
    setup.system.nominal_current_amperes = *options.nominal_current_amperes;
    prepared.assumption.system.nominal_current_amperes = *options.nominal_current_amperes;
  }
  setup.system.signalling_hertz = options.signalling_hertz;
  setup.dip_threshold_ratio = options.dip_threshold_ratio;
  setup.swell_threshold_ratio = options.swell_threshold_ratio;
  setup.interruption_threshold_ratio = options.interruption_threshold_ratio;
  setup.hysteresis_ratio = options.hysteresis_ratio;
  return prepared;
}

Result<PreparedMeter> prepare_meter(std::unique_ptr<source::Source> source,
                                    const MeasureOptions& options, bool analysis) {
  auto prepared = prepare_setup(std::move(source), options, true);
  if (!prepared) {
    return prepared;
  }
  prepared->setup.analysis = analysis;
  prepared->setup.registers = !analysis;
  auto meter = Meter::create(prepared->setup);
  if (!meter) {
    return fail(meter.error());
  }
  prepared->meter = *std::move(meter);
  return prepared;
}

Result<ReportData> analyze(std::unique_ptr<source::Source> source, const AnalysisRequest& request) {
  auto prepared = prepare_meter(std::move(source), request.measure, true);
  if (!prepared) {
    return fail(prepared.error());
  }
  Meter& meter = *prepared->meter;
  Collector collector(meter, request);
  if (auto done = collector.set_up(); !done) {
    return fail(done.error());
  }

  ReportData data;
  data.version = version();
  WaveformCapture waveforms;
  Feeder feeder(meter, data, request.pictures ? &waveforms : nullptr);
  for (const StoredBlock& block : prepared->head) {
    feeder.push(block.view());
  }
  prepared->head.clear();
  const std::uint64_t total = prepared->source->info().sample_count;
  while (true) {
    if (request.stop && request.stop()) {
      return fail(ErrorCode::Interrupted, "stopped");
    }
    const auto block = prepared->source->read(request.block_frames);
    if (!block) {
      return fail(block.error());
    }
    if (!*block) {
      break;
    }
    feeder.push(**block);
    if (request.progress) {
      request.progress(total > 0 ? static_cast<double>(feeder.frames()) / static_cast<double>(total)
                                 : -1.0);
    }
  }
  meter.finish();

  data.source = prepared->source->info();
  data.system = prepared->assumption.system;
  data.assumed = prepared->assumption.assumed;
  data.warnings = data.source.warnings;
  data.warnings.insert(data.warnings.end(), prepared->assumption.warnings.begin(),
                       prepared->assumption.warnings.end());
  data.events.assign(meter.events().begin(), meter.events().end());
  data.changes.assign(meter.rapid_voltage_changes().begin(), meter.rapid_voltage_changes().end());
  data.change_limits = meter.rapid_voltage_change_limits();
  data.transients.assign(meter.transients().begin(), meter.transients().end());
  data.signalling.assign(meter.signalling().begin(), meter.signalling().end());
  for (quality::VoltageEvent& event : data.events) {
    if (!is_available(event.duration_seconds)) {
      // Open at an end of the recording: as long as it was seen.
      event.duration_seconds =
          (event.end.value_or(data.last) - event.start.value_or(data.first)).to_seconds();
    }
  }
  // Of noise on dead inputs every step would look like a fault.
  if (data.system.nominal_voltage_known() || prepared->energised) {
    data.faults.assign(meter.faults().begin(), meter.faults().end());
  }
  data.dip_threshold_ratio = meter.limits().dip_threshold_ratio;
  data.swell_threshold_ratio = meter.limits().swell_threshold_ratio;
  data.interruption_threshold_ratio = meter.limits().interruption_threshold_ratio;
  collector.take(data);
  data.waveforms = waveforms.take();
  for (WaveformChannel& channel : data.waveforms.channels) {
    for (const source::MappedChannel& mapped : data.source.channels) {
      if (mapped.input == channel.input) {
        channel.name = mapped.name;
      }
    }
  }
  return data;
}

}  // namespace halfcycle::app

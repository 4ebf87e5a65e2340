// SPDX-License-Identifier: Apache-2.0
#include "formats/pqdif.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>

#include "base/text.hpp"
#include "formats/planar_store.hpp"
#include "formats/pqdif_records.hpp"

namespace halfcycle::formats {
namespace {

// Tags and identifiers of IEEE 1159.3.
constexpr PqdifGuid kContainer = pqdif_guid("89738606-f1c3-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kDataSource = pqdif_guid("89738619-f1c3-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kMonitorSettings = pqdif_guid("b48d858c-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kObservation = pqdif_guid("8973861a-f1c3-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kNameDs = pqdif_guid("b48d8587-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kOwnerDs = pqdif_guid("b48d8588-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kChannelDefns = pqdif_guid("b48d858d-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kChannelName = pqdif_guid("b48d8590-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kGroupName = pqdif_guid("b48d8594-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kPhaseId = pqdif_guid("b48d8591-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kQuantityType = pqdif_guid("b48d8592-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kQuantityMeasured = pqdif_guid("c690e872-f755-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSeriesDefns = pqdif_guid("b48d8598-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kValueType = pqdif_guid("b48d859c-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kQuantityUnits = pqdif_guid("b48d859b-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kStorageMethod = pqdif_guid("b48d85a1-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kUseTransducer = pqdif_guid("62f28181-f9c4-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kChannelSettings = pqdif_guid("62f28182-f9c4-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSystemSideRatio = pqdif_guid("62f2818a-f9c4-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kMonitorSideRatio = pqdif_guid("62f2818b-f9c4-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kNominalFrequency = pqdif_guid("0fa118c3-cb4a-11d2-b30b-fe25cb9a1760");
constexpr PqdifGuid kTimeStart = pqdif_guid("3d786f8c-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kTimeTriggered = pqdif_guid("3d786f8e-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kChannelInstances = pqdif_guid("3d786f91-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kChannelDefnIdx = pqdif_guid("b48d858f-f5f5-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSeriesInstances = pqdif_guid("3d786f93-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSeriesScale = pqdif_guid("3d786f96-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSeriesOffset = pqdif_guid("3d786f97-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kShareChannel = pqdif_guid("8973861f-f1c3-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kShareSeries = pqdif_guid("89738620-f1c3-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kSeriesValues = pqdif_guid("3d786f99-f76e-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kWaveform = pqdif_guid("67f6af80-f753-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kTimeSeries = pqdif_guid("c690e862-f755-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kValSeries = pqdif_guid("67f6af97-f753-11cf-9d89-0080c72e70a3");
constexpr PqdifGuid kInstSeries = pqdif_guid("67f6af9b-f753-11cf-9d89-0080c72e70a3");

constexpr unsigned kScaled = 2;  // bits of tagStorageMethodID
constexpr unsigned kIncrement = 4;
constexpr double kUnitCycles = 3.0;  // tagQuantityUnitsID
constexpr double kMaxSamples = 1e9;

struct SeriesDefinition {
  PqdifGuid value_type{};
  unsigned storage = 1;
  double units = 0.0;
};
struct ChannelDefinition {
  AnalogChannel channel;
  bool waveform = false;
  double ratio = 1.0;
  std::vector<SeriesDefinition> series;
};

struct Wave {
  std::size_t definition = 0;
  double start_seconds = 0.0;  // from the observation's start
  double rate_hertz = 0.0;
  std::vector<float> values;
};
struct Observation {
  Instant start;
  std::optional<Instant> trigger;
  std::vector<Wave> waves;
};

std::string_view phase_name(double id) {
  constexpr std::array<std::string_view, 9> kPhases{"", "A", "B", "C", "N", "AB", "BC", "CA", "N"};
  return id >= 0.0 && id < static_cast<double>(kPhases.size())
             ? kPhases[static_cast<std::size_t>(id)]
             : std::string_view();
}

std::size_t index_or(const PqdifElement& element, const PqdifGuid& tag, std::size_t otherwise) {
  const auto number = element.number_of(tag);
  return number && *number >= 0.0 && *number < 1e6 ? static_cast<std::size_t>(*number) : otherwise;
}

class Reader {
 public:
  explicit Reader(const FileBytes& file) : file_(file) {}

  Result<Recording> read() {
    PqdifRecords records(file_.bytes);
    std::size_t number = 0;
    while (auto record = records.next()) {
      ++number;
      if (number == 1 && record->type != kContainer) {
        return fail(ErrorCode::InvalidInput, "{}: the first PQDIF record is no container",
                    file_.name);
      }
      if (!record->damage.empty()) {
        recording_.warnings.push_back(format("record {}: {}", number, record->damage));
      }
      if (record->type == kDataSource) {
        data_source(record->root);
      } else if (record->type == kMonitorSettings) {
        monitor_settings(record->root);
      } else if (record->type == kObservation) {
        observation(record->root);
      }
    }
    if (number == 0) {
      return fail(ErrorCode::InvalidInput, "{}: {}", file_.name, records.error());
    }
    if (!records.error().empty()) {
      recording_.warnings.push_back(format("the file ends early: {}", records.error()));
    }
    return assemble();
  }

 private:
  void data_source(const PqdifElement& root) {
    if (recording_.station.empty()) {
      recording_.station = root.text_of(kNameDs);
      recording_.device = root.text_of(kOwnerDs);
    }
    definitions_.clear();
    // A second data source describes other channels: they follow those of the first.
    base_ = channels_.size();
    const PqdifElement* channels = root.find(kChannelDefns);
    if (channels == nullptr) {
      return;
    }
    for (const PqdifElement& one : channels->children) {
      ChannelDefinition definition;
      definition.channel.name = one.text_of(kChannelName);
      definition.channel.component = one.text_of(kGroupName);
      definition.channel.phase = phase_name(one.number_of(kPhaseId).value_or(0.0));
      const double measured = one.number_of(kQuantityMeasured).value_or(0.0);
      definition.channel.unit = measured == 1.0 ? "V" : measured == 2.0 ? "A" : "";
      const PqdifElement* type = one.find(kQuantityType);
      definition.waveform =
          type != nullptr && type->guid() == kWaveform && (measured == 1.0 || measured == 2.0);
      if (const PqdifElement* series = one.find(kSeriesDefns)) {
        for (const PqdifElement& s : series->children) {
          SeriesDefinition entry;
          if (const PqdifElement* value = s.find(kValueType)) {
            entry.value_type = value->guid().value_or(PqdifGuid{});
          }
          entry.storage = static_cast<unsigned>(index_or(s, kStorageMethod, 1));
          entry.units = s.number_of(kQuantityUnits).value_or(0.0);
          definition.series.push_back(entry);
        }
      }
      definitions_.push_back(std::move(definition));
    }
  }

  void monitor_settings(const PqdifElement& root) {
    if (const auto nominal = root.number_of(kNominalFrequency)) {
      recording_.nominal_frequency_hertz = *nominal;
    }
    const bool use = root.number_of(kUseTransducer).value_or(0.0) != 0.0;
    const PqdifElement* settings = root.find(kChannelSettings);
    if (!use || settings == nullptr) {
      return;
    }
    for (const PqdifElement& one : settings->children) {
      const std::size_t index = index_or(one, kChannelDefnIdx, definitions_.size());
      const double system = one.number_of(kSystemSideRatio).value_or(1.0);
      const double monitor = one.number_of(kMonitorSideRatio).value_or(1.0);
      if (index < definitions_.size() && system > 0.0 && monitor > 0.0) {
        definitions_[index].ratio = system / monitor;
        definitions_[index].channel.primary = system;
        definitions_[index].channel.secondary = monitor;
        definitions_[index].channel.side = Side::Primary;
      }
    }
  }

  // The element that holds a series' values: its own, or the one it shares.
  static const PqdifElement* values_of(const PqdifElement& channels, const PqdifElement& series) {
    const PqdifElement* holder = &series;
    for (int hops = 0; hops < 4; ++hops) {
      if (const PqdifElement* values = holder->find(kSeriesValues)) {
        return values;
      }
      const std::size_t channel = index_or(*holder, kShareChannel, channels.children.size());
      if (channel >= channels.children.size()) {
        return nullptr;
      }
      const PqdifElement* shared = channels.children[channel].find(kSeriesInstances);
      const std::size_t index = index_or(*holder, kShareSeries, 0);
      if (shared == nullptr || index >= shared->children.size()) {
        return nullptr;
      }
      holder = &shared->children[index];
    }
    return nullptr;
  }

  // Start and rate of an equally spaced time axis of `count` samples.
  [[nodiscard]] bool time_axis(const std::vector<double>& raw, const SeriesDefinition& definition,
                               std::size_t count, Wave& wave) const {
    double step = 0.0;
    if ((definition.storage & kIncrement) != 0) {
      // {number of rates, count, step, count, step …}
      if (raw.size() < 3 || raw[0] < 1.0 || raw.size() < 1 + 2 * static_cast<std::size_t>(raw[0])) {
        return false;
      }
      step = raw[2];
      for (std::size_t k = 1; k < static_cast<std::size_t>(raw[0]); ++k) {
        if (std::abs(raw[2 + 2 * k] - step) > 1e-6 * step) {
          return false;
        }
      }
    } else {
      if (raw.size() < 2 || raw.size() < count) {
        return false;
      }
      step = (raw[count - 1] - raw[0]) / static_cast<double>(count - 1);
      for (std::size_t k = 1; k < count; ++k) {
        if (std::abs(raw[k] - raw[0] - step * static_cast<double>(k)) > 0.01 * step) {
          return false;
        }
      }
      wave.start_seconds = raw[0];
    }
    if (definition.units == kUnitCycles) {
      const double line = recording_.nominal_frequency_hertz;
      if (!(line > 0.0)) {
        return false;
      }
      step /= line;
      wave.start_seconds /= line;
    }
    wave.rate_hertz = 1.0 / step;
    return std::isfinite(wave.rate_hertz) && wave.rate_hertz > 0.0 && wave.rate_hertz < 1e9;
  }

  void observation(const PqdifElement& root) {
    const PqdifElement* instances = root.find(kChannelInstances);
    const PqdifElement* start = root.find(kTimeStart);
    if (instances == nullptr || start == nullptr || !start->timestamp()) {
      return;
    }
    Observation result;
    result.start = *start->timestamp();
    if (const PqdifElement* trigger = root.find(kTimeTriggered)) {
      result.trigger = trigger->timestamp();
    }
    for (const PqdifElement& instance : instances->children) {
      const std::size_t index = index_or(instance, kChannelDefnIdx, definitions_.size());
      const PqdifElement* series = instance.find(kSeriesInstances);
      if (index >= definitions_.size() || !definitions_[index].waveform || series == nullptr) {
        continue;
      }
      Wave wave;
      if (decode(*instances, *series, definitions_[index], wave)) {
        wave.definition = channel_of(index);
        result.waves.push_back(std::move(wave));
      } else {
        ++unreadable_;
      }
    }
    if (result.waves.empty()) {
      ++passed_over_;
    } else {
      observations_.push_back(std::move(result));
    }
  }

  [[nodiscard]] bool decode(const PqdifElement& instances, const PqdifElement& series,
                            const ChannelDefinition& definition, Wave& wave) const {
    const PqdifElement* times = nullptr;
    const PqdifElement* values = nullptr;
    const PqdifElement* values_series = nullptr;
    std::size_t time_definition = 0;
    std::size_t value_definition = 0;
    for (std::size_t s = 0; s < std::min(series.children.size(), definition.series.size()); ++s) {
      const PqdifGuid& kind = definition.series[s].value_type;
      if (kind == kTimeSeries) {
        times = values_of(instances, series.children[s]);
        time_definition = s;
      } else if (kind == kValSeries || kind == kInstSeries) {
        values = values_of(instances, series.children[s]);
        values_series = &series.children[s];
        value_definition = s;
      }
    }
    if (times == nullptr || values == nullptr || values->count < 2) {
      return false;
    }
    if (!time_axis(times->numbers(), definition.series[time_definition], values->count, wave)) {
      return false;
    }
    double scale = 1.0;
    double offset = 0.0;
    if ((definition.series[value_definition].storage & kScaled) != 0) {
      scale = values_series->number_of(kSeriesScale).value_or(1.0);
      offset = values_series->number_of(kSeriesOffset).value_or(0.0);
    }
    for (const double raw : values->numbers()) {
      wave.values.push_back(static_cast<float>((raw * scale + offset) * definition.ratio));
    }
    return !wave.values.empty();
  }

  std::size_t channel_of(std::size_t definition) {
    const auto [known, added] = channel_index_.try_emplace(base_ + definition, channels_.size());
    if (added) {
      channels_.push_back(definitions_[definition].channel);
    }
    return known->second;
  }

  Result<Recording> assemble() {
    if (observations_.empty()) {
      return fail(ErrorCode::InvalidInput,
                  "{}: there is no waveform of a voltage or current in this PQDIF file ({} "
                  "observations hold trends or other data)",
                  file_.name, passed_over_);
    }
    std::stable_sort(observations_.begin(), observations_.end(),
                     [](const Observation& a, const Observation& b) { return a.start < b.start; });
    struct Part {
      const Observation* observation;
      double rate;
      std::uint64_t count;
      Instant start;
    };
    std::vector<Part> parts;
    std::uint64_t overlapping = 0;
    std::uint64_t total = 0;
    for (const Observation& one : observations_) {
      const auto fastest = std::max_element(
          one.waves.begin(), one.waves.end(),
          [](const Wave& a, const Wave& b) { return a.rate_hertz < b.rate_hertz; });
      Part part{&one, fastest->rate_hertz, fastest->values.size(),
                one.start + Duration::from_seconds(fastest->start_seconds)};
      if (!parts.empty()) {
        const Part& before = parts.back();
        const double apart = (part.start - before.start).to_seconds();
        if (apart < static_cast<double>(before.count) / before.rate - 1e-9) {
          ++overlapping;
          continue;
        }
      }
      total += part.count;
      parts.push_back(part);
    }
    if (static_cast<double>(total) * static_cast<double>(channels_.size()) > kMaxSamples) {
      return fail(ErrorCode::InvalidInput, "{}: {} samples of {} channels do not fit in memory",
                  file_.name, total, channels_.size());
    }
    auto store = std::make_shared<PlanarStore>(channels_.size(), 0, total);
    std::uint64_t slower = 0;
    std::uint64_t at = 0;
    for (const Part& part : parts) {
      for (std::size_t c = 0; c < channels_.size(); ++c) {
        const auto out = store->analog(c).subspan(at, part.count);
        std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
      }
      for (const Wave& wave : part.observation->waves) {
        slower += place(wave, part.rate, store->analog(wave.definition).subspan(at, part.count))
                      ? 1U
                      : 0U;
      }
      Segment segment;
      segment.first_sample = at;
      segment.sample_count = part.count;
      segment.rate_hertz = part.rate;
      segment.start = part.start - parts.front().start;
      segment.discontinuity = at == 0 ? Discontinuity::Start : Discontinuity::Gap;
      recording_.segments.push_back(segment);
      at += part.count;
    }
    recording_.format = "pqdif";
    recording_.start = parts.front().start;
    recording_.trigger = parts.front().observation->trigger;
    recording_.zone_known = true;
    recording_.analogs = channels_;
    recording_.sample_count = total;
    recording_.samples = store;
    warn(passed_over_, "observations without waveforms (trends, spectra) were passed over");
    warn(unreadable_, "waveforms have no equally spaced time axis and were left out");
    warn(overlapping, "observations overlap an earlier one in time and were left out");
    warn(slower,
         "waveforms were sampled slower than others beside them: they were interpolated, or "
         "left out where the factor is not whole");
    return std::move(recording_);
  }

  void warn(std::uint64_t count, std::string_view text) {
    if (count > 0) {
      recording_.warnings.push_back(format("{} {}", count, text));
    }
  }

  // Puts a wave on the common axis; true if it was slower than that.
  static bool place(const Wave& wave, double rate, std::span<float> out) {
    const double ratio = rate / wave.rate_hertz;
    const double factor = std::round(ratio);
    if (std::abs(ratio - factor) > 1e-3) {
      return true;
    }
    if (factor == 1.0) {
      std::copy_n(wave.values.begin(), std::min(out.size(), wave.values.size()), out.begin());
      return false;
    }
    // Hann-windowed sinc over 32 samples of the slow wave, mirrored at its ends.
    constexpr int kHalf = 16;
    const auto count = static_cast<long>(wave.values.size());
    const auto whole_factor = static_cast<std::size_t>(factor);
    for (std::size_t n = 0; n < std::min(out.size(), wave.values.size() * whole_factor); ++n) {
      const double position = static_cast<double>(n) / factor;
      const long centre = static_cast<long>(n / whole_factor);
      double sum = 0.0;
      double weights = 0.0;
      for (long k = centre - kHalf + 1; k <= centre + kHalf; ++k) {
        const double x = position - static_cast<double>(k);
        const double window = 0.5 + 0.5 * std::cos(std::numbers::pi * x / (kHalf + 1));
        const double sinc =
            x == 0.0 ? 1.0 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
        long index = k < 0 ? -k : k;
        index = index >= count ? 2 * (count - 1) - index : index;
        const float value = wave.values[static_cast<std::size_t>(std::clamp(index, 0L, count - 1))];
        sum += window * sinc * static_cast<double>(value);
        weights += window * sinc;
      }
      out[n] = static_cast<float>(sum / weights);
    }
    return true;
  }

  const FileBytes& file_;
  Recording recording_;
  std::vector<ChannelDefinition> definitions_;
  std::size_t base_ = 0;
  std::map<std::size_t, std::size_t> channel_index_;
  std::vector<AnalogChannel> channels_;
  std::vector<Observation> observations_;
  std::uint64_t passed_over_ = 0;
  std::uint64_t unreadable_ = 0;
};

}  // namespace

Result<Recording> read_pqdif(const FileBytes& file) { return Reader(file).read(); }

}  // namespace halfcycle::formats

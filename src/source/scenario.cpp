// SPDX-License-Identifier: Apache-2.0
#include "source/scenario.hpp"

#include <algorithm>
#include <cmath>

#include "base/toml_depth.hpp"
#include "source/scenario_reader.hpp"

namespace halfcycle::source {
namespace {

constexpr double kTenYears = 3.2e8;  // s
constexpr double kPi = 3.14159265358979323846;
constexpr double kSqrt3 = 1.73205080756887729353;
// A decaying wave is over when e^(−τ/T) is below 1e-12.
constexpr double kDecayLengths = 27.7;
constexpr Bounds kAngle{-720.0, 720.0, "degrees"};

/// A table of a channel, its group's table below it.
struct Layered {
  ScenarioTable& own;
  ScenarioTable& group;
};

class ScenarioBuilder {
 public:
  ScenarioBuilder(const toml::table& root, ScenarioDefect& defect)
      : root_(&root, "", 1, defect), defect_(defect) {}

  Scenario build() {
    read_system();
    read_top();
    read_channels();
    read_frequency();
    read_flicker();
    for (ScenarioTable& table : root_.tables("events", 1000)) {
      read_event(table);
    }
    read_gaps();
    read_quantisation();
    root_.done();
    check_frequency();
    return std::move(s_);
  }

 private:
  void read_system() {
    ScenarioTable table = root_.table("system");
    static const std::vector<std::string_view> kWirings{"4w-wye", "3w-wye", "delta", "single"};
    constexpr std::array kTypes{Wiring::FourWireWye, Wiring::ThreeWireWye, Wiring::Delta,
                                Wiring::Single};
    s_.system.wiring = kTypes[table.choice("wiring", 0, kWirings)];
    s_.delta_pts = static_cast<int>(table.integer("pts", 3, 2, 3));
    if (table.has("pts") && s_.system.wiring != Wiring::Delta) {
      defect_.note(table.line_of("pts"), "system.pts: belongs to wiring = \"delta\" only");
    }
    s_.system.nominal_voltage_volts = table.number("nominal_voltage", 230.0, {1.0, 1.5e6, "V"});
    s_.system.nominal_current_amperes = table.number("nominal_current", 5.0, {1e-3, 1e6, "A"});
    const double f = table.number("nominal_frequency", 50.0, {50.0, 400.0, "Hz"});
    if (f != 50.0 && f != 60.0 && f != 400.0) {
      defect_.note(table.line_of("nominal_frequency"),
                   "system.nominal_frequency: must be 50, 60 or 400 Hz; the frequency that the "
                   "grid really has is [frequency] start");
    }
    s_.system.nominal_frequency_hertz = f;
    defect_.nominal_frequency_hertz = f;
    s_.system.phase_order =
        table.choice("phase_order", 0, {"abc", "acb"}) == 0 ? PhaseOrder::Abc : PhaseOrder::Acb;
    table.done();
  }

  void read_top() {
    s_.name = root_.string("name", "scenario");
    s_.description = root_.string("description", "");
    s_.rate_hertz = root_.number("rate", 25600.0, {kMinRateHertz, kMaxRateHertz, "samples/s"});
    s_.seed = static_cast<std::uint64_t>(
        root_.integer("seed", 1, 0, std::numeric_limits<std::int64_t>::max()));
    s_.start = Instant::from_unix_ns(1767225600000000000);  // 2026-01-01T00:00:00Z
    if (const toml::node* node = root_.raw("start")) {
      read_start(*node);
    }
    const toml::node* duration = root_.raw("duration");
    if (duration == nullptr) {
      s_.duration = Duration::seconds(10);
    } else if (duration->value_exact<std::string>() != "endless") {
      s_.duration = root_.duration("duration", 1e-3, kTenYears);
    }
  }

  void read_start(const toml::node& node) {
    const auto line = static_cast<std::int64_t>(node.source().begin.line);
    if (const auto text = node.value_exact<std::string>()) {
      const Result<Instant> instant = parse_iso8601(*text);
      if (!instant) {
        defect_.note(line, "start: {}", instant.error().message);
      } else {
        s_.start = *instant;
      }
      return;
    }
    CivilTime civil;
    Duration offset;
    const auto set_date = [&](const toml::date& d) {
      civil.year = d.year;
      civil.month = d.month;
      civil.day = d.day;
    };
    if (const auto moment = node.value_exact<toml::date_time>()) {
      set_date(moment->date);
      civil.hour = moment->time.hour;
      civil.minute = moment->time.minute;
      civil.second = moment->time.second;
      civil.nanosecond = moment->time.nanosecond;
      if (moment->offset) {
        offset = Duration::seconds(moment->offset->minutes * std::int64_t{60});
      }
    } else if (const auto day = node.value_exact<toml::date>()) {
      set_date(*day);
    } else {
      defect_.note(line, "start: must be a time such as 2026-01-01T00:00:00Z");
      return;
    }
    if (!is_valid(civil) || civil.year < 1970 || civil.year > 2200) {
      defect_.note(line, "start: there is no such time from 1970 to 2200");
      return;
    }
    s_.start = to_instant(civil) - offset;
  }

  // --- channels -------------------------------------------------------------------------------

  /// Angle of a phase's voltage to neutral where all is symmetrical, V1 at 0.
  [[nodiscard]] double symmetrical_angle(std::size_t phase) const {
    const double step = s_.system.phase_order == PhaseOrder::Abc ? -120.0 : 120.0;
    return step * (phase == 2 ? -1.0 : static_cast<double>(phase));
  }

  [[nodiscard]] double nominal_of_voltages() const { return s_.system.nominal_voltage_volts; }

  [[nodiscard]] bool voltage_exists(Input input) const {
    if (s_.system.wiring == Wiring::Single) {
      return input == Input::V1;
    }
    return input <= Input::V3 &&
           !(s_.system.wiring == Wiring::Delta && s_.delta_pts == 2 && input == Input::V2);
  }

  [[nodiscard]] double default_angle(Input input) const {
    if (s_.system.wiring == Wiring::Delta && s_.delta_pts == 2 && input == Input::V3) {
      return symmetrical_angle(1) + 180.0;  // V32 = −V23
    }
    return input <= Input::V3 ? symmetrical_angle(lane(input)) : 0.0;
  }

  /// Angle of the voltage between phase and neutral that belongs to a current.
  [[nodiscard]] double phase_voltage_angle(std::size_t phase) const {
    if (s_.system.wiring == Wiring::Delta) {
      // V12 leads the voltage of phase 1 by 30° (abc), V1's angle moves the whole set.
      const ScenarioChannel* v1 = s_.find(Input::V1);
      const double lead = s_.system.phase_order == PhaseOrder::Abc ? 30.0 : -30.0;
      return (v1 == nullptr ? 0.0 : v1->angle_degrees) - lead + symmetrical_angle(phase);
    }
    const ScenarioChannel* v = s_.find(static_cast<Input>(phase));
    return v == nullptr ? symmetrical_angle(phase) : v->angle_degrees;
  }

  void read_channels() {
    ScenarioTable voltages = root_.table("voltages");
    ScenarioTable currents = root_.table("currents");
    ScenarioTable load = root_.table("load");
    ScenarioTable channels = root_.table("channels");
    const std::size_t phases = s_.system.wiring == Wiring::Single ? 1 : 3;
    for (std::size_t k = 0; k < kInputCount; ++k) {
      const auto input = static_cast<Input>(k);
      ScenarioTable own = channels.table(halfcycle::name(input));
      const bool is_phase =
          is_voltage(input) ? voltage_exists(input) : k - lane(Input::I1) < phases;
      const bool by_group = is_phase && (is_voltage(input) || currents.present() || load.present());
      if (!by_group && !own.present()) {
        continue;
      }
      if (own.present() && !is_phase && input != Input::V4 && input != Input::I4 &&
          input != Input::I5) {
        defect_.note(own.line(), "channels.{}: this wiring has no such channel",
                     halfcycle::name(input));
      }
      ScenarioTable& group = is_voltage(input) ? voltages : currents;
      ScenarioTable none(nullptr, "", 1, defect_);
      Layered layered{own, is_phase ? group : none};
      read_channel(input, layered, load.present() && is_phase && !is_voltage(input));
      own.done();
    }
    finish_group(voltages);
    finish_group(currents);
    channels.done();
    read_load(load, phases);
  }

  /// A group is read by its channels; if it has none, its keys are unknown all the same.
  static void finish_group(ScenarioTable& group) {
    static_cast<void>(group.has("lag"));
    group.done();
  }

  static ScenarioTable& layer_with(Layered& layers, std::string_view key) {
    const bool own = layers.own.has(key);
    const bool group = layers.group.has(key);
    return own || !group ? layers.own : layers.group;
  }

  void read_channel(Input input, Layered& layers, bool load) {
    const bool voltage = is_voltage(input);
    const std::string_view unit = voltage ? "V" : "A";
    const double most = voltage ? 2e6 : 1e7;
    ScenarioChannel channel;
    channel.input = input;
    const bool is_phase = input <= Input::V3 || (input >= Input::I1 && input <= Input::I3);
    if (input == Input::I4 && layers.own.boolean("neutral", false)) {
      channel.sum_of = {Input::I1, Input::I2, Input::I3};
    }
    if (input == Input::V3 && s_.system.wiring == Wiring::Delta && s_.delta_pts == 3) {
      read_third_line_voltage(layers.own, std::move(channel));
      return;
    }
    ScenarioTable& rms = layer_with(layers, "rms");
    channel.follows_load = load && !layers.own.has("rms");
    if (channel.follows_load && layers.group.has("rms")) {
      defect_.note(layers.group.line_of("rms"),
                   "currents.rms: the currents follow [load]; give one of the two");
    }
    const double nominal = !is_phase ? 0.0
                           : voltage ? nominal_of_voltages()
                                     : s_.system.nominal_current_amperes;
    channel.rms = channel.follows_load ? 1.0 : rms.number("rms", nominal, {0.0, most, unit});
    if (voltage || !is_phase) {
      channel.angle_degrees = layers.own.number("angle", default_angle(input), kAngle);
    } else {
      const double phase = phase_voltage_angle(lane(input) - lane(Input::I1));
      const double lag = layer_with(layers, "lag").number("lag", 0.0, kAngle);
      channel.angle_degrees = layers.own.number("angle", phase - lag, kAngle);
      if (channel.follows_load) {
        for (const std::string_view key : {"angle", "lag"}) {
          if (layers.own.has(key) || (key == "lag" && layers.group.has(key))) {
            defect_.note(layer_with(layers, key).line_of(key),
                         "{}: the current of {} follows [load]; give its pf there", key,
                         halfcycle::name(input));
          }
        }
        channel.angle_degrees = phase;
      }
    }
    channel.dc = layer_with(layers, "dc").number("dc", 0.0, {-most, most, unit});
    read_harmonics(layer_with(layers, "harmonics"), channel, most, unit);
    read_interharmonics(layer_with(layers, "interharmonics"), channel);
    read_noise(layer_with(layers, "noise"), channel, voltage);
    ScenarioTable& ramps = layer_with(layers, "ramps");
    channel.ramps = read_ramps(ramps.tables("ramps", 1000), "to", 0.01, {0.0, 1000.0, "%"});
    if (!channel.sum_of.empty() && (channel.rms != 0.0 || !channel.harmonics.empty() ||
                                    !channel.interharmonics.empty() || !channel.ramps.empty())) {
      defect_.note(layers.own.line(),
                   "channels.I4: with neutral = true it is i1 + i2 + i3 and has no wave of its "
                   "own (dc and noise may be added)");
    }
    s_.channels.push_back(std::move(channel));
  }

  /// Kirchhoff: v12 + v23 + v31 = 0, whatever happens to the others.
  void read_third_line_voltage(ScenarioTable& own, ScenarioChannel channel) {
    channel.sum_of = {Input::V1, Input::V2};
    channel.sum_sign = -1.0;
    if (own.present()) {
      defect_.note(own.line(),
                   "channels.V3: in delta with three transformers V3 is −(V1 + V2); shape V1 and "
                   "V2");
    }
    s_.channels.push_back(std::move(channel));
  }

  void read_harmonics(ScenarioTable& table, ScenarioChannel& channel, double most,
                      std::string_view unit) {
    for (ScenarioTable& item : table.tables("harmonics", 500)) {
      ScenarioHarmonic h;
      h.order = static_cast<int>(item.integer("order", 0, 2, 500));
      if (h.order == 0) {
        defect_.note(item.line(), "{}.order: is missing", item.full("order"));
      }
      h.ratio = read_size(item, channel, most, unit);
      h.angle_degrees = item.number("angle", 0.0, kAngle);
      for (const ScenarioHarmonic& other : channel.harmonics) {
        if (other.order == h.order) {
          defect_.note(item.line(), "{}: order {} is there twice", table.full("harmonics"),
                       h.order);
        }
      }
      channel.harmonics.push_back(h);
      item.done();
    }
  }

  void read_interharmonics(ScenarioTable& table, ScenarioChannel& channel) {
    for (ScenarioTable& item : table.tables("interharmonics", 100)) {
      ScenarioInterharmonic i;
      i.frequency_hertz = item.required_number("frequency", {0.01, kMaxRateHertz / 2, "Hz"});
      i.ratio = item.required_number("percent", {0.0, 1000.0, "%"}) / 100.0;
      i.angle_degrees = item.number("angle", 0.0, kAngle);
      channel.interharmonics.push_back(i);
      item.done();
    }
  }

  /// "percent" of the fundamental, or "rms" in V or A.
  double read_size(ScenarioTable& item, const ScenarioChannel& channel, double most,
                   std::string_view unit) {
    const bool absolute = item.has("rms");
    if (absolute == item.has("percent")) {
      defect_.note(item.line(), "{}: give percent (of the fundamental) or rms (in {})",
                   item.full("percent"), unit);
    }
    if (!absolute) {
      return item.number("percent", 0.0, {0.0, 1000.0, "%"}) / 100.0;
    }
    const double rms = item.number("rms", 0.0, {0.0, most, unit});
    if (channel.follows_load || channel.rms <= 0.0) {
      defect_.note(item.line_of("rms"),
                   "{}: needs a fundamental with a fixed rms; give percent here", item.full("rms"));
      return 0.0;
    }
    return rms / channel.rms;
  }

  void read_noise(ScenarioTable& table, ScenarioChannel& channel, bool voltage) {
    ScenarioTable noise = table.table("noise");
    if (!noise.present()) {
      return;
    }
    const double nominal = voltage ? nominal_of_voltages() : s_.system.nominal_current_amperes;
    if (noise.has("percent") == noise.has("db")) {
      defect_.note(noise.line(), "{}: give percent (of nominal) or db (below nominal), not both",
                   noise.full("percent"));
    }
    const double db = noise.number("db", 0.0, {0.0, 200.0, "dB"});
    const double percent = noise.number("percent", 0.0, {0.0, 100.0, "%"});
    channel.noise_rms = nominal * (noise.has("db") ? std::pow(10.0, -db / 20.0) : percent / 100.0);
    noise.done();
  }

  std::vector<ScenarioRamp> read_ramps(std::vector<ScenarioTable> tables, std::string_view to,
                                       double scale, Bounds bounds) {
    std::vector<ScenarioRamp> ramps;
    Duration free_from;
    for (ScenarioTable& item : tables) {
      ScenarioRamp ramp;
      ramp.at = item.required_duration("at", 0.0, kTenYears);
      ramp.over = item.duration("over", 0.0, kTenYears).value_or(Duration());
      ramp.to = item.required_number(to, bounds) * scale;
      if (ramp.at < free_from) {
        defect_.note(item.line(), "{}: begins before the one above has ended ({} s)",
                     item.full("at"), free_from.to_seconds());
      }
      free_from = ramp.at + ramp.over;
      ramps.push_back(ramp);
      item.done();
    }
    return ramps;
  }

  // --- load -----------------------------------------------------------------------------------

  void read_load(ScenarioTable& table, std::size_t phases) {
    if (!table.present()) {
      return;
    }
    ScenarioLoad load = read_load_state(table, phases);
    s_.load.push_back(load);
    for (ScenarioTable& step : table.tables("steps", 10000)) {
      const Duration at = step.required_duration("at", 0.0, kTenYears);
      if (at < s_.load.back().at) {
        defect_.note(step.line(), "load.steps.at: begins before the one above");
      }
      load = read_load_state(step, phases);
      load.at = at;
      s_.load.push_back(load);
      step.done();
    }
    if (table.has("daily")) {
      s_.load_daily_ratio = table.numbers("daily", 24, 100.0, {0.0, 1000.0, "%"});
      for (double& value : s_.load_daily_ratio) {
        value /= 100.0;
      }
    }
    table.done();
  }

  ScenarioLoad read_load_state(ScenarioTable& table, std::size_t phases) {
    ScenarioLoad load;
    const bool by_power = table.has("power");
    if (by_power == table.has("current")) {
      defect_.note(table.line(),
                   "{}: give power (W of each phase) or current (A), each one value or {} values",
                   table.full("power"), phases);
    }
    const auto current = table.numbers("current", phases, 0.0, {0.0, 1e7, "A"});
    const auto power = table.numbers("power", phases, 0.0, {0.0, 1e12, "W"});
    const auto pf = table.numbers("pf", phases, 1.0, {0.0, 1.0, ""});
    const bool leading = table.choice("direction", 0, {"lagging", "leading"}) == 1;
    const bool generating = table.boolean("generating", false);
    for (std::size_t phase = 0; phase < phases; ++phase) {
      double volts = s_.system.nominal_voltage_volts;
      if (s_.system.wiring == Wiring::Delta) {
        volts /= kSqrt3;
      } else if (const ScenarioChannel* v = s_.find(static_cast<Input>(phase))) {
        volts = v->rms;
      }
      if (by_power && !(pf[phase] * volts > 0.0)) {
        defect_.note(table.line_of("power"), "{}: needs a power factor and a voltage above 0",
                     table.full("power"));
        continue;
      }
      load.current_amperes[phase] = by_power ? power[phase] / (volts * pf[phase]) : current[phase];
      const double angle = std::acos(pf[phase]) * 180.0 / kPi;
      load.lag_degrees[phase] = (leading ? -angle : angle) + (generating ? 180.0 : 0.0);
    }
    return load;
  }

  // --- the grid -------------------------------------------------------------------------------

  void read_frequency() {
    ScenarioTable table = root_.table("frequency");
    s_.frequency.start_hertz =
        table.number("start", s_.system.nominal_frequency_hertz, {1.0, 1000.0, "Hz"});
    s_.frequency.start_phase_degrees = table.number("phase", 0.0, kAngle);
    s_.frequency.ramps = read_ramps(table.tables("ramps", 1000), "to", 1.0, {1.0, 1000.0, "Hz"});
    for (ScenarioTable& item : table.tables("modulation", 100)) {
      ScenarioModulation m;
      m.depth_hertz = item.required_number("depth", {0.0, 100.0, "Hz"});
      m.frequency_hertz = item.required_number("frequency", {1e-6, 50.0, "Hz"});
      m.phase_degrees = item.number("phase", 0.0, kAngle);
      s_.frequency.modulations.push_back(m);
      item.done();
    }
    table.done();
  }

  void read_flicker() {
    for (ScenarioTable& item : root_.tables("flicker", 100)) {
      ScenarioFlicker f;
      f.channels = existing(item, "channels", true);
      f.rectangular = item.choice("shape", 0, {"sine", "rectangular"}) == 1;
      f.depth_ratio = item.required_number("depth", {0.0, 100.0, "%"}) / 100.0;
      if (item.has("frequency") == item.has("changes_per_minute")) {
        defect_.note(item.line(), "{}: give frequency (Hz) or changes_per_minute",
                     item.full("frequency"));
      }
      // Two changes make one period.
      const double changes = item.number("changes_per_minute", 120.0, {0.01, 12000.0, ""});
      f.frequency_hertz = item.number("frequency", changes / 120.0, {1e-4, 100.0, "Hz"});
      f.phase_degrees = item.number("phase", 0.0, kAngle);
      s_.flicker.push_back(std::move(f));
      item.done();
    }
  }

  /// The channels of a list; with `voltages`, without a list all of V1 … V3 that have a wave of
  /// their own.
  std::vector<Input> existing(ScenarioTable& table, std::string_view key, bool voltages) {
    std::vector<Input> inputs = table.inputs(key);
    for (const Input input : inputs) {
      const ScenarioChannel* channel = s_.find(input);
      if (channel == nullptr) {
        defect_.note(table.line_of(key), "{}: this scenario has no channel {}", table.full(key),
                     halfcycle::name(input));
      } else if (!channel->sum_of.empty() && voltages) {
        defect_.note(table.line_of(key), "{}: {} is the sum of other channels; name those",
                     table.full(key), halfcycle::name(input));
      }
    }
    if (inputs.empty() && voltages) {
      for (const ScenarioChannel& channel : s_.channels) {
        if (channel.input <= Input::V3 && channel.sum_of.empty()) {
          inputs.push_back(channel.input);
        }
      }
    }
    return inputs;
  }

  // --- events ---------------------------------------------------------------------------------

  void read_event(ScenarioTable& table) {
    static const std::vector<std::string_view> kNames{
        "dip",       "swell", "interruption", "rapid-voltage-change",
        "transient", "fault", "phase-jump",   "frequency-excursion"};
    ScenarioEvent e;
    if (!table.has("type")) {
      defect_.note(table.line(), "events.type: is missing");
    }
    e.kind = static_cast<ScenarioEventKind>(table.choice("type", 0, kNames));
    e.at = table.required_duration("at", 0.0, kTenYears);
    read_length(table, e);
    const bool excursion = e.kind == ScenarioEventKind::FrequencyExcursion;
    if (!excursion) {
      e.channels = existing(table, "channels", true);
    }
    e.gain.assign(e.channels.size(), 1.0);
    e.jump_degrees.assign(e.channels.size(), 0.0);
    if (!excursion && e.kind != ScenarioEventKind::PhaseJump && table.has("point_on_wave")) {
      e.point_on_wave_degrees = table.number("point_on_wave", 0.0, {0.0, 360.0, "degrees"});
    }
    read_kind(table, e);
    read_repetition(table, e);
    table.done();
    s_.events.push_back(std::move(e));
  }

  void read_length(ScenarioTable& table, ScenarioEvent& e) {
    const bool by_end = table.has("end");
    if (by_end && table.has("duration")) {
      defect_.note(table.line_of("end"), "events.end: give end or duration, not both");
    }
    e.duration = table.duration("duration", 1e-6, kTenYears);
    if (by_end) {
      const auto end = table.duration("end", 0.0, kTenYears);
      if (end && *end <= e.at) {
        defect_.note(table.line_of("end"), "events.end: must be after at");
      } else if (end) {
        e.duration = *end - e.at;
      }
    }
    const bool may_stay =
        e.kind == ScenarioEventKind::RapidVoltageChange || e.kind == ScenarioEventKind::PhaseJump ||
        e.kind == ScenarioEventKind::FrequencyExcursion || e.kind == ScenarioEventKind::Transient;
    if (!e.duration && !may_stay) {
      defect_.note(table.line(), "events.duration: a {} needs a duration or an end", name(e.kind));
    }
  }

  void read_repetition(ScenarioTable& table, ScenarioEvent& e) {
    const auto every = table.duration("every", 0.01, kTenYears);
    e.count = table.integer("count", 0, 1, 1000000000);
    if (e.count > 0 && !every) {
      defect_.note(table.line_of("count"), "events.count: needs every");
    }
    if (!every) {
      return;
    }
    e.every = *every;
    // A start that waits for its point on wave may come one cycle later.
    const double slack = e.point_on_wave_degrees ? 1.1 / s_.frequency.start_hertz : 0.0;
    if (!e.duration || e.duration->to_seconds() + slack > every->to_seconds()) {
      defect_.note(table.line_of("every"),
                   "events.every: must be longer than the event (its duration, and a cycle more "
                   "with point_on_wave)");
    }
  }

  void read_kind(ScenarioTable& table, ScenarioEvent& e) {
    const std::size_t n = e.channels.size();
    const auto gains = [&](std::string_view key, double otherwise, Bounds bounds, double base) {
      if (!table.has(key) && otherwise < 0.0) {
        defect_.note(table.line(), "events.{}: is missing", key);
      }
      const auto percent = table.numbers(key, n, std::max(otherwise, 0.0), bounds);
      for (std::size_t i = 0; i < n; ++i) {
        e.gain[i] = (base + percent[i]) / 100.0;
      }
    };
    const auto jumps = [&] {
      e.jump_degrees = table.numbers("jump", n, 0.0, {-180.0, 180.0, "degrees"});
    };
    switch (e.kind) {
      case ScenarioEventKind::Dip:
        gains("residual", -1.0, {0.0, 100.0, "%"}, 0.0);
        jumps();
        break;
      case ScenarioEventKind::Swell:
        gains("maximum", -1.0, {100.0, 1000.0, "%"}, 0.0);
        jumps();
        break;
      case ScenarioEventKind::Interruption:
        gains("residual", 0.0, {0.0, 100.0, "%"}, 0.0);
        break;
      case ScenarioEventKind::RapidVoltageChange:
        if (!table.has("change")) {
          defect_.note(table.line(), "events.change: is missing");
        }
        gains("change", 0.0, {-100.0, 100.0, "%"}, 100.0);
        break;
      case ScenarioEventKind::PhaseJump:
        if (!table.has("jump")) {
          defect_.note(table.line(), "events.jump: is missing");
        }
        jumps();
        break;
      case ScenarioEventKind::Transient:
        e.peak = table.required_number("peak", {-1e7, 1e7, ""});
        e.frequency_hertz = table.number("frequency", 0.0, {0.0, kMaxRateHertz / 2, "Hz"});
        e.time_constant_seconds = table.required_duration("time_constant", 1e-6, 10.0).to_seconds();
        if (!e.duration) {
          e.duration =
              Duration::from_seconds(std::max(kDecayLengths * e.time_constant_seconds, 1e-6));
        }
        break;
      case ScenarioEventKind::Fault:
        read_fault(table, e);
        break;
      case ScenarioEventKind::FrequencyExcursion:
        e.change_hertz = table.required_number("change", {-100.0, 100.0, "Hz"});
        break;
    }
  }

  /// A dip on the named voltages with an overcurrent in the same phases.
  void read_fault(ScenarioTable& table, ScenarioEvent& e) {
    if (s_.system.wiring == Wiring::Delta) {
      defect_.note(table.line(),
                   "events: a fault needs the voltages of phases (wiring 4w-wye, 3w-wye or "
                   "single); in delta put a dip on V1, V2 and a swell on the currents");
      return;
    }
    const std::size_t n = e.channels.size();
    const auto residual = table.numbers("residual", n, 100.0, {0.0, 100.0, "%"});
    e.jump_degrees = table.numbers("jump", n, 0.0, {-180.0, 180.0, "degrees"});
    e.fault_current_amperes = table.required_number("current", {0.0, 1e7, "A"});
    e.fault_lag_degrees = table.number("lag", 75.0, kAngle);
    if (const auto constant = table.duration("dc_time_constant", 1e-4, 10.0)) {
      e.fault_offset = true;
      e.time_constant_seconds = constant->to_seconds();
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (!is_voltage(e.channels[i]) || e.channels[i] == Input::V4) {
        defect_.note(table.line_of("channels"),
                     "events.channels: name the voltages V1 … V3 of the faulted phases; their "
                     "currents are I1 … I3");
        return;
      }
      e.gain[i] = residual[i] / 100.0;
    }
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t phase = lane(e.channels[i]);
      const auto input = static_cast<Input>(lane(Input::I1) + phase);
      const ScenarioChannel* current = s_.find(input);
      if (current == nullptr) {
        continue;
      }
      if (current->rms <= 0.0) {
        defect_.note(table.line(), "events: a fault needs a current above 0 in {} before it",
                     halfcycle::name(input));
      }
      e.channels.push_back(input);
      e.gain.push_back(1.0);
      e.jump_degrees.push_back(phase_voltage_angle(phase) - current->angle_degrees +
                               e.jump_degrees[i]);
    }
  }

  // --- the converter --------------------------------------------------------------------------

  void read_gaps() {
    Duration free_from;
    for (ScenarioTable& item : root_.tables("gaps", 1000)) {
      ScenarioGap gap;
      gap.at = item.required_duration("at", 0.0, kTenYears);
      gap.duration = item.required_duration("duration", 1e-6, kTenYears);
      gap.channels = existing(item, "channels", false);
      if (gap.channels.empty()) {
        if (gap.at < free_from) {
          defect_.note(item.line(), "gaps.at: begins before the one above has ended");
        }
        free_from = gap.at + gap.duration;
      }
      s_.gaps.push_back(std::move(gap));
      item.done();
    }
    Duration last;
    for (ScenarioTable& item : root_.tables("clock_steps", 1000)) {
      ScenarioClockStep step;
      step.at = item.required_duration("at", 1e-6, kTenYears);
      if (!item.has("by")) {
        defect_.note(item.line(), "clock_steps.by: is missing");
      }
      step.by = item.duration("by", -86400.0, 86400.0).value_or(Duration());
      if (step.at < last) {
        defect_.note(item.line(), "clock_steps.at: begins before the one above");
      }
      last = step.at;
      s_.clock_steps.push_back(step);
      item.done();
    }
  }

  void read_quantisation() {
    ScenarioTable table = root_.table("quantisation");
    if (!table.present()) {
      return;
    }
    s_.quantisation.bits = static_cast<int>(table.integer("bits", 16, 4, 24));
    s_.quantisation.voltage_range_volts =
        table.number("voltage_range", s_.system.nominal_voltage_volts * 3.0, {1e-3, 1e7, "V"});
    s_.quantisation.current_range_amperes =
        table.number("current_range", s_.system.nominal_current_amperes * 30.0, {1e-3, 1e8, "A"});
    table.done();
  }

  void check_frequency() {
    double lowest = s_.frequency.start_hertz;
    for (const ScenarioRamp& ramp : s_.frequency.ramps) {
      lowest = std::min(lowest, ramp.to);
    }
    for (const ScenarioModulation& m : s_.frequency.modulations) {
      lowest -= m.depth_hertz;
    }
    for (const ScenarioEvent& e : s_.events) {
      lowest -= std::max(0.0, -e.change_hertz);
    }
    if (lowest < 1.0) {
      defect_.note(1,
                   "frequency: modulation and excursions together reach {} Hz; the frequency "
                   "must stay at 1 Hz or above",
                   lowest);
    }
  }

  ScenarioTable root_;
  ScenarioDefect& defect_;
  Scenario s_;
};

double highest_frequency(const Scenario& s) {
  double highest = s.frequency.start_hertz;
  for (const ScenarioRamp& ramp : s.frequency.ramps) {
    highest = std::max(highest, ramp.to);
  }
  for (const ScenarioModulation& m : s.frequency.modulations) {
    highest += m.depth_hertz;
  }
  for (const ScenarioEvent& e : s.events) {
    highest += std::max(0.0, e.change_hertz);
  }
  return highest;
}

}  // namespace

std::string_view name(ScenarioEventKind kind) {
  switch (kind) {
    case ScenarioEventKind::Dip:
      return "dip";
    case ScenarioEventKind::Swell:
      return "swell";
    case ScenarioEventKind::Interruption:
      return "interruption";
    case ScenarioEventKind::RapidVoltageChange:
      return "rapid-voltage-change";
    case ScenarioEventKind::Transient:
      return "transient";
    case ScenarioEventKind::Fault:
      return "fault";
    case ScenarioEventKind::PhaseJump:
      return "phase-jump";
    case ScenarioEventKind::FrequencyExcursion:
      return "frequency-excursion";
  }
  return "";
}

const ScenarioChannel* Scenario::find(Input input) const {
  for (const ScenarioChannel& channel : channels) {
    if (channel.input == input) {
      return &channel;
    }
  }
  return nullptr;
}

Result<Scenario> with_rate(Scenario scenario, double rate_hertz) {
  if (!(rate_hertz >= kMinRateHertz && rate_hertz <= kMaxRateHertz)) {
    return fail(ErrorCode::InvalidSetup, "rate: {} is outside {} … {} samples/s", rate_hertz,
                kMinRateHertz, kMaxRateHertz);
  }
  const double highest = highest_frequency(scenario);
  if (highest * 2.0 >= rate_hertz) {
    return fail(ErrorCode::InvalidSetup,
                "rate: {} samples/s are too few for a frequency of {} Hz; more than two samples a "
                "cycle are needed, 8 or more are useful",
                rate_hertz, highest);
  }
  scenario.rate_hertz = rate_hertz;
  for (ScenarioChannel& channel : scenario.channels) {
    const auto removed = std::erase_if(channel.harmonics,
                                       [&](const ScenarioHarmonic& h) {
                                         return h.order * highest * 2.0 >= rate_hertz;
                                       }) +
                         std::erase_if(channel.interharmonics, [&](const ScenarioInterharmonic& i) {
                           return i.frequency_hertz * 2.0 >= rate_hertz;
                         });
    if (removed > 0) {
      scenario.warnings.push_back(
          format("{}: {} tones at or above half the sample rate are left out",
                 halfcycle::name(channel.input), removed));
    }
  }
  return scenario;
}

Result<Scenario> parse_scenario(std::string_view text, std::string_view file_name) {
  if (const auto line = line_of_too_deep_key(text)) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: a key of more than {} parts", file_name, *line,
                kMaxTomlKeyParts);
  }
  ScenarioDefect defect{std::string(file_name), 50.0, {}};
  Scenario scenario;
  try {
    const toml::table root = toml::parse(text, file_name);
    scenario = ScenarioBuilder(root, defect).build();
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: not valid TOML: {}", file_name,
                error.source().begin.line, error.description());
  }
  if (defect.first) {
    return fail(std::move(*defect.first));
  }
  Result<Scenario> checked = with_rate(scenario, scenario.rate_hertz);
  if (!checked) {
    return fail(ErrorCode::InvalidSetup, "{}: {}", file_name, checked.error().message);
  }
  return checked;
}

}  // namespace halfcycle::source

// SPDX-License-Identifier: Apache-2.0
// docs/formats/truth.md describes what is written here.
#include <array>
#include <string_view>

#include "base/format.hpp"
#include "base/text.hpp"
#include "source/truth.hpp"

namespace halfcycle::source {
namespace {

constexpr std::array<std::string_view, 3> kEventNames{"dip", "swell", "interruption"};

void append_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : to_valid_utf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Objects and lists with their commas.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void open(char bracket) {
    separate();
    out_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    out_ += bracket;
    first_ = false;
  }
  void key(std::string_view name) {
    separate();
    append_string(out_, name);
    out_ += ": ";
    first_ = true;
  }
  void number(double value) {
    separate();
    append_json_number(out_, value);
  }
  void string(std::string_view text) {
    separate();
    append_string(out_, text);
  }
  void boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
  }
  void null() {
    separate();
    out_ += "null";
  }
  void new_line() { line_ = true; }

  void number(std::string_view name, double value) {
    key(name);
    number(value);
  }
  void string(std::string_view name, std::string_view text) {
    key(name);
    string(text);
  }

 private:
  void separate() {
    if (!first_) {
      out_ += line_ ? ",\n" : ", ";
    } else if (line_) {
      out_ += '\n';
    }
    line_ = false;
    first_ = false;
  }
  std::string& out_;
  bool first_ = true;
  bool line_ = false;
};

class TruthWriter {
 public:
  TruthWriter(const Truth& truth, std::string& out) : truth_(truth), w_(out) {}

  void write() {
    w_.open('{');
    w_.number("truth", 1);
    w_.string("scenario", truth_.scenario.name);
    w_.string("start", to_iso8601(truth_.scenario.start));
    w_.number("duration_s", truth_.duration_seconds);
    w_.number("sample_rate_hz", truth_.scenario.rate_hertz);
    system();
    noise();
    w_.new_line();
    w_.key("registers");
    w_.open('{');
    for (const TruthValue& value : truth_.registers) {
      w_.new_line();
      w_.key(value.label);
      w_.open('{');
      w_.string("unit", info(value.unit).symbol);
      w_.number("value", value.value);
      w_.close('}');
    }
    w_.close('}');
    w_.new_line();
    w_.key("spans");
    w_.open('[');
    for (const TruthSpan& span : truth_.spans) {
      w_.new_line();
      write(span);
    }
    w_.close(']');
    w_.new_line();
    w_.key("events");
    w_.open('[');
    for (const TruthApplied& applied : truth_.applied) {
      w_.new_line();
      write(applied);
    }
    w_.close(']');
    w_.new_line();
    w_.key("measured_events");
    w_.open('[');
    for (const TruthMeasured& measured : truth_.measured) {
      w_.new_line();
      write(measured);
    }
    w_.close(']');
    w_.close('}');
  }

 private:
  void system() {
    const SystemSetup& system = truth_.scenario.system;
    w_.new_line();
    w_.key("system");
    w_.open('{');
    w_.string("wiring", name(system.wiring));
    w_.number("nominal_voltage_V", system.nominal_voltage_volts);
    w_.number("nominal_current_A", system.nominal_current_amperes);
    w_.number("nominal_frequency_Hz", system.nominal_frequency_hertz);
    w_.close('}');
  }

  void noise() {
    w_.key("noise_rms");
    w_.open('{');
    for (const ScenarioChannel& channel : truth_.scenario.channels) {
      if (channel.noise_rms > 0.0) {
        w_.number(name(channel.input), channel.noise_rms);
      }
    }
    w_.close('}');
  }

  void instant(std::string_view key, std::optional<double> seconds) {
    w_.key(key);
    if (seconds) {
      w_.string(to_iso8601(truth_.instant_of(*seconds)));
    } else {
      w_.null();
    }
  }

  void write(const TruthSpan& span) {
    w_.open('{');
    w_.number("from_s", span.from_seconds);
    w_.number("to_s", span.to_seconds);
    w_.key("steady");
    w_.boolean(span.steady);
    w_.key("registers");
    w_.open('{');
    for (const TruthValue& value : span.registers) {
      w_.number(value.label, value.value);
    }
    w_.close('}');
    w_.close('}');
  }

  void write(const TruthApplied& applied) {
    const ScenarioEvent& e = applied.event;
    w_.open('{');
    w_.key("applied");
    w_.open('{');
    w_.string("type", name(e.kind));
    instant("start", applied.start_seconds);
    instant("end", applied.end_seconds);
    w_.number("start_s", applied.start_seconds);
    w_.number("duration_s", applied.end_seconds.value_or(kNotAvailable) - applied.start_seconds);
    w_.key("channels");
    w_.open('[');
    for (const Input input : e.channels) {
      w_.string(name(input));
    }
    w_.close(']');
    switch (e.kind) {
      case ScenarioEventKind::Transient:
        w_.number("peak", e.peak);
        w_.number("frequency_Hz", e.frequency_hertz);
        w_.number("time_constant_s", e.time_constant_seconds);
        break;
      case ScenarioEventKind::FrequencyExcursion:
        w_.number("change_Hz", e.change_hertz);
        break;
      default:
        lists(e);
        break;
    }
    w_.close('}');
    w_.key("measured");
    w_.open('[');
    for (const std::size_t i : applied.measured) {
      write(truth_.measured[i]);
    }
    w_.close(']');
    w_.close('}');
  }

  void lists(const ScenarioEvent& e) {
    const auto list = [&](std::string_view key, const std::vector<double>& values, double scale) {
      w_.key(key);
      w_.open('[');
      for (const double value : values) {
        w_.number(value * scale);
      }
      w_.close(']');
    };
    list("level_percent", e.gain, 100.0);
    list("jump_deg", e.jump_degrees, 1.0);
    if (e.kind == ScenarioEventKind::Fault) {
      w_.number("fault_current_A", e.fault_current_amperes);
      w_.number("fault_lag_deg", e.fault_lag_degrees);
    }
  }

  void extreme(TruthEventType type, double volts) {
    const bool swell = type == TruthEventType::Swell;
    w_.number(swell ? "maximum_V" : "residual_V", volts);
    w_.number(swell ? "maximum_percent" : "residual_percent",
              volts / truth_.scenario.system.nominal_voltage_volts * 100.0);
  }

  void write(const TruthMeasured& m) {
    constexpr std::array<std::string_view, 3> kPhases{"V1", "V2", "V3"};
    const auto phase = [&](int channel) { return kPhases[static_cast<std::size_t>(channel)]; };
    w_.open('{');
    w_.string("type", kEventNames[static_cast<std::size_t>(m.type)]);
    instant("start", m.start_seconds);
    instant("end", m.end_seconds);
    w_.number("duration_s",
              m.end_seconds.value_or(kNotAvailable) - m.start_seconds.value_or(kNotAvailable));
    w_.key("phases");
    w_.open('[');
    for (const TruthMeasured::Phase& p : m.phases) {
      w_.string(phase(p.channel));
    }
    w_.close(']');
    extreme(m.type, m.extreme_volts);
    w_.string("worst_phase", phase(m.worst_channel));
    const TruthThresholds& t = truth_.thresholds;
    const std::array<double, 3> thresholds{t.dip_ratio, t.swell_ratio, t.interruption_ratio};
    w_.number("threshold_percent", thresholds[static_cast<std::size_t>(m.type)] * 100.0);
    w_.number("hysteresis_percent", t.hysteresis_ratio * 100.0);
    w_.number("reference_V", truth_.scenario.system.nominal_voltage_volts);
    w_.string("channel_set", is_line_to_line(truth_.scenario.system.wiring) ? "L-L" : "L-N");
    w_.key("per_phase");
    w_.open('[');
    for (const TruthMeasured::Phase& p : m.phases) {
      w_.open('{');
      w_.string("phase", phase(p.channel));
      instant("start", p.start_seconds);
      instant("end", p.end_seconds);
      w_.number(m.type == TruthEventType::Swell ? "maximum_V" : "residual_V", p.extreme_volts);
      w_.close('}');
    }
    w_.close(']');
    w_.close('}');
  }

  const Truth& truth_;
  Writer w_;
};

}  // namespace

void write_truth_json(const Truth& truth, std::string& out) {
  TruthWriter(truth, out).write();
  out += '\n';
}

}  // namespace halfcycle::source

// SPDX-License-Identifier: Apache-2.0
#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "base/text.hpp"
#include "base/toml_depth.hpp"
#include "source/calibration.hpp"

namespace halfcycle::source {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  Result<Calibration> read(const toml::table& root) {
    known(root, {"reference_frequency_Hz", "in_use", "channel"}, "");
    number(root, "reference_frequency_Hz", 10.0, 1000.0, "Hz",
           calibration_.reference_frequency_hertz);
    if (const toml::node* channels = root.get("channel")) {
      read_channels(*channels);
    }
    if (const toml::node* in_use = root.get("in_use")) {
      read_in_use(*in_use);
    }
    if (error_) {
      return fail(*std::move(error_));
    }
    return std::move(calibration_);
  }

 private:
  template <class... Args>
  void note(const toml::node& at, fmt::format_string<Args...> text, Args&&... args) {
    if (!error_) {
      error_ = Error{ErrorCode::InvalidSetup, format("{}:{}: {}", file_, at.source().begin.line,
                                                     format(text, std::forward<Args>(args)...))};
    }
  }

  void known(const toml::table& table, std::initializer_list<std::string_view> keys,
             std::string_view path) {
    for (const auto& [key, node] : table) {
      if (std::find(keys.begin(), keys.end(), key.str()) == keys.end()) {
        note(node, "{}{}: there is no such key; known are {}", path, key.str(), join(keys));
      }
    }
  }
  static std::string join(std::initializer_list<std::string_view> keys) {
    std::string text;
    for (const std::string_view key : keys) {
      text += (text.empty() ? "" : ", ") + std::string(key);
    }
    return text;
  }

  void number(const toml::table& table, std::string_view key, double least, double most,
              std::string_view unit, double& out) {
    const toml::node* node = table.get(key);
    if (node == nullptr) {
      return;
    }
    const auto value = node->value<double>();
    if (!node->is_number() || !value || !(*value >= least && *value <= most)) {
      note(*node, "{}: must be a number from {:g} to {:g}{}{}", key, least, most,
           unit.empty() ? "" : " ", unit);
      return;
    }
    out = *value;
  }

  void read_channels(const toml::node& node) {
    const toml::array* list = node.as_array();
    if (list == nullptr || !list->is_array_of_tables()) {
      note(node, "channel: must be a list of tables, each begun with [[channel]]");
      return;
    }
    for (const toml::node& item : *list) {
      const toml::table& table = *item.as_table();
      known(table, {"input", "range", "gain", "offset", "phase_degrees"}, "channel.");
      ChannelCalibration channel;
      const auto name = table["input"].value_exact<std::string>();
      const auto input = name ? parse_input(*name) : std::nullopt;
      if (!input) {
        note(table, "channel.input: must be one of \"V1\" … \"V4\", \"I1\" … \"I5\"");
        return;
      }
      channel.input = *input;
      if (const toml::node* range = table.get("range")) {
        const auto text = range->value_exact<std::string>();
        if (!text || text->empty()) {
          note(*range, "channel.range: must be a text in quotes, such as \"5 A\"");
          return;
        }
        channel.range = *text;
      }
      number(table, "gain", kLeastGain, kMostGain, "", channel.gain);
      number(table, "offset", -1e6, 1e6, is_voltage(*input) ? "V" : "A", channel.offset);
      number(table, "phase_degrees", -kMostPhaseDegrees, kMostPhaseDegrees, "degrees",
             channel.phase_degrees);
      for (const ChannelCalibration& other : calibration_.channels) {
        if (other.input == channel.input && other.range == channel.range) {
          note(table, "channel: {} has two entries{}", name_of(channel.input),
               channel.range.empty() ? std::string() : format(" for range '{}'", channel.range));
        }
      }
      calibration_.channels.push_back(std::move(channel));
    }
  }

  void read_in_use(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) {
      note(node, "in_use: must be a table of inputs, such as I1 = \"5 A\"");
      return;
    }
    for (const auto& [key, value] : *table) {
      const auto input = parse_input(key.str());
      const auto range = value.value_exact<std::string>();
      if (!input || !range) {
        note(value, "in_use.{}: must be an input (V1 … V4, I1 … I5) and its range in quotes",
             key.str());
        return;
      }
      const bool there = std::any_of(
          calibration_.channels.begin(), calibration_.channels.end(),
          [&](const ChannelCalibration& c) { return c.input == *input && c.range == *range; });
      if (!there) {
        note(value, "in_use.{}: no [[channel]] has this input with range '{}'", name_of(*input),
             *range);
        return;
      }
      calibration_.in_use.emplace_back(*input, *range);
    }
    std::sort(calibration_.in_use.begin(), calibration_.in_use.end());
  }

  static std::string name_of(Input input) { return std::string(name(input)); }

  std::string_view file_;
  Calibration calibration_;
  std::optional<Error> error_;
};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += format("\\u{:04X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
    }
  }
  return out + '"';
}

}  // namespace

Result<Calibration> parse_calibration(std::string_view text, std::string_view file_name) {
  if (const auto line = line_of_too_deep_key(text)) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: a key of more than {} parts", file_name, *line,
                kMaxTomlKeyParts);
  }
  try {
    return Reader(file_name).read(toml::parse(text, file_name));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: not valid TOML: {}", file_name,
                error.source().begin.line, error.description());
  }
}

std::string calibration_toml(const Calibration& calibration) {
  // Seventeen digits, and a point or an exponent, so that TOML reads the same float back.
  const auto number = [](double value) {
    std::string text = format("{:.17g}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  };
  std::string out =
      format("reference_frequency_Hz = {}\n", number(calibration.reference_frequency_hertz));
  if (!calibration.in_use.empty()) {
    out += "\n[in_use]\n";
    for (const auto& [input, range] : calibration.in_use) {
      out += format("{} = {}\n", name(input), quoted(range));
    }
  }
  for (const ChannelCalibration& channel : calibration.channels) {
    out += format("\n[[channel]]\ninput = \"{}\"\n", name(channel.input));
    if (!channel.range.empty()) {
      out += format("range = {}\n", quoted(channel.range));
    }
    out += format("gain = {}\noffset = {}\nphase_degrees = {}\n", number(channel.gain),
                  number(channel.offset), number(channel.phase_degrees));
  }
  return out;
}

}  // namespace halfcycle::source

// SPDX-License-Identifier: Apache-2.0
#include "app/run_config.hpp"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "app/measure_options.hpp"
#include "app/output.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "base/toml_depth.hpp"
#include "source/scenario_reader.hpp"
#include "source/text_file.hpp"

namespace halfcycle::app {
namespace {

using Table = source::ScenarioTable;
namespace fs = std::filesystem;

constexpr std::size_t kMaxConfigBytes = 4U << 20U;
constexpr std::size_t kMaxMeters = 10000;
constexpr std::int64_t kMaxUnit = 247;  // MODBUS Application Protocol V1.1b3 §4.1

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool has_path(std::string_view name) {
  return name.find('/') != std::string_view::npos || name.ends_with(".toml");
}

// A path in a file counts from the folder of the file.
std::string from_folder(const std::string& folder, std::string_view path) {
  const fs::path given(path);
  return given.is_absolute() || folder.empty() ? given.string()
                                               : (fs::path(folder) / given).string();
}

// The path within an address of a recording or scenario.
std::string source_from_folder(const std::string& folder, const std::string& uri) {
  const auto colon = uri.find(':');
  const bool scheme = colon != std::string::npos && colon > 1 &&
                      std::all_of(uri.begin(), uri.begin() + static_cast<std::ptrdiff_t>(colon),
                                  [](char c) { return c >= 'a' && c <= 'z'; });
  const std::string head = scheme ? uri.substr(0, colon + 1) : "";
  const std::string rest = scheme ? uri.substr(colon + 1) : uri;
  constexpr std::array<std::string_view, 4> kNoPath{"sv:", "iio:", "alsa:", "file:"};
  if (std::find(kNoPath.begin(), kNoPath.end(), head) != kNoPath.end() ||
      (head == "sim:" && !has_path(rest))) {
    return uri;
  }
  return head + from_folder(folder, rest);
}

// What a file says now: with its time it tells whether a meter made from it is still the same.
std::string file_mark(std::string_view path) {
  std::error_code none;
  const auto time = fs::last_write_time(fs::path(path), none);
  return none ? std::string() : format("{} {}", path, time.time_since_epoch().count());
}

std::string fingerprint_of(const MeterConfig& meter, std::string_view text) {
  const auto colon = meter.source.find(':');
  return format(
      "{}\n{}\n{}\n{}", text, meter.unit_id, file_mark(meter.template_name),
      file_mark(std::string_view(meter.source).substr(colon == std::string::npos ? 0 : colon + 1)));
}

class ConfigReader {
 public:
  ConfigReader(const toml::table& root, source::ScenarioDefect& defect, std::string folder)
      : root_(&root, "", 1, defect), defect_(defect), folder_(std::move(folder)) {}

  RunConfig read(const toml::table& toml) {
    RunConfig config;
    config.threads = static_cast<std::size_t>(root_.integer("threads", 0, 0, 1024));
    config.waveform_seconds =
        root_.number("waveform_seconds", config.waveform_seconds, {0.5, 60.0, "s"});
    read_store(config.store);
    read_web(config.web);
    read_modbus(config.modbus);
    const auto meters = root_.tables("meter", kMaxMeters);
    const toml::array* list = toml.get_as<toml::array>("meter");
    for (std::size_t i = 0; i < meters.size(); ++i) {
      Table table = meters[i];
      std::ostringstream text;
      if (list != nullptr) {
        text << toml::toml_formatter(*(*list)[i].as_table());
      }
      config.meters.push_back(read_meter(table, i + 1, text.str()));
    }
    if (config.meters.empty()) {
      defect_.note(1, "there is no meter; write one as [[meter]] with source = \"sim:feeder\"");
    }
    root_.done();
    number_units(config.meters);
    for (std::size_t i = 0; i < config.meters.size(); ++i) {
      config.meters[i].fingerprint = fingerprint_of(config.meters[i], config.meters[i].fingerprint);
    }
    return config;
  }

 private:
  void read_store(StoreConfig& store) {
    const std::string data = root_.string("data", "");
    if (data.empty()) {
      if (auto folder = default_data_folder()) {
        store.folder = *std::move(folder);
      } else {
        defect_.note(1, "data: {}", folder.error().message);
      }
    } else if (data != "none") {
      store.folder = from_folder(folder_, data);
    }
    Table table = root_.table("store");
    if (const toml::node* node = table.raw("max_bytes")) {
      const auto bytes = bytes_of(*node);
      if (!bytes) {
        defect_.note(table.line_of("max_bytes"),
                     "store.max_bytes: must be a number of bytes, or text such as \"500 MB\" or "
                     "\"8 GB\", at least 16 MB");
      }
      store.max_bytes = bytes.value_or(store.max_bytes);
    }
    table.done();
  }

  static std::optional<std::uint64_t> bytes_of(const toml::node& node) {
    std::optional<double> bytes;
    if (const auto whole = node.value_exact<std::int64_t>()) {
      bytes = static_cast<double>(*whole);
    } else if (const auto text = node.value_exact<std::string>()) {
      struct Suffix {
        std::string_view name;
        double factor;
      };
      constexpr std::array<Suffix, 4> kSuffixes{
          {{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}};
      for (const Suffix& suffix : kSuffixes) {
        const std::string_view trimmed = trim(*text);
        if (trimmed.ends_with(suffix.name)) {
          const auto number = parse_number(trimmed.substr(0, trimmed.size() - suffix.name.size()));
          bytes = number ? std::optional(*number * suffix.factor) : std::nullopt;
        }
      }
    }
    if (!bytes || !(*bytes >= 16e6 && *bytes <= 1e15)) {
      return std::nullopt;
    }
    return static_cast<std::uint64_t>(*bytes);
  }

  void read_listen(Table& table, std::string_view name, ListenAddress& listen) {
    const std::string text = table.string("listen", "");
    if (text.empty()) {
      return;
    }
    if (auto parsed = parse_listen_address(text, format("{}.listen", name))) {
      listen = *std::move(parsed);
    } else {
      defect_.note(table.line_of("listen"), "{}", parsed.error().message);
    }
  }

  void read_web(WebConfig& web) {
    Table table = root_.table("web");
    read_listen(table, "web", web.listen);
    web.allow_remote = table.boolean("allow_remote", false);
    const std::string hosts = table.string("hosts", "");
    web.hosts = split_list(hosts);
    web.certificate_file = table.string("certificate", "");
    web.key_file = table.string("key", "");
    if (web.certificate_file.empty() != web.key_file.empty()) {
      defect_.note(table.line(), "web: certificate and key go together; give both or neither");
    }
    for (std::string* file : {&web.certificate_file, &web.key_file}) {
      *file = file->empty() ? "" : from_folder(folder_, *file);
    }
    table.done();
  }

  void read_modbus(ModbusConfig& modbus) {
    Table table = root_.table("modbus");
    read_listen(table, "modbus", modbus.listen);
    modbus.max_connections =
        static_cast<unsigned>(table.integer("max_connections", modbus.max_connections, 1, 1000));
    modbus.idle_timeout_seconds =
        table.number("idle_timeout", modbus.idle_timeout_seconds, {1.0, 86400.0, "s"});
    table.done();
  }

  std::optional<double> optional_number(Table& table, std::string_view key) {
    if (!table.has(key)) {
      return std::nullopt;
    }
    return table.number(key, 0.0, {-1e12, 1e12, ""});
  }

  MeterConfig read_meter(Table& table, std::size_t number, std::string text) {
    MeterConfig meter;
    meter.where = format("{}:{}", defect_.file, table.line());
    meter.fingerprint = std::move(text);
    meter.name = table.string("name", "");
    meter.id = table.string("id", "");
    meter.unit_id = static_cast<std::uint8_t>(
        table.has("unit_id") ? table.integer("unit_id", 0, 1, kMaxUnit) : 0);
    meter.source = table.string("source", "");
    meter.template_name = table.string("template", meter.template_name);
    if (has_path(meter.template_name)) {
      meter.template_name = from_folder(folder_, meter.template_name);
    }
    if (const toml::node* node = table.raw("speed")) {
      const auto as_text = node->value_exact<std::string>();
      const auto as_number = node->value<double>();
      const auto speed =
          parse_speed(as_text ? *as_text : format("{}", as_number.value_or(-1.0)), WrittenIn::File);
      if (!speed) {
        defect_.note(table.line_of("speed"), "{}", speed.error().message);
      }
      meter.speed = speed.value_or(1.0);
    }
    RawMeasure raw;
    raw.map = table.string("map", "");
    raw.sets = table.string("set", "");
    raw.scale = table.string("scale", "");
    raw.calibration = table.string("calibration", "");
    if (!raw.calibration.empty()) {
      raw.calibration = from_folder(folder_, raw.calibration);
    }
    raw.signalling = table.string("signalling", "");
    raw.invert = table.string("invert", "");
    raw.side = table.string("side", "");
    raw.pt = table.string("pt", "");
    raw.ct = table.string("ct", "");
    raw.wiring = table.string("wiring", "");
    raw.from = table.string("from", "");
    raw.to = table.string("to", "");
    raw.rate = optional_number(table, "rate");
    raw.nominal_voltage = optional_number(table, "nominal_voltage");
    raw.nominal_frequency = optional_number(table, "nominal_frequency");
    raw.nominal_current = optional_number(table, "nominal_current");
    raw.dip = optional_number(table, "dip");
    raw.swell = optional_number(table, "swell");
    raw.interruption = optional_number(table, "interruption");
    raw.hysteresis = optional_number(table, "hysteresis");
    table.done();
    if (meter.source.empty()) {
      defect_.note(table.line(), "{}: has no source; give one, as in source = \"sim:feeder\"",
                   table.full("source"));
    } else {
      meter.source = source_from_folder(folder_, meter.source);
    }
    if (auto measure = measure_options(raw, WrittenIn::File)) {
      meter.measure = *std::move(measure);
    } else {
      defect_.note(table.line(), "meter: {}", measure.error().message);
    }

    if (meter.name.empty()) {
      meter.name = meter.id.empty() ? format("Meter {}", number) : meter.id;
    }
    if (meter.id.empty()) {
      meter.id = id_of_name(meter.name);
    }
    if (!is_id(meter.id)) {
      defect_.note(table.line(),
                   "meter.id: '{}' is no id; it takes a to z, 0 to 9 and '-', at most 64 of them",
                   meter.id);
    } else if (const auto [at, is_new] = ids_.emplace(meter.id, table.line()); !is_new) {
      defect_.note(table.line(),
                   "meter.id: '{}' is the id of the meter in line {} too; give one of them another "
                   "id",
                   meter.id, at->second);
    }
    if (meter.unit_id != 0) {
      if (const auto [at, is_new] = units_.emplace(meter.unit_id, meter.id); !is_new) {
        defect_.note(table.line_of("unit_id"),
                     "meter.unit_id: {} is the unit id of '{}' too; each meter needs its own",
                     meter.unit_id, at->second);
      }
    }
    return meter;
  }

  // Who was given no unit id gets the next one that is free; beyond 247 there is none.
  void number_units(std::vector<MeterConfig>& meters) {
    std::int64_t next = 1;
    for (MeterConfig& meter : meters) {
      if (meter.unit_id != 0) {
        continue;
      }
      while (next <= kMaxUnit && units_.contains(next)) {
        ++next;
      }
      if (next <= kMaxUnit) {
        meter.unit_id = static_cast<std::uint8_t>(next);
        units_.emplace(next, meter.id);
      }
    }
  }

  Table root_;
  source::ScenarioDefect& defect_;
  std::string folder_;
  std::map<std::string, std::int64_t> ids_;
  std::map<std::int64_t, std::string> units_;
};

Result<RunConfig> single_meter(const RunOptions& options) {
  RunConfig config;
  MeterConfig meter;
  meter.source = options.source.empty() ? "sim:feeder" : options.source;
  const std::string stem = stem_of_source(meter.source);
  meter.id = id_of_name(stem);
  if (!is_id(meter.id)) {
    meter.id = "meter";
  }
  meter.name = stem.empty() ? meter.id : stem;
  meter.unit_id = 1;
  if (!options.template_name.empty()) {
    meter.template_name = options.template_name;
  }
  meter.speed = options.speed;
  meter.measure = options.measure;
  config.threads = options.threads.value_or(0);
  config.meters.push_back(std::move(meter));
  return config;
}

}  // namespace

bool RunConfig::flat_out() const {
  return std::all_of(meters.begin(), meters.end(),
                     [](const MeterConfig& meter) { return meter.speed == 0.0; });
}

Result<ListenAddress> parse_listen_address(std::string_view text, std::string_view what) {
  const std::string_view whole = trim(text);
  if (equals_ignoring_case(whole, "off")) {
    return ListenAddress{.on = false, .address = {}, .port = 0};
  }
  ListenAddress listen{.on = true, .address = "127.0.0.1", .port = 0};
  std::string_view port = whole;
  if (const auto colon = whole.rfind(':'); colon != std::string_view::npos) {
    port = whole.substr(colon + 1);
    std::string_view address = whole.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
      address = address.substr(1, address.size() - 2);
    } else if (address.find(':') != std::string_view::npos) {
      address = {};
      port = {};
    }
    if (equals_ignoring_case(address, "localhost")) {
      address = "127.0.0.1";
    }
    if (!address.empty()) {
      listen.address = address;
    }
  }
  const auto number = parse_number(port);
  if (!number || *number < 0.0 || *number > 65535.0 || *number != std::floor(*number)) {
    return fail(
        ErrorCode::Usage,
        "{}: '{}' is no address; write it as 127.0.0.1:8443, [::1]:8443, a port from 0 (any "
        "that is free) to 65535, or off",
        what, to_valid_utf8(text));
  }
  listen.port = static_cast<std::uint16_t>(*number);
  return listen;
}

std::string id_of_name(std::string_view name) {
  std::string id;
  for (const char c : to_lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      id += c;
    } else if (!id.empty() && id.back() != '-') {
      id += '-';
    }
  }
  id = id.substr(0, 64);
  while (!id.empty() && id.back() == '-') {
    id.pop_back();
  }
  return id;
}

Result<std::string> default_data_folder() {
  const auto environment = [](const char* name) -> std::string {
    // Read before any thread is started that could change it; nothing here does.
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? "" : value;
  };
  if (const std::string service = environment("STATE_DIRECTORY"); !service.empty()) {
    return service.substr(0, service.find(':'));
  }
  if (const std::string state = environment("XDG_STATE_HOME"); state.starts_with('/')) {
    return state + "/halfcycle";
  }
  std::string home = environment("HOME");
  if (home.empty()) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
        found != nullptr && found->pw_dir != nullptr) {
      home = found->pw_dir;
    }
  }
  if (home.empty()) {
    return fail(ErrorCode::Machine,
                "there is no home folder to keep data in; name a folder with --data DIR, or none");
  }
  return home + "/.local/state/halfcycle";
}

Result<RunConfig> parse_run_config(std::string_view text, std::string_view file,
                                   const std::string& folder) {
  if (const auto line = line_of_too_deep_key(text)) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: a key of more than {} parts", file, *line,
                kMaxTomlKeyParts);
  }
  source::ScenarioDefect defect{std::string(file), 50.0, {}};
  RunConfig config;
  try {
    const toml::table root = toml::parse(text, file);
    config = ConfigReader(root, defect, folder).read(root);
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::InvalidSetup, "{}:{}: not valid TOML: {}", file,
                error.source().begin.line, error.description());
  }
  if (defect.first) {
    return fail(std::move(*defect.first));
  }
  config.file = file;
  return config;
}

Result<RunConfig> read_run_config(const std::string& path) {
  const auto text = source::read_text_file(path, "configuration", kMaxConfigBytes);
  if (!text) {
    return fail(text.error());
  }
  return parse_run_config(*text, path, fs::path(path).parent_path().string());
}

Result<RunConfig> run_config_of(const RunOptions& options) {
  auto config = options.config.empty() ? single_meter(options) : read_run_config(options.config);
  if (!config) {
    return config;
  }
  // Flat out is for pipes and comparisons: it neither keeps nor serves unless told to.
  const bool replay = config->flat_out();
  if (options.data) {
    config->store.folder = *options.data == "none" ? "" : *options.data;
  } else if (options.config.empty() && !replay) {
    auto folder = default_data_folder();
    if (!folder) {
      return fail(folder.error());
    }
    config->store.folder = *std::move(folder);
  }
  struct Server {
    std::string_view option;
    const std::optional<std::string>& given;
    ListenAddress& listen;
  };
  for (const Server& server : {Server{"--web", options.web, config->web.listen},
                               Server{"--modbus", options.modbus, config->modbus.listen}}) {
    if (server.given) {
      auto listen = parse_listen_address(*server.given, server.option);
      if (!listen) {
        return fail(listen.error());
      }
      server.listen = *std::move(listen);
    } else if (options.config.empty() && replay) {
      server.listen.on = false;
    }
  }
  return config;
}

}  // namespace halfcycle::app

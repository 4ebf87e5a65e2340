// SPDX-License-Identifier: Apache-2.0
#include "app/live_process.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <utility>

#include "app/io_thread.hpp"
#include "app/live_plan.hpp"
#include "app/number_text.hpp"
#include "app/text_table.hpp"
#include "app/web_pages.hpp"
#include "base/address.hpp"
#include "base/format.hpp"
#include "protocols/modbus/server.hpp"
#include "recorder/store.hpp"
#include "web/certificate.hpp"
#include "web/http_server.hpp"

namespace halfcycle::app {
namespace {

PlanContext context_of(std::optional<double> duration_seconds) {
  PlanContext context;
  context.now = machine_time();
  context.clock_ok = is_plausible_time(context.now);
  context.duration_seconds = duration_seconds;
  return context;
}

std::string clock_warning(const PlanContext& context) {
  return format(
      "the clock of this machine says {}: it was never set. Set it (timedatectl set-ntp true) and "
      "start again; until then times are marked as not valid",
      to_iso8601(context.now).substr(0, 19));
}

// A folder that is gone when the program ends: what must lie in a file where nothing is to be kept.
class ShortLivedFolder {
 public:
  ShortLivedFolder() = default;
  ~ShortLivedFolder() {
    if (!path_.empty()) {
      std::error_code none;
      std::filesystem::remove_all(path_, none);
    }
  }
  ShortLivedFolder(const ShortLivedFolder&) = delete;
  ShortLivedFolder& operator=(const ShortLivedFolder&) = delete;

  Result<std::string> make() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "halfcycle-XXXXXX").string();
    if (error || ::mkdtemp(path.data()) == nullptr) {
      return fail(ErrorCode::Machine,
                  "no folder for the certificate of the page can be made in {}; name a data folder "
                  "(--data DIR), or --web off",
                  std::filesystem::path(path).parent_path().string());
    }
    path_ = path;
    return path;
  }

 private:
  std::string path_;
};

recorder::StoreOptions options_of(const StoreConfig& store) {
  recorder::StoreOptions options;
  options.max_bytes = store.max_bytes;
  return options;
}

// What the words of the command line for a place are, where it is the place that is at fault.
Error with_hint(Error error, std::string_view option) {
  if (error.message.find("cannot listen") != std::string::npos) {
    error.message += format(" ({0} ADDR:PORT, or {0} off)", option);
  }
  return error;
}

}  // namespace

struct LiveProcess::State {
  State(RunConfig run_config, Options run_options, Log& run_log)
      : config(std::move(run_config)), options(std::move(run_options)), log(run_log) {}

  /// What a meter keeps goes to the store, and comes from it before the first sample.
  void record(fleet::MeterPlan& plan, std::function<void(meter::Meter&)> observe) {
    const auto intake = std::make_shared<std::shared_ptr<recorder::Intake>>();
    plan.attach = [this, intake, observe = std::move(observe)](
                      const std::shared_ptr<fleet::LiveMeter>& self, meter::Meter& measuring) {
      if (store) {
        const std::string id = self->identity().id;
        auto attached =
            store->attach(id, measuring.graph(), [this, id](const quality::VoltageEvent& event) {
              return stored_waveforms(fleet->captured(id, event));
            });
        if (attached) {
          *intake = *std::move(attached);
          recorder::Intake& sink = **intake;
          measuring.graph().set_event_sink(&sink);
          measuring.graph().set_effect_sink(&sink);
          measuring.on_event(
              [&sink](const quality::VoltageEvent& event) { sink.on_voltage_event(event); });
        } else {
          log.write(LogLevel::Error, format("meter {}", id),
                    format("measures, but keeps nothing: {}", attached.error().message));
        }
      }
      if (observe) {
        observe(measuring);
      }
    };
    plan.released = [this, intake] {
      if (*intake) {
        store->detach(**intake);
      }
    };
  }

  static std::vector<recorder::StoredWaveform> stored_waveforms(
      std::vector<fleet::WaveformSnapshot> parts) {
    std::vector<recorder::StoredWaveform> stored;
    for (fleet::WaveformSnapshot& part : parts) {
      stored.push_back({.id = 0,
                        .start = part.start,
                        .rate_hertz = part.rate_hertz,
                        .inputs = part.inputs,
                        .lanes = part.lanes,
                        .frames = std::move(part.frames),
                        .rms = std::move(part.rms)});
    }
    return stored;
  }

  void warn(const MeterConfig& meter, const LivePlan& live) {
    for (const std::string& warning : live.warnings) {
      log.write(LogLevel::Warning, format("meter {}", meter.id), warning);
    }
  }

  [[nodiscard]] std::vector<web::HealthCheck> checks() const {
    using Status = web::HealthCheck::Status;
    std::vector<web::HealthCheck> checks;
    checks.push_back({"measuring threads", threads_move ? Status::Ok : Status::Failing,
                      threads_move ? "" : "a measuring thread does not move"});
    if (const std::uint64_t lost = fleet->lost_captures(); lost > 0) {
      checks.push_back({"waveforms of disturbances", Status::Degraded,
                        format("{} were not kept: there was no room for them", lost)});
    }
    return checks;
  }

  RunConfig config;
  Options options;
  Log& log;
  ShortLivedFolder temporary;
  std::unique_ptr<recorder::Store> store;  // null: nothing is kept
  std::unique_ptr<fleet::Fleet> fleet;
  std::atomic<bool> threads_move{true};  // no measuring thread hangs
  // The servers go before what they serve, that of the web only once nothing runs it.
  std::unique_ptr<web::HttpServer> web;
  std::unique_ptr<modbus::ModbusServer> modbus;
  IoThread io;
  std::vector<std::uint64_t> heartbeats;
};

LiveProcess::LiveProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveProcess::~LiveProcess() { stop(); }

Result<std::unique_ptr<LiveProcess>> LiveProcess::start(const RunConfig& config, Options options,
                                                        Log& log) {
  auto process = std::unique_ptr<LiveProcess>(
      new LiveProcess(std::make_unique<State>(config, std::move(options), log)));
  State& state = *process->state_;
  PlanContext context = context_of(state.options.duration_seconds);
  if (!context.clock_ok) {
    log.write(LogLevel::Warning, "run", clock_warning(context));
  }
  if (!config.store.folder.empty()) {
    auto store = recorder::Store::open(config.store.folder, options_of(config.store), log);
    if (!store) {
      return fail(store.error());
    }
    state.store = *std::move(store);
  }
  fleet::FleetSetup setup;
  setup.threads = config.threads;
  setup.waveform_seconds = config.waveform_seconds;
  if (!state.store) {
    setup.capture_max_bytes = 0;  // nobody asks for waveforms of disturbances
  }
  auto made = fleet::Fleet::create(setup, log);
  if (!made) {
    return fail(made.error());
  }
  state.fleet = *std::move(made);
  std::vector<fleet::Entry> entries;
  for (const MeterConfig& meter : config.meters) {
    auto live = make_live_plan(meter, context);
    if (!live) {
      return fail(live.error());
    }
    state.warn(meter, *live);
    if (entries.empty() && state.options.first_plan) {
      if (auto ok = state.options.first_plan(live->plan); !ok) {
        return fail(ok.error());
      }
    }
    state.record(live->plan,
                 entries.empty() ? std::exchange(state.options.first_meter, nullptr) : nullptr);
    entries.push_back(std::move(live->plan));
  }
  if (auto ok = state.fleet->apply(std::move(entries)); !ok) {
    return fail(ok.error());
  }

  if (config.modbus.listen.on) {
    auto server =
        modbus::ModbusServer::start({.address = config.modbus.listen.address,
                                     .port = config.modbus.listen.port,
                                     .max_connections = config.modbus.max_connections,
                                     .idle_timeout_seconds = config.modbus.idle_timeout_seconds},
                                    *state.fleet, log);
    if (!server) {
      return fail(with_hint(server.error(), "--modbus"));
    }
    state.modbus = *std::move(server);
  }
  if (config.web.listen.on) {
    web::WebSetup web_setup;
    web_setup.address = config.web.listen.address;
    web_setup.port = config.web.listen.port;
    web_setup.allow_remote = config.web.allow_remote;
    web_setup.allowed_hosts = config.web.hosts;
    web_setup.certificate_file = config.web.certificate_file;
    web_setup.key_file = config.web.key_file;
    web_setup.data_folder = config.store.folder;
    if (web_setup.data_folder.empty() && web_setup.certificate_file.empty()) {
      auto folder = state.temporary.make();
      if (!folder) {
        return fail(folder.error());
      }
      web_setup.data_folder = *std::move(folder);
    }
    web_setup.more_checks = [&state] { return state.checks(); };
    add_pages(web_setup);
    auto server =
        web::HttpServer::start(web_setup, state.io.context(), *state.fleet, state.store.get(), log);
    if (!server) {
      return fail(with_hint(server.error(), "--web"));
    }
    state.web = *std::move(server);
  }
  if (state.web) {
    state.io.run();
  }
  return process;
}

Result<void> LiveProcess::reload(const RunConfig& config) {
  State& state = *state_;
  PlanContext context = context_of(state.options.duration_seconds);
  std::map<std::string, const MeterConfig*> before;
  for (const MeterConfig& meter : state.config.meters) {
    before.emplace(meter.id, &meter);
  }
  std::vector<fleet::Entry> entries;
  std::size_t kept = 0;
  std::size_t begun = 0;
  for (const MeterConfig& meter : config.meters) {
    const auto at = before.find(meter.id);
    if (at != before.end() && at->second->fingerprint == meter.fingerprint) {
      entries.emplace_back(meter.id);
      ++kept;
      continue;
    }
    auto live = make_live_plan(meter, context);
    if (!live) {
      return fail(live.error());
    }
    state.warn(meter, *live);
    ++begun;
    state.record(live->plan, nullptr);
    entries.push_back(std::move(live->plan));
  }
  if (auto ok = state.fleet->apply(std::move(entries)); !ok) {
    return ok;
  }
  const std::size_t stopped = state.config.meters.size() - kept;
  if (!(config.store == state.config.store && config.web == state.config.web &&
        config.modbus == state.config.modbus && config.threads == state.config.threads &&
        config.waveform_seconds == state.config.waveform_seconds)) {
    state.log.write(LogLevel::Warning, "run",
                    "changes of threads, waveform_seconds, data, [store], [web] and [modbus] take "
                    "effect at the next start; restart to have them");
  }
  state.config.meters = config.meters;
  state.log.write(LogLevel::Info, "run",
                  format("configuration read again; meters unchanged {}, begun {}, stopped {}",
                         kept, begun, stopped));
  return {};
}

void LiveProcess::stop() {
  state_->io.stop();
  state_->web.reset();
  state_->modbus.reset();
  if (state_->fleet) {
    state_->fleet->stop();
  }
  if (state_->store) {
    if (const auto closed = state_->store->close(); !closed) {
      state_->log.write(LogLevel::Error, "store", closed.error().message);
    }
    state_->store.reset();
  }
}

fleet::Fleet& LiveProcess::fleet() { return *state_->fleet; }

std::string LiveProcess::services() const {
  std::string text;
  if (state_->web) {
    text += format("Page        {}\n", state_->web->url());
  }
  if (state_->modbus) {
    text += format("Modbus TCP  {}\n",
                   address_and_port(state_->config.modbus.listen.address, state_->modbus->port()));
  }
  return text;
}

bool LiveProcess::serves() const { return state_->web || state_->modbus; }

bool LiveProcess::alive() {
  auto beats = state_->fleet->heartbeats();
  bool moving = true;
  if (beats.size() == state_->heartbeats.size()) {
    for (std::size_t i = 0; i < beats.size(); ++i) {
      moving = moving && beats[i] != state_->heartbeats[i];
    }
  }
  state_->heartbeats = std::move(beats);
  if (state_->threads_move.exchange(moving) != moving) {
    state_->log.write(moving ? LogLevel::Info : LogLevel::Error, "run",
                      moving ? "the measuring threads work again"
                             : "a measuring thread does not move; if that lasts, restart, and "
                               "report it with what the log said before");
  }
  return moving;
}

Result<std::string> check_run_config(const RunConfig& config) {
  PlanContext context = context_of(std::nullopt);
  using Align = TextTable::Align;
  TextTable table({Align::Right, Align::Left, Align::Left, Align::Left, Align::Left, Align::Right,
                   Align::Left});
  table.row({"unit", "id", "source", "template", "system", "rate", "inputs"});
  std::string warnings;
  if (!context.clock_ok) {
    warnings += format("run: {}\n", clock_warning(context));
  }
  for (const MeterConfig& meter : config.meters) {
    auto live = make_live_plan(meter, context);
    if (!live) {
      return fail(live.error());
    }
    for (const std::string& warning : live->warnings) {
      warnings += format("meter {}: {}\n", meter.id, warning);
    }
    if (auto made = meter::Meter::create(live->plan.setup); !made) {
      return fail(made.error().code, "meter '{}': {}", meter.id, made.error().message);
    }
    const fleet::MeterIdentity& identity = live->plan.identity;
    std::string inputs;
    for (std::size_t i = 0; i < kInputCount; ++i) {
      const auto input = static_cast<Input>(i);
      inputs += identity.inputs.has(input) ? format("{}{}", inputs.empty() ? "" : " ", name(input))
                                           : std::string();
    }
    const double volts = identity.system.nominal_voltage_volts;
    table.row({meter.unit_id == 0 ? "-" : format("{}", meter.unit_id), meter.id,
               identity.source_uri, meter.template_name,
               format("{} {} {:g} Hz", name(identity.system.wiring),
                      is_available(volts) ? format("{:g} V", volts) : std::string("- V"),
                      identity.system.nominal_frequency_hertz),
               format("{:g} Hz", identity.sample_rate_hertz), inputs});
  }
  if (const WebConfig& page = config.web; page.listen.on && !page.certificate_file.empty()) {
    const auto pair = web::load_certificate(page.certificate_file, page.key_file, machine_time());
    if (!pair) {
      return fail(pair.error());
    }
  }
  if (!config.store.folder.empty()) {
    // The folder may not be there yet: then the nearest that is must take it.
    std::filesystem::path folder = std::filesystem::absolute(config.store.folder);
    std::error_code none;
    while (!std::filesystem::exists(folder, none) && folder.has_relative_path()) {
      folder = folder.parent_path();
    }
    if (!std::filesystem::is_directory(folder, none)) {
      return fail(ErrorCode::Machine, "data: {} is no folder; name another", folder.string());
    }
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
      return fail(ErrorCode::Machine,
                  "data: {} cannot be written; change its permissions or name another folder",
                  folder.string());
    }
  }
  const auto address = [](const ListenAddress& listen) {
    return listen.on ? address_and_port(listen.address, listen.port) : std::string("off");
  };
  std::string text = warnings + table.text(0);
  text += format("data    {}\nweb     {}\nmodbus  {}\n",
                 config.store.folder.empty() ? std::string("none") : config.store.folder,
                 address(config.web.listen), address(config.modbus.listen));
  text += format("{}{} meter{}, everything is in order\n",
                 config.file.empty() ? "" : config.file + ": ", config.meters.size(),
                 config.meters.size() == 1 ? "" : "s");
  return text;
}

}  // namespace halfcycle::app

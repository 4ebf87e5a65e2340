// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "app/bench.hpp"
#include "app/measure_options.hpp"
#include "app/options.hpp"
#include "app/terminal.hpp"
#include "base/format.hpp"
#include "base/text.hpp"
#include "fleet/running_meter.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kOptionColumn = 34;
constexpr std::array<std::string_view, 8> kCommands{"analyze", "run",     "simulate", "verify",
                                                    "bench",   "modules", "sources",  "registers"};

// Texts as typed; turned into the option structs once the grammar is known to be right.
struct RawAnalyze {
  AnalyzeOptions options;
  RawMeasure measure;
  std::string every, registers;
  bool json = false, csv = false, html = false;
};

struct RawRun {
  RunOptions options;
  RawMeasure measure;
  std::string speed = "1";
};

void add_measure_options(CLI::App& app, RawMeasure& raw, bool recording) {
  app.add_option("--wiring", raw.wiring, "4w-wye, 3w-wye, delta, single or demo")
      ->type_name("WIRING")
      ->group("System");
  app.add_option("--nominal-voltage", raw.nominal_voltage,
                 "Nominal voltage: line to neutral, for delta line to line")
      ->type_name("V")
      ->group("System");
  app.add_option("--nominal-frequency", raw.nominal_frequency, "50 or 60")
      ->type_name("HZ")
      ->group("System");
  app.add_option("--nominal-current", raw.nominal_current, "Nominal current (TDD refers to it)")
      ->type_name("A")
      ->group("System");
  app.add_option("--dip", raw.dip, "Dip threshold [template: 90]")->type_name("%")->group("Events");
  app.add_option("--swell", raw.swell, "Swell threshold [template: 110]")
      ->type_name("%")
      ->group("Events");
  app.add_option("--interruption", raw.interruption, "Interruption threshold [template: 5]")
      ->type_name("%")
      ->group("Events");
  app.add_option("--hysteresis", raw.hysteresis, "Hysteresis of the thresholds [template: 2]")
      ->type_name("%")
      ->group("Events");
  app.add_option("--signalling", raw.signalling,
                 "Carriers of mains signalling to look for, at most three: 175,316.67")
      ->type_name("HZ,...")
      ->group("Events");
  app.add_option("--calibration", raw.calibration,
                 "Gain, offset and phase of the inputs (docs/formats/calibration.md)")
      ->type_name("FILE")
      ->group("Channels");
  app.add_option("--map", raw.map, "Channels to inputs: V1=UA,V2=UB,I1=#5 (number in the file)")
      ->type_name("INPUT=NAME,...")
      ->group("Channels");
  app.add_option("--set", raw.sets, "Another set of channels: a name from --list-channels")
      ->type_name("NAME,...")
      ->group("Channels");
  app.add_option("--scale", raw.scale, "Further factors: V1=400,I1=10")
      ->type_name("INPUT=FACTOR,...")
      ->group("Channels");
  app.add_option("--invert", raw.invert, "Inputs connected the wrong way round: I1,I2")
      ->type_name("INPUT,...")
      ->group("Channels");
  app.add_option("--side", raw.side, "Convert values to primary or secondary")
      ->type_name("SIDE")
      ->group("Channels");
  app.add_option("--pt", raw.pt, "Voltage transformer, in place of the file's: 230000/115")
      ->type_name("RATIO")
      ->group("Channels");
  app.add_option("--ct", raw.ct, "Current transformer, in place of the file's: 600/5")
      ->type_name("RATIO")
      ->group("Channels");
  if (recording) {
    app.add_option("--from", raw.from, "Start there: seconds from the first sample, or a UTC time")
        ->type_name("TIME")
        ->group("Channels");
    app.add_option("--to", raw.to, "Stop before: seconds from the first sample, or a UTC time")
        ->type_name("TIME")
        ->group("Channels");
  }
  app.add_option("--rate", raw.rate, "Samples a second, where the source does not say (CSV, sv:)")
      ->type_name("HZ")
      ->group("Channels");
}

Result<Invocation> finish_analyze(RawAnalyze& raw) {
  AnalyzeOptions& options = raw.options;
  auto measure = measure_options(raw.measure, WrittenIn::CommandLine);
  if (!measure) {
    return fail(measure.error());
  }
  options.measure = *std::move(measure);
  if (!raw.every.empty()) {
    options.every = metrology::parse_interval(raw.every);
    if (!options.every) {
      constexpr std::array<std::string_view, 7> kNames{
          "half-cycle", "10-12-cycle", "1s", "150-180-cycle", "10s", "10min", "2h"};
      return fail(ErrorCode::Usage,
                  "--every: there is no interval '{}'.{} Choose half-cycle, 10-12-cycle, 1s, "
                  "150-180-cycle, 10s, 10min or 2h",
                  printable(raw.every), did_you_mean(raw.every, kNames));
    }
  }
  options.registers = split_list(raw.registers);
  using Output = AnalyzeOptions::Output;
  options.output = raw.json   ? Output::Json
                   : raw.csv  ? Output::Csv
                   : raw.html ? Output::Html
                              : Output::Summary;
  if (options.every && options.output == Output::Summary && !options.list_channels) {
    return fail(ErrorCode::Usage, "--every is for --json, --csv and --html; add one of them");
  }
  if (options.sources.size() > 1 && options.out_folder.empty() &&
      (options.output == Output::Csv || options.output == Output::Html)) {
    return fail(ErrorCode::Usage,
                "{} of several recordings needs a folder for the files: add --out DIR",
                raw.csv ? "--csv" : "--html");
  }
  return Invocation(std::move(options));
}

Result<Invocation> finish_run(RawRun& raw, const CLI::App& command) {
  RunOptions& options = raw.options;
  auto measure = measure_options(raw.measure, WrittenIn::CommandLine);
  if (!measure) {
    return fail(measure.error());
  }
  options.measure = *std::move(measure);
  const auto speed = parse_speed(raw.speed, WrittenIn::CommandLine);
  if (!speed) {
    return fail(speed.error());
  }
  options.speed = *speed;
  if (auto ok = positive("--duration", options.duration_seconds, "give seconds"); !ok) {
    return fail(ok.error());
  }
  if (command.count("--config") == 0) {
    return Invocation(std::move(options));
  }
  if (options.config.empty()) {
    return fail(ErrorCode::Usage,
                "--config: no file is given; give one, as in --config meter.toml");
  }
  // What the file says of each meter would have two masters.
  constexpr std::array<std::string_view, 7> kAllowed{"--config", "--check",    "--data", "--web",
                                                     "--modbus", "--duration", "--quiet"};
  for (const CLI::Option* option : command.get_options()) {
    const auto names = option->get_lnames();
    if (option->count() == 0 || names.empty()) {
      continue;
    }
    const std::string given = "--" + names.front();
    if (std::find(kAllowed.begin(), kAllowed.end(), given) == kAllowed.end()) {
      return fail(ErrorCode::Usage,
                  "{} is for a single meter; with --config write it into the file, as {} of a "
                  "[[meter]]",
                  given, option_name(WrittenIn::File, names.front()));
    }
  }
  return Invocation(std::move(options));
}

// The first argument that no option of the command takes, with the nearest that one does.
std::string unexpected_argument(CLI::App& command, int argc, const char* const* argv) {
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      known.push_back("--" + name);
    }
  }
  const std::vector<std::string_view> views(known.begin(), known.end());
  for (int i = 2; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.size() < 2 || argument.front() != '-' || parse_number(argument)) {
      continue;
    }
    const std::string_view name = argument.substr(0, argument.find('='));
    if (argument.starts_with("--") ? std::find(known.begin(), known.end(), name) == known.end()
                                   : command.get_option_no_throw(std::string(name)) == nullptr) {
      return format("there is no option '{}'.{}", printable(name), did_you_mean(name, views));
    }
  }
  const auto rest = command.remaining(true);
  return rest.empty() ? std::string("there is an argument too many.")
                      : format("'{}' is not expected here.", printable(rest.front()));
}

}  // namespace

std::string version() { return HC_VERSION; }

Result<Invocation> parse_command_line(int argc, const char* const* argv) {
  CLI::App app{
      "Halfcycle: a revenue and power-quality meter in software. It is certified for nothing.",
      "halfcycle"};
  app.get_formatter()->column_width(kOptionColumn);
  app.set_help_flag("-h,--help", "Show this help");
  bool show_version = false;
  app.add_flag("--version", show_version, "Show the version");
  app.footer(
      "\nExamples:\n"
      "  halfcycle run                                a live meter on the simulated feeder\n"
      "  halfcycle analyze fault.cfg                  what happened in a recording\n"
      "  halfcycle analyze fault.cfg --json           the same for programs\n"
      "  halfcycle COMMAND --help                     options and examples of a command\n"
      "\nExit status: 0 done; 1 the input or setup is wrong; 2 usage; 3 a fault of the machine.");

  const auto command = [&](const char* name, const char* text, const char* examples) {
    CLI::App* sub = app.add_subcommand(name, text);
    sub->get_formatter()->column_width(kOptionColumn);
    sub->footer(std::string("\nExamples:\n") + examples);
    return sub;
  };
  const auto quiet_flag = [](CLI::App* sub, bool& quiet) {
    sub->add_flag("-q,--quiet", quiet, "No progress and no warnings on standard error");
  };

  RawAnalyze analyze;
  CLI::App* analyze_app = command(
      "analyze", "Measure recordings",
      "  halfcycle analyze fault.cfg\n"
      "  halfcycle analyze capture.csv --rate 10000 --nominal-voltage 230\n"
      "  halfcycle analyze fault.cfg --json --every half-cycle --registers 'Vln a,Vln b,Vln c'\n"
      "  halfcycle analyze fault.cfg --json --registers 'V1 HD*'\n"
      "  halfcycle analyze *.cfg --html --out reports\n"
      "  halfcycle analyze station.cfg --list-channels\n"
      "  halfcycle analyze station.cfg --map V1=UA,V2=UB,V3=UC --from 0.5 --to 1.5\n"
      "  halfcycle analyze fault.cfg --side primary --pt 230000/115 --ct 600/5");
  analyze_app
      ->add_option(
          "SOURCE", analyze.options.sources,
          "Files (.cfg .cff .wav .csv) or addresses (comtrade: wav: csv: pqdif: pcap: sim:)")
      ->required();
  {
    CLI::Option* json =
        analyze_app->add_flag("--json", analyze.json, "JSON (several sources: a list)");
    CLI::Option* csv = analyze_app->add_flag("--csv", analyze.csv, "One table (see --every)");
    CLI::Option* html = analyze_app->add_flag("--html", analyze.html, "One self-contained page");
    json->excludes(csv)->excludes(html);
    csv->excludes(html);
  }
  analyze_app->add_option("--out", analyze.options.out_folder, "Write files into this folder")
      ->type_name("DIR");
  analyze_app
      ->add_option("--every", analyze.every,
                   "A series of values: half-cycle, 10-12-cycle, 1s, 150-180-cycle, 10s, 10min, 2h")
      ->type_name("INTERVAL");
  analyze_app
      ->add_option("--registers", analyze.registers,
                   "Labels, '*' stands for anything: 'kW tot,V1 HD*'")
      ->type_name("LABEL,...");
  analyze_app->add_flag("--list-channels", analyze.options.list_channels,
                        "Show what the file holds and how it maps");
  quiet_flag(analyze_app, analyze.options.quiet);
  add_measure_options(*analyze_app, analyze.measure, true);

  RawRun run;
  CLI::App* run_app =
      command("run", "Run live meters: values, page and Modbus",
              "  halfcycle run\n"
              "  halfcycle run --source sim:scenarios/dips.toml --duration 30\n"
              "  halfcycle run --source fault.cfg --speed 10 --web off --modbus off\n"
              "  halfcycle run --source sv:eth0,svid=MU01\n"
              "  halfcycle run --speed max --duration 60 | head -20\n"
              "  halfcycle run --config meter.toml --check\n"
              "  halfcycle run --config meter.toml\n"
              "\nWhat is played flat out (--speed max) neither serves nor keeps anything unless\n"
              "told to, and ends with its source. SIGHUP reads the configuration file again.");
  run_app->add_option("--config", run.options.config, "Meters from a file (docs/running.md)")
      ->type_name("FILE");
  run_app->add_flag("--check", run.options.check, "Check everything, say what was found, and end");
  run_app
      ->add_option("--source", run.options.source, "Where samples come from (the simulated feeder)")
      ->type_name("URI");
  run_app->add_option("--template", run.options.template_name, "Name or file of the template")
      ->type_name("T");
  run_app->add_option("--speed", run.speed, "Against real time: a factor, or max")
      ->type_name("1|10|max")
      ->capture_default_str();
  run_app->add_option("--duration", run.options.duration_seconds, "Stop after so much signal")
      ->type_name("S");
  run_app->add_option("--data", run.options.data, "Folder of the store, or none (the state folder)")
      ->type_name("DIR");
  run_app->add_option("--web", run.options.web, "Page and API, or off (127.0.0.1:8443)")
      ->type_name("ADDR:PORT");
  run_app->add_option("--modbus", run.options.modbus, "Modbus TCP, or off (127.0.0.1:1502)")
      ->type_name("ADDR:PORT");
  run_app->add_option("--threads", run.options.threads, "Measuring threads (one a core)")
      ->type_name("N");
  run_app->add_flag("-q,--quiet", run.options.quiet, "No values; only events, warnings and errors");
  add_measure_options(*run_app, run.measure, true);

  SimulateOptions simulate;
  CLI::App* simulate_app =
      command("simulate", "Write a recording of a scenario and its exact truth",
              "  halfcycle simulate scenarios/dips.toml --out dips.cfg\n"
              "  halfcycle simulate feeder.toml --out feeder.wav --duration 60 --rate 25600\n"
              "  halfcycle simulate fault --out fault.cff --format float32\n"
              "\nBeside FILE it writes FILE.truth.json with the exact values.");
  simulate_app->add_option("SCENARIO", simulate.scenario, "TOML file")->required();
  simulate_app
      ->add_option("--out", simulate.out,
                   "File to write; its extension decides: .cfg .cff .wav .csv")
      ->type_name("FILE")
      ->required();
  simulate_app
      ->add_option(
          "--format", simulate.format,
          "COMTRADE data: ascii, binary, binary32 or float32; WAV: pcm16, pcm24, pcm32 or float32")
      ->type_name("FORMAT");
  simulate_app
      ->add_option("--duration", simulate.duration_seconds, "Seconds, in place of the scenario's")
      ->type_name("S");
  simulate_app
      ->add_option("--rate", simulate.rate_hertz, "Samples a second, in place of the scenario's")
      ->type_name("HZ");
  quiet_flag(simulate_app, simulate.quiet);

  VerifyOptions verify;
  CLI::App* verify_app = command("verify", "Check the algorithms against exact signals",
                                 "  halfcycle verify\n"
                                 "  halfcycle verify --json\n"
                                 "\nExit status 1 if a row fails. It certifies no instrument.");
  CLI::Option* verify_json = verify_app->add_flag("--json", verify.json, "A list of rows");
  verify_app->add_flag("--markdown", verify.markdown, "docs/accuracy.md")->excludes(verify_json);
  quiet_flag(verify_app, verify.quiet);

  BenchOptions bench;
  CLI::App* bench_app = command("bench", "How many meters this machine carries",
                                "  halfcycle bench\n"
                                "  halfcycle bench --meters 100 --seconds 5 --json\n"
                                "  halfcycle bench --meters 50 --threads 2\n"
                                "  halfcycle bench --meters 1000 --seconds 1 --at-once 20");
  bench_app->add_option("--meters", bench.meters, "Meters at once")
      ->type_name("N")
      ->capture_default_str();
  bench_app->add_option("--seconds", bench.seconds, "Signal for each")
      ->type_name("S")
      ->capture_default_str();
  bench_app->add_option("--threads", bench.threads, "Measuring threads, meters dealt out to them")
      ->type_name("N")
      ->capture_default_str();
  bench_app->add_option("--rate", bench.rate_hertz, "Samples a second")
      ->type_name("HZ")
      ->capture_default_str();
  bench_app
      ->add_option("--at-once", bench.at_once,
                   "Half cycles that a meter takes at once, to 20; a process whose threads are "
                   "busy takes several")
      ->type_name("N")
      ->capture_default_str();
  bench_app->add_option("--channels", bench.channels, "6: V1 to V3 and I1 to I3; 7: I4 too")
      ->type_name("N")
      ->capture_default_str();
  bench_app->add_flag("--json", bench.json, "For programs");
  quiet_flag(bench_app, bench.quiet);

  ModulesOptions modules;
  CLI::App* modules_app = command("modules", "The catalogue of module types",
                                  "  halfcycle modules\n"
                                  "  halfcycle modules PowerMeter\n"
                                  "  halfcycle modules --markdown docs/modules");
  modules_app->add_option("TYPE", modules.type, "One type in detail");
  modules_app->add_option("--markdown", modules.markdown_folder, "Write the reference pages there")
      ->type_name("DIR");

  CLI::App* sources_app = command("sources", "Where samples can come from", "  halfcycle sources");

  RegistersOptions registers;
  CLI::App* registers_app = command("registers", "Registers, their units and meaning",
                                    "  halfcycle registers\n"
                                    "  halfcycle registers --template standard");
  registers_app->add_option("--template", registers.template_name, "Those of a template")
      ->type_name("T");

  // "help analyze" is "analyze --help".
  std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (!arguments.empty() && arguments[0] == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  if (arguments.empty()) {
    std::string commands;
    for (const std::string_view name : kCommands) {
      commands += commands.empty() ? std::string(name) : format(", {}", name);
    }
    return fail(ErrorCode::Usage, "what shall it do? Commands are {}; 'halfcycle --help' says more",
                commands);
  }
  if (arguments[0].empty() || arguments[0].front() != '-') {
    if (std::find(kCommands.begin(), kCommands.end(), arguments[0]) == kCommands.end()) {
      return fail(ErrorCode::Usage, "there is no command '{}'.{} 'halfcycle --help' lists them",
                  printable(arguments[0]), did_you_mean(arguments[0], kCommands));
    }
  }
  CLI::App* chosen = nullptr;
  for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) {
    chosen = sub->get_name() == arguments[0] ? sub : chosen;
  }
  const std::string hint =
      format("'halfcycle {}{}--help' shows what is possible", chosen != nullptr ? arguments[0] : "",
             chosen != nullptr ? " " : "");
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return Invocation(PrintText{chosen != nullptr ? chosen->help("halfcycle") : app.help()});
  } catch (const CLI::ExtrasError&) {
    return fail(ErrorCode::Usage, "{} {}",
                unexpected_argument(chosen != nullptr ? *chosen : app, argc, argv), hint);
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::Usage, "{}. {}", printable(error.what()), hint);
  }
  if (show_version) {
    return Invocation(PrintText{format("halfcycle {}\n", version())});
  }

  if (chosen == analyze_app) {
    return finish_analyze(analyze);
  }
  if (chosen == run_app) {
    if (run_app->count("--source") > 0 && run.options.source.empty()) {
      return fail(ErrorCode::Usage,
                  "--source: no source is given; give one, as in --source sim:feeder");
    }
    return finish_run(run, *run_app);
  }
  if (chosen == simulate_app) {
    for (const auto& ok : {positive("--duration", simulate.duration_seconds, "give seconds"),
                           positive("--rate", simulate.rate_hertz, "give samples a second")}) {
      if (!ok) {
        return fail(ok.error());
      }
    }
    return Invocation(std::move(simulate));
  }
  if (chosen == verify_app) {
    return Invocation(verify);
  }
  if (chosen == bench_app) {
    if (bench.meters < 1 || bench.meters > 10000 || !(bench.seconds > 0.0) ||
        bench.seconds > 3600.0) {
      return fail(ErrorCode::InvalidSetup,
                  "bench takes 1 to 10000 meters and up to 3600 seconds of signal");
    }
    if (bench.threads < 1 || bench.threads > 256 || bench.channels < 6 || bench.channels > 7 ||
        bench.at_once < 1 || bench.at_once > fleet::kMostHalfCyclesAtOnce ||
        !(bench.rate_hertz >= 1000.0 && bench.rate_hertz <= 200000.0) ||
        std::fmod(bench.rate_hertz, 100.0) != 0.0) {
      return fail(ErrorCode::InvalidSetup,
                  "bench takes 1 to 256 threads, 6 or 7 channels, 1 to {} half cycles at once and "
                  "1000 to 200000 samples a second, a multiple of 100",
                  fleet::kMostHalfCyclesAtOnce);
    }
    return Invocation(bench);
  }
  if (chosen == modules_app) {
    return Invocation(std::move(modules));
  }
  if (chosen == sources_app) {
    return Invocation(SourcesOptions{});
  }
  if (chosen == registers_app) {
    return Invocation(std::move(registers));
  }
  return fail(ErrorCode::Usage, "give a command. {}", hint);
}

}  // namespace halfcycle::app

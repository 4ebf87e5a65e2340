// SPDX-License-Identifier: Apache-2.0
// halfcycle analyze: recordings through the meter, results as a summary, JSON, CSV or HTML.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "app/analysis.hpp"
#include "app/analysis_output.hpp"
#include "app/commands.hpp"
#include "app/html_report.hpp"
#include "app/interrupt.hpp"
#include "app/number_text.hpp"
#include "app/output.hpp"
#include "app/text_table.hpp"
#include "base/format.hpp"
#include "source/open.hpp"
#include "source/simulator.hpp"

namespace halfcycle::app {
namespace {

using Output = AnalyzeOptions::Output;

// Levels of the JSON that are spread over lines: each register, channel list and event has its own.
constexpr int kJsonIndent = 2;

std::string side_letter(Side side) {
  switch (side) {
    case Side::Primary:
      return "P";
    case Side::Secondary:
      return "S";
    case Side::Mixed:
      return "P/S";
    case Side::Unknown:
      break;
  }
  return "?";
}

std::string figure(double value, bool unicode) {
  return std::isfinite(value) ? format("{:.5g}", value) : std::string(not_available_text(unicode));
}

std::string render_listing(const source::ChannelListing& listing, const Screen& screen) {
  using Align = TextTable::Align;
  std::string out = styled(screen, Style::Bold, printable(listing.info.uri)) + '\n';
  out += format("  {}{}{}\n\n", listing.info.format, listing.info.station.empty() ? "" : ", ",
                printable(listing.info.station));
  TextTable channels({Align::Right, Align::Left, Align::Left, Align::Left, Align::Left, Align::Left,
                      Align::Right, Align::Right, Align::Right, Align::Right, Align::Left});
  channels.row(
      {"#", "name", "phase", "circuit", "unit", "side", "ratio", "min", "rms", "max", "input"});
  for (const source::ListedChannel& channel : listing.channels) {
    const bool ratio = channel.primary != channel.secondary;
    channels.row({format("{}", channel.number),
                  shortened(printable(channel.name), 28, screen.unicode), printable(channel.phase),
                  shortened(printable(channel.component), 16, screen.unicode),
                  printable(channel.unit), side_letter(channel.side),
                  ratio ? format("{:g}/{:g}", channel.primary, channel.secondary) : "",
                  figure(channel.minimum, screen.unicode), figure(channel.rms, screen.unicode),
                  figure(channel.maximum, screen.unicode),
                  channel.input ? styled(screen, Style::Bold, name(*channel.input)) : ""});
  }
  out += channels.text(2);
  if (!listing.sets.empty()) {
    out += "\nSets (--set NAME takes another one)\n";
    TextTable sets({Align::Left, Align::Left, Align::Left, Align::Left});
    for (const source::ListedSet& set : listing.sets) {
      std::string members;
      for (const std::size_t number : set.channels) {
        members += format("{}#{}", members.empty() ? "" : " ", number);
      }
      using Kind = source::ChannelSet::Kind;
      sets.row(
          {printable(set.name),
           set.kind == Kind::Currents       ? "currents"
           : set.kind == Kind::LineVoltages ? "line-to-line voltages"
                                            : "phase voltages",
           members,
           set.chosen ? styled(screen, Style::Bold, "taken") : (set.complete ? "" : "incomplete")});
    }
    out += sets.text(2);
  }
  for (const std::string& warning : listing.info.warnings) {
    out += "  " + styled(screen, Style::Yellow, printable(warning)) + '\n';
  }
  return out;
}

void write_listing_json(JsonWriter& json, const source::ChannelListing& listing) {
  json.begin_object();
  json.key("uri").string(listing.info.uri);
  json.key("format").string(listing.info.format);
  json.key("station").string(listing.info.station);
  json.key("channels").begin_list();
  for (const source::ListedChannel& channel : listing.channels) {
    json.begin_object();
    json.key("number").integer(channel.number);
    json.key("name").string(channel.name);
    json.key("phase").string(channel.phase);
    json.key("component").string(channel.component);
    json.key("unit").string(channel.unit);
    json.key("primary").number(channel.primary);
    json.key("secondary").number(channel.secondary);
    json.key("min").number(channel.minimum);
    json.key("rms").number(channel.rms);
    json.key("max").number(channel.maximum);
    json.key("input");
    if (channel.input) {
      json.string(name(*channel.input));
    } else {
      json.null();
    }
    json.key("scale").number(channel.scale);
    json.end_object();
  }
  json.end_list();
  json.key("sets").begin_list();
  for (const source::ListedSet& set : listing.sets) {
    json.begin_object();
    json.key("name").string(set.name);
    json.key("channels").begin_list();
    for (const std::size_t number : set.channels) {
      json.integer(number);
    }
    json.end_list();
    json.key("complete").boolean(set.complete);
    json.key("chosen").boolean(set.chosen);
    json.end_object();
  }
  json.end_list();
  json.key("warnings").begin_list();
  for (const std::string& warning : listing.info.warnings) {
    json.string(warning);
  }
  json.end_list();
  json.end_object();
}

void complain(const Error& error) {
  const Screen screen = detect_screen(STDERR_FILENO);
  print_message(
      format("{} {}", styled(screen, Style::Red, "halfcycle:"), printable(error.message)));
}

int status_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::Usage:
      return 2;
    case ErrorCode::Machine:
      return 3;
    default:
      return 1;
  }
}

std::string_view extension(Output output) {
  switch (output) {
    case Output::Json:
      return ".json";
    case Output::Csv:
      return ".csv";
    case Output::Html:
      return ".html";
    case Output::Summary:
      break;
  }
  return ".txt";
}

// A simulator has no end of its own: --to SECONDS is the duration that it plays.
Result<std::unique_ptr<source::Source>> open_for_analysis(const std::string& uri,
                                                          const source::OpenOptions& options) {
  if (!uri.starts_with("sim:") || !options.to || options.to->at || options.from) {
    return source::open_source(uri, options);
  }
  source::SimulatorOverrides overrides;
  overrides.rate_hertz = options.rate_hertz;
  overrides.duration_seconds = options.to->from_start.to_seconds();
  if (!(*overrides.duration_seconds > 0.0)) {
    return fail(ErrorCode::InvalidSetup, "{}: --to must be more than 0 seconds", uri);
  }
  return source::open_simulator(uri, overrides);
}

// One recording after another; a bad one does not keep the others from being measured.
class Analyzer {
 public:
  explicit Analyzer(const AnalyzeOptions& options)
      : options_(options), screen_(detect_screen(STDOUT_FILENO)) {
    if (!options_.out_folder.empty()) {
      screen_.colour = false;
    }
  }

  Result<int> run() {
    if (!options_.out_folder.empty()) {
      if (auto made = make_folder(options_.out_folder); !made) {
        return fail(made.error());
      }
    }
    const bool list = options_.output == Output::Json && options_.sources.size() > 1 &&
                      options_.out_folder.empty();
    int status = 0;
    bool first = true;
    for (const std::string& uri : options_.sources) {
      auto text = options_.list_channels ? listing(uri) : result(uri);
      if (!text) {
        if (text.error().code == ErrorCode::Interrupted || options_.sources.size() == 1) {
          return fail(text.error());
        }
        complain(text.error());
        status = std::max(status, status_of(text.error()));
        continue;
      }
      if (!options_.out_folder.empty()) {
        if (auto written = to_folder(uri, *text); !written) {
          return fail(written.error());
        }
        continue;
      }
      if (list) {
        *text = (first ? "[" : ",\n") + *text;
      } else if (!first) {
        *text = '\n' + *text;
      }
      first = false;
      if (!out_.write(*text)) {
        break;
      }
    }
    if (list) {
      out_.write(first ? "[]\n" : "]\n");
    } else if (options_.output == Output::Json && !first) {
      out_.write("\n");
    }
    if (auto closed = out_.close(); !closed) {
      return fail(closed.error());
    }
    return status;
  }

 private:
  Result<std::string> listing(const std::string& uri) {
    auto listing = source::list_channels(uri, options_.measure.open);
    if (!listing) {
      return fail(listing.error());
    }
    if (options_.output == Output::Json) {
      JsonWriter json(kJsonIndent);
      write_listing_json(json, *listing);
      return json.take();
    }
    return render_listing(*listing, screen_);
  }

  Result<std::string> result(const std::string& uri) {
    Progress progress(!options_.quiet, format("halfcycle: {}", printable(uri)));
    progress.show(-1.0, "reading");
    auto source = open_for_analysis(uri, options_.measure.open);
    if (!source) {
      return fail(source.error());
    }
    if ((*source)->info().duration_seconds <= 0.0 && (*source)->info().sample_count == 0 &&
        !options_.measure.open.to) {
      return fail(ErrorCode::InvalidInput,
                  "{}: has no end; give one with --to SECONDS, or use 'halfcycle run'", uri);
    }
    AnalysisRequest request;
    request.measure = options_.measure;
    request.series = options_.every;
    if (options_.output == Output::Csv && !request.series) {
      request.series = metrology::Interval::TenTwelveCycle;
    }
    const bool people = options_.output == Output::Summary || options_.output == Output::Html;
    request.registers = options_.registers;
    request.core_registers = people;
    request.pictures = people;
    request.spectra = options_.output == Output::Html;
    request.progress = [&](double share) { progress.show(share); };
    request.stop = [] { return stop_requested(); };
    auto data = analyze(*std::move(source), request);
    progress.clear();
    if (!data) {
      return fail(data.error());
    }
    if (!options_.quiet && options_.output == Output::Csv) {
      for (const std::string& warning : data->warnings) {
        print_message(format("halfcycle: warning: {}", printable(warning)));
      }
    }
    switch (options_.output) {
      case Output::Csv:
        return render_csv(*data);
      case Output::Html:
        return render_html_report(*data);
      case Output::Summary:
        return render_summary(*data, screen_);
      case Output::Json:
        break;
    }
    JsonWriter json(kJsonIndent);
    write_json(json, *data);
    return json.take();
  }

  Result<void> to_folder(const std::string& uri, std::string& text) {
    const std::string stem = stem_of_source(uri);
    // Recordings of one name from several folders do not overwrite each other.
    std::string name = stem;
    for (int number = 2; !names_.insert(name).second; ++number) {
      name = format("{}-{}", stem, number);
    }
    if (options_.output == Output::Json) {
      text += '\n';
    }
    const std::string path =
        format("{}/{}{}", options_.out_folder, name, extension(options_.output));
    auto written = write_file(path, text);
    if (written && !options_.quiet) {
      print_message(printable(path));
    }
    return written;
  }

  const AnalyzeOptions& options_;
  Screen screen_;
  StandardOutput out_;
  std::set<std::string> names_;
};

}  // namespace

Result<int> run_command(const AnalyzeOptions& options) {
  if (options.output == Output::Html && options.out_folder.empty() && !options.list_channels &&
      detect_screen(STDOUT_FILENO).terminal) {
    return fail(ErrorCode::Usage,
                "--html writes a page: add --out DIR, or redirect it (> report.html)");
  }
  return Analyzer(options).run();
}

}  // namespace halfcycle::app

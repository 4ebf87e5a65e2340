// SPDX-License-Identifier: Apache-2.0
#include "source/open.hpp"

#include <algorithm>
#include <cmath>

#include "base/quality.hpp"
#include "base/text.hpp"
#include "source/recording_file.hpp"
#include "source/recording_source.hpp"
#include "source/simulator.hpp"
#include "source/sv_source.hpp"

namespace halfcycle::source {
namespace {

enum class Kind { Path, Comtrade, Wav, Csv, Simulator, Capture, Pqdif, Interface };

struct Address {
  Kind kind = Kind::Path;
  std::string rest;
  formats::SvChoice stream;  // of a capture or an interface
};

struct Later {
  std::string_view scheme;
  std::string_view what;
  std::string_view instead;
};

constexpr std::array<Later, 2> kLater{{
    {"iio", "a converter of the Linux industrial I/O system",
     "record it (iio_readdev) and give the samples as WAV or CSV"},
    {"alsa", "a sound device",
     "record it (arecord -f S32_LE -r 48000 out.wav) and give the WAV file"},
}};

Result<Address> parse_address(std::string_view uri) {
  if (trim(uri).empty()) {
    return fail(ErrorCode::Usage,
                "no source is given; give a recording, as in fault.cfg, or "
                "sim:SCENARIO.toml");
  }
  if (uri == "-") {
    return fail(ErrorCode::InvalidInput,
                "standard input cannot be a source: recordings are read from files, forwards and "
                "backwards. Save it to a file first");
  }
  const auto colon = uri.find(':');
  const std::string scheme = colon == std::string_view::npos ? "" : to_lower(uri.substr(0, colon));
  const bool is_scheme = scheme.size() > 1 && std::all_of(scheme.begin(), scheme.end(), [](char c) {
                           return c >= 'a' && c <= 'z';
                         });
  if (!is_scheme) {
    return Address{Kind::Path, std::string(uri), {}};
  }
  const std::string rest(uri.substr(colon + 1));
  struct Name {
    std::string_view scheme;
    Kind kind;
  };
  constexpr std::array<Name, 8> kNames{{{"comtrade", Kind::Comtrade},
                                        {"pcap", Kind::Capture},
                                        {"sv", Kind::Interface},
                                        {"pqdif", Kind::Pqdif},
                                        {"wav", Kind::Wav},
                                        {"csv", Kind::Csv},
                                        {"sim", Kind::Simulator},
                                        {"file", Kind::Path}}};
  for (const Name& known : kNames) {
    if (scheme != known.scheme) {
      continue;
    }
    Address address{known.kind, rest, {}};
    if (known.kind == Kind::Capture || known.kind == Kind::Interface) {
      auto parsed = parse_sv_address(rest, uri);
      if (!parsed) {
        return fail(parsed.error());
      }
      address.rest = std::move(parsed->place);
      address.stream = std::move(parsed->choice);
    }
    if (address.rest.empty()) {
      return known.kind == Kind::Interface
                 ? fail(ErrorCode::Usage, "'{}' names no interface; write sv:eth0", uri)
                 : fail(ErrorCode::Usage, "'{}' names no file; write {}:PATH", uri, scheme);
    }
    if (known.kind == Kind::Path && rest.substr(0, 2) == "//") {
      address.rest = rest.substr(2);
    }
    return address;
  }
  for (const Later& later : kLater) {
    if (scheme == later.scheme) {
      return fail(ErrorCode::InvalidInput,
                  "{}: {}; this version cannot read it, a later one will. Until then {}", uri,
                  later.what, later.instead);
    }
  }
  constexpr std::array<std::string_view, 10> kSchemes{"comtrade", "wav",   "csv", "sim",  "pcap",
                                                      "sv",       "pqdif", "iio", "alsa", "file"};
  if (rest.substr(0, 2) == "//" || !did_you_mean(scheme, kSchemes).empty()) {
    return fail(ErrorCode::Usage,
                "'{}': there is no kind of source '{}:'.{} There are comtrade:, wav:, csv:, "
                "pqdif:, pcap:, sv: and sim:, or a plain path",
                uri, scheme, did_you_mean(scheme, kSchemes));
  }
  return Address{Kind::Path, std::string(uri), {}};  // a path with a colon in it
}

bool is_scenario(std::string_view path) {
  return path.size() > 5 && equals_ignoring_case(path.substr(path.size() - 5), ".toml");
}

/// Takes a set that names a stream of a capture out of options: it has done its work then.
Result<formats::Recording> read_at(const Address& address, std::string_view uri,
                                   OpenOptions& options) {
  if (address.kind == Kind::Interface) {
    return listen_for_stream({address.rest, address.stream}, uri, options.rate_hertz);
  }
  RecordingFileOptions file{.format = {},
                            .rate_hertz = options.rate_hertz,
                            .streams = options.mapping.sets,
                            .stream = address.stream};
  if (address.kind == Kind::Comtrade) {
    file.format = RecordingFormat::Comtrade;
  } else if (address.kind == Kind::Wav) {
    file.format = RecordingFormat::Wav;
  } else if (address.kind == Kind::Csv) {
    file.format = RecordingFormat::Csv;
  } else if (address.kind == Kind::Pqdif) {
    file.format = RecordingFormat::Pqdif;
  } else if (address.kind == Kind::Capture) {
    file.format = RecordingFormat::Capture;
  }
  std::optional<std::string> stream;
  auto recording = read_recording_file(address.rest, file, &stream);
  if (stream) {
    std::erase(options.mapping.sets, *stream);
  }
  if (recording && options.rate_hertz && recording->format != "csv" &&
      recording->segments.front().rate_hertz != *options.rate_hertz) {
    recording->warnings.push_back(
        format("{}: --rate {:g} is not used: the file itself says {:g} Hz", address.rest,
               *options.rate_hertz, recording->segments.front().rate_hertz));
  }
  return recording;
}

/// minimum, r.m.s. and maximum over all samples.
void measure(const formats::Recording& recording, ListedChannel& listed) {
  constexpr std::uint64_t kBlock = 16384;
  std::vector<float> samples;
  double sum = 0.0;
  std::uint64_t present = 0;
  listed.minimum = listed.rms = listed.maximum = kNotAvailable;
  for (std::uint64_t first = 0; first < recording.sample_count; first += kBlock) {
    samples.resize(static_cast<std::size_t>(std::min(kBlock, recording.sample_count - first)));
    recording.samples->read_analog(listed.number - 1, first, samples);
    for (const float sample : samples) {
      if (std::isnan(sample)) {
        continue;
      }
      const auto x = static_cast<double>(sample);
      listed.minimum = present == 0 ? x : std::min(listed.minimum, x);
      listed.maximum = present == 0 ? x : std::max(listed.maximum, x);
      sum += x * x;
      ++present;
    }
  }
  if (present > 0) {
    listed.rms = std::sqrt(sum / static_cast<double>(present));
  }
}

ChannelListing list_simulator(const Source& simulator) {
  ChannelListing listing;
  listing.info = simulator.info();
  for (const MappedChannel& channel : listing.info.channels) {
    ListedChannel listed;
    listed.number = listing.channels.size() + 1;
    listed.name = channel.name;
    listed.unit = channel.unit;
    listed.side = listing.info.side;
    listed.minimum = listed.rms = listed.maximum = kNotAvailable;
    listed.input = channel.input;
    listed.scale = channel.scale;
    listing.channels.push_back(std::move(listed));
  }
  return listing;
}

Result<std::unique_ptr<Source>> play(const std::string& scenario, const OpenOptions& options) {
  struct Given {
    std::string_view option;
    bool given;
  };
  for (const Given& no :
       {Given{"--map", !options.mapping.map.empty()}, Given{"--set", !options.mapping.sets.empty()},
        Given{"--from", options.from.has_value()}, Given{"--to", options.to.has_value()},
        Given{"--side", options.side.has_value()}, Given{"--scale", !options.scales.empty()},
        Given{"inverted inputs", !options.inverted.empty()}}) {
    if (no.given) {
      return fail(ErrorCode::InvalidSetup,
                  "{}: {} is for recordings; a simulator makes what its scenario says", scenario,
                  no.option);
    }
  }
  return open_simulator(scenario, {.rate_hertz = options.rate_hertz,
                                   .duration_seconds = options.duration_seconds,
                                   .start = {}});
}

void list_sets(const formats::Recording& recording, const OpenOptions& options,
               ChannelListing& listing) {
  const auto readings = read_channels(recording.analogs);
  const auto mapping = map_channels(recording.analogs, options.mapping);
  const auto sets = find_sets(recording.analogs, readings);
  for (std::size_t i = 0; i < sets.size(); ++i) {
    ListedSet listed{.name = sets[i].name,
                     .kind = sets[i].kind,
                     .channels = {},
                     .complete = sets[i].complete,
                     .chosen = mapping && (mapping->voltage_set == i || mapping->current_set == i)};
    for (const auto& c : {sets[i].channels[0], sets[i].channels[1], sets[i].channels[2],
                          sets[i].fourth, sets[i].fifth}) {
      if (c) {
        listed.channels.push_back(*c + 1);
      }
    }
    listing.sets.push_back(std::move(listed));
  }
}

/// What the source takes, which may be less than the names suggest.
void list_inputs(ChannelListing& listing) {
  for (const MappedChannel& mapped : listing.info.channels) {
    for (ListedChannel& listed : listing.channels) {
      if (listed.number == mapped.number) {
        listed.input = mapped.input;
        listed.scale = mapped.scale;
        break;
      }
    }
  }
}

}  // namespace

namespace {
Result<std::unique_ptr<Source>> open_raw(std::string_view uri, const OpenOptions& given) {
  OpenOptions options = given;
  auto address = parse_address(uri);
  if (!address) {
    return fail(address.error());
  }
  if (address->kind == Kind::Simulator ||
      (address->kind == Kind::Path && is_scenario(address->rest))) {
    return play(address->rest, options);
  }
  if (address->kind == Kind::Interface) {
    return open_sv_source(uri, {address->rest, address->stream}, options);
  }
  auto recording = read_at(*address, uri, options);
  if (!recording) {
    return fail(recording.error());
  }
  return make_recording_source(std::move(*recording), std::string(uri), options);
}
}  // namespace

Result<std::unique_ptr<Source>> open_source(std::string_view uri, const OpenOptions& options) {
  auto source = open_raw(uri, options);
  if (source && options.calibration) {
    return calibrate(std::move(*source), *options.calibration);
  }
  return source;
}

Result<ChannelListing> list_channels(std::string_view uri, const OpenOptions& given) {
  OpenOptions options = given;
  auto address = parse_address(uri);
  if (!address) {
    return fail(address.error());
  }
  if (address->kind == Kind::Simulator ||
      (address->kind == Kind::Path && is_scenario(address->rest))) {
    auto simulator = play(address->rest, options);
    if (!simulator) {
      return fail(simulator.error());
    }
    return list_simulator(**simulator);
  }
  auto recording = read_at(*address, uri, options);
  if (!recording) {
    return fail(recording.error());
  }
  ChannelListing listing;
  if (auto source = make_recording_source(*recording, std::string(uri), options)) {
    listing.info = (*source)->info();
  } else if (source.error().code == ErrorCode::InvalidSetup) {
    return fail(source.error());
  } else {
    listing.info.uri = std::string(uri);
    listing.info.format = recording->format;
    listing.info.station = recording->station;
    listing.info.device = recording->device;
    listing.info.start = recording->start;
    listing.info.duration_seconds = recording->duration().to_seconds();
    listing.info.sample_count = recording->sample_count;
    listing.info.warnings = recording->warnings;
    listing.info.warnings.push_back(source.error().message);
  }
  for (const auto& channel : recording->analogs) {
    ListedChannel listed{.number = listing.channels.size() + 1,
                         .name = std::string(trim(channel.name)),
                         .phase = std::string(trim(channel.phase)),
                         .component = std::string(trim(channel.component)),
                         .unit = std::string(trim(channel.unit)),
                         .side = channel.side,
                         .primary = channel.primary,
                         .secondary = channel.secondary,
                         .minimum = kNotAvailable,
                         .rms = kNotAvailable,
                         .maximum = kNotAvailable,
                         .input = {},
                         .scale = 1.0};
    measure(*recording, listed);
    listing.channels.push_back(std::move(listed));
  }
  list_sets(*recording, options, listing);
  list_inputs(listing);
  return listing;
}

std::vector<SourceKind> source_kinds() {
  return {
      {"PATH", "a recording; the format is told by its contents and suffix", true},
      {"comtrade:PATH", "COMTRADE 1991, 1999, 2013: .cfg with .dat, or .cff", true},
      {"wav:PATH", "WAVE: PCM of 16, 24, 32 bits, 32-bit float", true},
      {"csv:PATH", "a table with a column per channel", true},
      {"sim:PATH", "the simulated grid of a scenario (TOML)", true},
      {"pcap:PATH",
       "sampled values (IEC 61850-9-2) in a pcap or pcapng capture; "
       "PATH,svid=MU01,appid=0x4000 chooses a stream",
       true},
      {"sv:INTERFACE", "the same from the network, live: sv:eth0,svid=MU01,appid=0x4000", true},
      {"pqdif:PATH", "PQDIF (IEEE 1159.3): the waveforms of all observations", true},
      {"iio:DEVICE", "a converter of the Linux industrial I/O system", false},
      {"alsa:DEVICE", "a sound device", false},
  };
}

}  // namespace halfcycle::source

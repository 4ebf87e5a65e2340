// SPDX-License-Identifier: Apache-2.0
#include "source/sv_source.hpp"

#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "formats/planar_store.hpp"
#include "formats/sv_sequence.hpp"
#include "source/recording_source.hpp"
#include "source/sv_listen.hpp"

namespace halfcycle::source {
namespace {

using formats::SvAsdu;
using formats::SvFrame;
using formats::SvPlace;
namespace sv_quality = formats::sv_quality;

constexpr std::size_t kMostFrames = 4096;  // of one block
constexpr double kPatienceSeconds = 3.0;   // for the first frame
constexpr double kListenSeconds = 0.3;
constexpr double kWrapSeconds = 1.3;           // in which smpCnt begins anew
constexpr double kKnownPatienceSeconds = 0.5;  // where the rate was given
constexpr double kRingSeconds = 4.0;           // of frames that wait to be read
constexpr std::size_t kRingSpareBytes = 64;    // a svID may grow
constexpr int kClockSeconds = 16;              // between two looks at this machine's clock
constexpr std::size_t kChannelsOf92Le = 8;

// Nobody keeps this machine's clock on time. Where the kernel may not be asked (a service without
// the calls of @clock) nothing is known to be wrong.
bool machine_clock_is_off() {
  timex state{};
  return adjtimex(&state) == TIME_ERROR && (state.status & STA_UNSYNC) != 0;
}

// One second of samples as its quality bits, its clock and its frames were.
struct Picture {
  struct Channel {
    std::uint32_t missing = 0;
    std::uint32_t doubtful = 0;
    bool operator==(const Channel&) const = default;
  };
  std::array<Channel, kMaxLanes> channels{};
  bool no_clock = false;
  bool local_clock = false;
  bool second_unknown = false;
  bool repeated = false;
  bool late = false;
  bool malformed = false;
  bool simulated = false;
  bool operator==(const Picture&) const = default;
};

class SvSource final : public Source {
 public:
  SvSource(SvStreamSetup setup, std::unique_ptr<FrameFeed> feed, Reopen reopen,
           std::shared_ptr<std::atomic<bool>> refused)
      : setup_(std::move(setup)),
        feed_(std::move(feed)),
        reopen_(std::move(reopen)),
        refused_(std::move(refused)),
        sequence_(setup_.rate) {
    const auto analogs = formats::sv_channels(setup_.channels);
    for (const MappedChannel& channel : setup_.info.channels) {
      inputs_.add(channel.input);
      lanes_.push_back({.lane = lane(channel.input),
                        .channel = channel.number - 1,
                        .factor = analogs[channel.number - 1].a,
                        .scale = channel.scale,
                        .name = channel.name});
    }
    lane_count_ = inputs_.has(Input::I5) ? kMaxLanes : 8;
    frames_.assign(kMostFrames * lane_count_, 0.0F);
    look_at_clock();
  }

  [[nodiscard]] const SourceInfo& info() const override { return setup_.info; }
  [[nodiscard]] std::string_view notice() const override { return notice_; }
  [[nodiscard]] Reopen reopen() const override { return reopen_; }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    const std::size_t most = std::clamp<std::size_t>(max_frames, 1, kMostFrames);
    SampleBlock block;
    block.frames = frames_.data();
    block.lanes = lane_count_;
    block.inputs = inputs_;
    while (block.frame_count < most) {
      const SvAsdu* asdu = next_sample();
      if (asdu == nullptr) {
        break;
      }
      if (strange_ > setup_.rate / 10) {
        refused_->store(true, std::memory_order_relaxed);
        return fail(ErrorCode::InvalidInput,
                    "{}: the stream is another one now: {} channels, smpCnt {}, and not {} "
                    "channels of {} samples a second; restart the program to measure it",
                    setup_.uri, asdu->channels(), asdu->smp_cnt, setup_.channels, setup_.rate);
      }
      if (!place_) {
        continue;
      }
      const bool begins = place_->kind != SvPlace::Kind::Next;
      if (block.frame_count > 0 && (begins || !(place_->quality == quality_))) {
        break;  // it is the first of the next block
      }
      if (begins) {
        begin(*place_, block);
      }
      quality_ = place_->quality;
      if (block.frame_count == 0) {
        block.first_index = next_index_;
      }
      take(*asdu, frames_.data() + block.frame_count * lane_count_);
      ++block.frame_count;
      ++next_index_;
      ++at_;
      place_.reset();
    }
    block.time = map_;
    block.time_quality = quality_;
    return block;
  }

 private:
  struct Lane {
    std::size_t lane = 0;
    std::size_t channel = 0;
    double factor = 1.0;
    double scale = 1.0;
    std::string name;
  };

  /// The sample to be taken next, with its place; without one it was passed over. Nothing: none has
  /// come.
  const SvAsdu* next_sample() {
    while (at_ == frame_.asdus().size()) {
      const auto received = feed_->next();
      if (!received) {
        return nullptr;
      }
      at_ = 0;
      received_ = received->time;
      if (frame_.parse(received->bytes) == SvFrame::Kind::Malformed) {
        seen_.malformed = true;
      } else if (frame_.simulated() && !setup_.choice.test) {
        seen_.simulated = seen_.simulated || ours();
        at_ = frame_.asdus().size();
      }
    }
    const SvAsdu& asdu = frame_.asdus()[at_];
    if (place_) {
      return &asdu;
    }
    if (!setup_.choice.fits(asdu.sv_id, frame_.app_id())) {
      ++at_;
      return &asdu;
    }
    if (asdu.channels() != setup_.channels) {
      ++strange_;
      ++at_;
      return &asdu;
    }
    SvPlace place = sequence_.place(asdu, received_);
    switch (place.kind) {
      case SvPlace::Kind::Repeated:
        seen_.repeated = true;
        ++at_;
        return &asdu;
      case SvPlace::Kind::Late:
        seen_.late = true;
        ++at_;
        return &asdu;
      case SvPlace::Kind::Beyond:
        ++strange_;
        ++at_;
        return &asdu;
      default:
        break;
    }
    strange_ = 0;
    if (place.quality.clock_ok && place.second_by_receiver && clock_is_off_) {
      place.quality = {.clock_ok = false, .uncertainty_seconds = 1.0};
      seen_.second_unknown = true;
    } else if (!place.quality.clock_ok) {
      const bool none = asdu.smp_synch == 0 || asdu.smp_synch == 3 || asdu.smp_synch == 4 ||
                        asdu.smp_synch == 255;
      (none ? seen_.no_clock : seen_.local_clock) = true;
    }
    place_ = place;
    return &asdu;
  }

  [[nodiscard]] bool ours() const {
    const auto asdus = frame_.asdus();
    return std::any_of(asdus.begin(), asdus.end(), [this](const SvAsdu& asdu) {
      return setup_.choice.fits(asdu.sv_id, frame_.app_id());
    });
  }

  void begin(const SvPlace& place, SampleBlock& block) {
    switch (place.kind) {
      case SvPlace::Kind::First:
        block.discontinuity = Discontinuity::Start;
        break;
      case SvPlace::Kind::ClockStep:
        block.discontinuity = Discontinuity::ClockStep;
        break;
      default:
        block.discontinuity = Discontinuity::Gap;
        if (feed_->take_drops() > 0) {
          next_index_ += place.lost;
        }
    }
    map_ = {next_index_, place.at, static_cast<double>(setup_.rate)};
  }

  void take(const SvAsdu& asdu, float* frame) {
    for (const Lane& l : lanes_) {
      const std::uint32_t quality = asdu.quality(l.channel);
      float value = static_cast<float>(l.factor * asdu.value(l.channel));
      if (l.scale != 1.0) {
        value = static_cast<float>(static_cast<double>(value) * l.scale);
      }
      if (quality != 0 && quality != sv_quality::kDerived) {
        Picture::Channel& seen = seen_.channels[l.lane];
        if (sv_quality::is_missing(quality, setup_.choice.test)) {
          value = std::numeric_limits<float>::quiet_NaN();
          seen.missing |= quality;
        } else if (sv_quality::is_doubtful(quality)) {
          seen.doubtful |= quality;
        }
      }
      frame[l.lane] = value;
    }
    if (++in_second_ >= setup_.rate) {
      in_second_ = 0;
      if (!(seen_ == shown_)) {
        shown_ = seen_;
        describe();
      }
      seen_ = {};
      if (++seconds_ % kClockSeconds == 0) {
        look_at_clock();
      }
    }
  }

  void look_at_clock() { clock_is_off_ = setup_.clock_is_off && setup_.clock_is_off(); }

  void describe() {
    notice_.clear();
    const auto add = [this](std::string_view text) {
      notice_ += notice_.empty() ? "" : "; ";
      notice_ += text;
    };
    for (const Lane& l : lanes_) {
      const Picture::Channel& channel = shown_.channels[l.lane];
      if (channel.missing != 0) {
        add(format("{} is not available: {}", l.name, sv_quality::describe(channel.missing)));
      }
      if (channel.doubtful != 0) {
        add(format("{} is {}", l.name, sv_quality::describe(channel.doubtful)));
      }
    }
    if (shown_.no_clock) {
      add("the merging unit is not synchronised (smpSynch)");
    } else if (shown_.local_clock) {
      add("the merging unit is synchronised to a local clock only (smpSynch)");
    }
    if (shown_.second_unknown) {
      add("the clock of this machine is not synchronised, so that the second of a sample is not "
          "certain");
    }
    if (shown_.repeated) {
      add("samples come more than once");
    }
    if (shown_.late) {
      add("samples come in the wrong order");
    }
    if (shown_.malformed) {
      add("malformed frames come with them");
    }
    if (shown_.simulated) {
      add("simulated frames come with them and are left out");
    }
  }

  SvStreamSetup setup_;
  std::unique_ptr<FrameFeed> feed_;
  Reopen reopen_;
  std::shared_ptr<std::atomic<bool>> refused_;
  formats::SvSequence sequence_;
  InputMask inputs_;
  std::vector<Lane> lanes_;
  std::size_t lane_count_ = 8;
  std::vector<float> frames_;

  SvFrame frame_;
  std::size_t at_ = 0;  // of its ASDUs
  Instant received_;
  std::optional<SvPlace> place_;  // of that ASDU, once it is known
  std::uint64_t next_index_ = 0;
  TimeMap map_;
  TimeQuality quality_;
  int strange_ = 0;  // ASDUs in a row that this stream cannot have sent

  Picture seen_;   // in this second
  Picture shown_;  // in the last one
  int in_second_ = 0;
  int seconds_ = 0;
  bool clock_is_off_ = false;
  std::string notice_;
};

// What opens the stream again: it is there once a frame of it has come.
class Reopener {
 public:
  Reopener(SvStreamSetup setup, std::string interface, RingSize size,
           std::shared_ptr<std::atomic<bool>> refused)
      : setup_(std::move(setup)),
        interface_(std::move(interface)),
        size_(size),
        refused_(std::move(refused)) {}

  Result<std::unique_ptr<Source>> operator()(const std::shared_ptr<Reopener>& self) {
    if (refused_->load(std::memory_order_relaxed)) {
      return fail(ErrorCode::InvalidInput, "{}: the stream is another one now", setup_.uri);
    }
    if (ring_ && !ring_->is_on(interface_)) {
      ring_.reset();
    }
    if (!ring_) {
      auto ring =
          PacketRing::open(interface_, {.app_id = setup_.choice.app_id, .destination = {}}, size_);
      if (!ring) {
        return fail(ring.error());
      }
      ring_ = *std::move(ring);
    }
    while (const auto received = ring_->next()) {
      if (frame_.parse(received->bytes) != SvFrame::Kind::Values) {
        continue;
      }
      for (const SvAsdu& asdu : frame_.asdus()) {
        if (setup_.choice.fits(asdu.sv_id, frame_.app_id())) {
          ring_->put_back();
          (void)ring_->take_drops();
          return make(self, std::move(ring_));
        }
      }
    }
    return fail(ErrorCode::Machine, "{}: nothing comes", setup_.uri);
  }

  static std::unique_ptr<Source> make(const std::shared_ptr<Reopener>& self,
                                      std::unique_ptr<FrameFeed> feed) {
    return std::make_unique<SvSource>(
        self->setup_, std::move(feed), [self] { return (*self)(self); }, self->refused_);
  }

 private:
  const SvStreamSetup setup_;
  const std::string interface_;
  const RingSize size_;
  const std::shared_ptr<std::atomic<bool>> refused_;
  std::unique_ptr<PacketRing> ring_;
  SvFrame frame_;
};

struct Heard {
  std::optional<formats::FileBytes> capture;
  std::optional<formats::SvStream> stream;  // the one that fits
  std::optional<formats::Recording> recording;
};

Result<Heard> hear(const SvAddress& address, std::string_view uri, bool rate_known,
                   double listen_seconds) {
  const double patience = rate_known ? kKnownPatienceSeconds : kPatienceSeconds;
  auto capture = listen(address.place, address.choice.app_id, patience, listen_seconds);
  if (!capture) {
    return fail(capture.error());
  }
  constexpr std::string_view kStartWithout =
      "To start before the stream does, say how many samples a second it has (rate = 4000, --rate "
      "4000)";
  if (!*capture) {
    if (rate_known) {
      return Heard{};
    }
    return fail(ErrorCode::Machine,
                "{}: no sampled values{} came within {:g} s; look whether the merging unit sends "
                "and whether its VLAN reaches this interface. {}",
                uri,
                address.choice.app_id ? format(" of APPID 0x{:04x}", *address.choice.app_id) : "",
                patience, kStartWithout);
  }
  const auto streams = formats::list_streams(**capture);
  if (!streams) {
    return fail(streams.error());
  }
  std::vector<formats::SvStream> fitting;
  std::copy_if(streams->begin(), streams->end(), std::back_inserter(fitting),
               [&](const formats::SvStream& s) { return address.choice.fits(s.sv_id, s.app_id); });
  if (fitting.size() > 1) {
    return fail(ErrorCode::InvalidSetup,
                "{}: {} streams fit: {}; choose one, as in sv:{},svid={},appid=0x{:04x}", uri,
                fitting.size(), formats::describe(fitting), address.place,
                to_valid_utf8(fitting.front().sv_id), fitting.front().app_id);
  }
  if (fitting.empty()) {
    if (rate_known) {
      return Heard{};
    }
    return fail(ErrorCode::InvalidSetup,
                "{}: there is no stream with {}; the streams here are: {}. {}", uri,
                address.choice.text(), formats::describe(*streams), kStartWithout);
  }
  return Heard{std::move(**capture), std::move(fitting.front()), {}};
}

// The stream, too, if there is one. Where its rate does not show at once, until smpCnt begins anew.
// may_be_silent: it is no error that there is none.
Result<Heard> hear_recording(const SvAddress& address, std::string_view uri,
                             std::optional<int> rate, bool may_be_silent) {
  formats::SvChoice choice = address.choice;
  choice.rate = rate;
  for (const double seconds : {kListenSeconds, kWrapSeconds}) {
    auto heard = hear(address, uri, may_be_silent, seconds);
    if (!heard || !heard->capture) {
      return heard;
    }
    auto read = formats::read_sampled_values(*heard->capture, choice);
    if (read) {
      heard->recording = *std::move(read);
      return heard;
    }
    if (seconds == kWrapSeconds || rate || read.error().code != ErrorCode::InvalidInput) {
      return fail(read.error());
    }
  }
  return Heard{};
}

Result<std::optional<int>> whole_rate(std::optional<double> rate_hertz, std::string_view uri) {
  if (!rate_hertz) {
    return std::nullopt;
  }
  if (!(*rate_hertz >= 400.0 && *rate_hertz <= 65536.0) || *rate_hertz != std::round(*rate_hertz)) {
    return fail(ErrorCode::InvalidSetup,
                "{}: a rate of {:g} samples a second is not possible; sampled values have a whole "
                "number from 400 to 65536, such as 4000 or 12800",
                uri, *rate_hertz);
  }
  return static_cast<int>(*rate_hertz);
}

// A stream that is not there yet is taken as one of 9-2LE.
formats::Recording silent_recording(const formats::SvChoice& choice, int rate) {
  formats::Recording recording;
  recording.format = "iec61850-9-2";
  recording.station = to_valid_utf8(choice.sv_id);
  recording.zone_known = true;
  recording.analogs = formats::sv_channels(kChannelsOf92Le);
  recording.sample_count = 1;
  recording.segments = {{.first_sample = 0,
                         .sample_count = 1,
                         .rate_hertz = static_cast<double>(rate),
                         .start = {},
                         .discontinuity = Discontinuity::Start}};
  auto store = std::make_shared<formats::PlanarStore>(kChannelsOf92Le, 0, 1);
  for (std::size_t c = 0; c < kChannelsOf92Le; ++c) {
    store->analog(c)[0] = std::numeric_limits<float>::quiet_NaN();
  }
  recording.samples = std::move(store);
  recording.warnings.push_back(
      "the stream is not there yet; it is taken to have the eight channels of 9-2LE");
  return recording;
}

}  // namespace

std::unique_ptr<Source> make_sv_source(SvStreamSetup setup, std::unique_ptr<FrameFeed> feed) {
  return std::make_unique<SvSource>(std::move(setup), std::move(feed), Source::Reopen{},
                                    std::make_shared<std::atomic<bool>>(false));
}

Result<formats::Recording> listen_for_stream(const SvAddress& address, std::string_view uri,
                                             std::optional<double> rate_hertz) {
  const auto rate = whole_rate(rate_hertz, uri);
  if (!rate) {
    return fail(rate.error());
  }
  auto heard = hear_recording(address, uri, *rate, false);
  if (!heard) {
    return fail(heard.error());
  }
  return std::move(*heard->recording);
}

Result<std::unique_ptr<Source>> open_sv_source(std::string_view uri, const SvAddress& address,
                                               const OpenOptions& options) {
  if (options.from || options.to) {
    return fail(ErrorCode::InvalidSetup, "{}: --from and --to are for recordings; this is live",
                uri);
  }
  const auto rate = whole_rate(options.rate_hertz, uri);
  if (!rate) {
    return fail(rate.error());
  }
  auto heard = hear_recording(address, uri, *rate, rate->has_value());
  if (!heard) {
    return fail(heard.error());
  }
  SvStreamSetup setup;
  setup.uri = std::string(uri);
  setup.choice = address.choice;
  setup.choice.rate = *rate;
  setup.clock_is_off = machine_clock_is_off;
  FrameFilter filter{.app_id = address.choice.app_id, .destination = {}};
  RingSize size;
  formats::Recording recording;
  if (heard->stream) {
    recording = std::move(*heard->recording);
    setup.choice.sv_id = heard->stream->sv_id;
    setup.choice.app_id = heard->stream->app_id;
    filter = {.app_id = heard->stream->app_id, .destination = heard->stream->destination};
    const double frames_a_second = recording.segments.front().rate_hertz *
                                   static_cast<double>(heard->stream->frames) /
                                   static_cast<double>(heard->stream->samples);
    size = {.frame_bytes = heard->stream->frame_bytes + kRingSpareBytes,
            .frames = static_cast<std::size_t>(std::ceil(kRingSeconds * frames_a_second))};
  } else {
    recording = silent_recording(setup.choice, **rate);
  }
  setup.rate = static_cast<int>(recording.segments.front().rate_hertz);
  setup.channels = recording.analogs.size();

  // What the stream becomes, its first samples as a recording say.
  const auto described = make_recording_source(std::move(recording), std::string(uri), options);
  if (!described) {
    return fail(described.error());
  }
  setup.info = (*described)->info();
  setup.info.live = true;
  setup.info.start.reset();
  setup.info.duration_seconds = 0.0;
  setup.info.sample_count = 0;

  auto ring = PacketRing::open(address.place, filter, size);
  if (!ring) {
    return fail(ring.error());
  }
  const auto reopener = std::make_shared<Reopener>(std::move(setup), address.place, size,
                                                   std::make_shared<std::atomic<bool>>(false));
  return Reopener::make(reopener, *std::move(ring));
}

}  // namespace halfcycle::source

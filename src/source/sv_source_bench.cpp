// SPDX-License-Identifier: Apache-2.0
// What a stream of sampled values costs the measuring thread, from the frame in memory to samples
// in volts and amperes; an item is a frame. What the kernel does for a frame comes on top.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "formats/sv_frame_text.hpp"
#include "source/sv_feed.hpp"

namespace halfcycle::source {
namespace {

// One second of frames, again and again.
class Loop : public FrameFeed {
 public:
  Loop(int rate, int samples_a_frame) : frame_ns_(1000000000LL * samples_a_frame / rate) {
    for (int first = 0; first < rate; first += samples_a_frame) {
      std::vector<formats::testing::SvSampleText> samples;
      for (int n = first; n < first + samples_a_frame; ++n) {
        samples.push_back(
            {.count = n,
             .channels = formats::testing::feeder_channels(static_cast<double>(n) / rate, 50.0)});
      }
      frames_.push_back(formats::testing::SvFrameText{}(samples));
    }
  }
  [[nodiscard]] std::optional<ReceivedFrame> next() override {
    if (taken_++ == kRound) {
      taken_ = 0;
      return std::nullopt;
    }
    const std::string& bytes = frames_[at_ % frames_.size()];
    const std::int64_t time = 1700000000000000000 + static_cast<std::int64_t>(at_++) * frame_ns_;
    return ReceivedFrame{Instant::from_unix_ns(time), std::as_bytes(std::span(bytes))};
  }
  void put_back() override { --at_; }
  [[nodiscard]] std::uint64_t take_drops() override { return 0; }

 private:
  static constexpr int kRound = 40;  // frames that wait when the meter looks
  std::vector<std::string> frames_;
  std::int64_t frame_ns_;
  std::size_t at_ = 0;
  int taken_ = 0;
};

// rate, samples a frame
void sampled_values(benchmark::State& state) {
  const int rate = static_cast<int>(state.range(0));
  const int each = static_cast<int>(state.range(1));
  const auto live = make_sv_source(testing::le_setup(rate), std::make_unique<Loop>(rate, each));
  std::int64_t samples = 0;
  for (auto _ : state) {
    const auto block = live->read(4096);
    samples += static_cast<std::int64_t>((*block)->frame_count);
  }
  state.SetItemsProcessed(samples / each);
  state.counters["cpu_percent_a_stream"] =
      benchmark::Counter(static_cast<double>(samples) / (100.0 * rate),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(sampled_values)
    ->Args({4000, 1})
    ->Args({4800, 1})
    ->Args({12800, 1})
    ->Args({15360, 1})
    ->Args({12800, 8})
    ->Args({15360, 8});

}  // namespace
}  // namespace halfcycle::source

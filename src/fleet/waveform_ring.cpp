// SPDX-License-Identifier: Apache-2.0
#include "fleet/waveform_ring.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace halfcycle::fleet {
namespace {

std::uint64_t bits_of(InputMask inputs) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    bits |= inputs.has(static_cast<Input>(i)) ? std::uint64_t{1} << i : 0U;
  }
  return bits;
}

InputMask inputs_of(std::uint64_t bits) {
  InputMask inputs;
  for (std::size_t i = 0; i < kInputCount; ++i) {
    if ((bits >> i & 1U) != 0) {
      inputs.add(static_cast<Input>(i));
    }
  }
  return inputs;
}

}  // namespace

WaveformRing::WaveformRing(std::size_t frames, std::size_t lanes)
    : capacity_(std::max<std::size_t>(frames, 1)),
      lanes_(lanes),
      words_per_frame_(lanes / 2),
      words_(std::make_unique<std::atomic<std::uint64_t>[]>(capacity_ * words_per_frame_)),
      header_(1 + kSegments * kWordsPerSegment) {}

void WaveformRing::push(const SampleBlock& block) {
  const std::uint64_t at = written_.load(std::memory_order_relaxed);
  if (block.discontinuity != Discontinuity::None || segment_count_ == 0) {
    const std::size_t slot = 1 + segment_count_ % kSegments * kWordsPerSegment;
    const Instant start = block.time.instant_of(static_cast<double>(block.first_index));
    ++segment_count_;
    header_.begin();
    header_.store(0, segment_count_);
    header_.store(slot, at);
    header_.store(slot + 1, std::bit_cast<std::uint64_t>(start.unix_ns()));
    header_.store(slot + 2, std::bit_cast<std::uint64_t>(block.time.rate_hertz));
    header_.store(slot + 3, bits_of(block.inputs));
    header_.end();
  }
  const std::uint64_t end = at + block.frame_count;
  claimed_.store(end, std::memory_order_relaxed);
  const std::size_t skipped =
      block.frame_count > capacity_ ? block.frame_count - capacity_ : std::size_t{0};
  const std::size_t common = std::min(block.lanes, lanes_);
  std::array<float, kMaxLanes> frame{};
  for (std::size_t n = skipped; n < block.frame_count; ++n) {
    // Every word with release order: who sees one sees what was claimed before it.
    std::copy_n(block.frames + n * block.lanes, common, frame.begin());
    auto* words = words_.get() + (at + n) % capacity_ * words_per_frame_;
    for (std::size_t w = 0; w < words_per_frame_; ++w) {
      std::uint64_t word = 0;
      std::memcpy(&word, frame.data() + 2 * w, sizeof(word));
      words[w].store(word, std::memory_order_release);
    }
  }
  written_.store(end, std::memory_order_release);
}

std::uint64_t WaveformRing::copy(std::uint64_t from, std::uint64_t to,
                                 std::vector<float>& out) const {
  const std::uint64_t oldest = [&] {
    const std::uint64_t claimed = claimed_.load(std::memory_order_acquire);
    return claimed > capacity_ ? claimed - capacity_ : 0;
  }();
  from = std::min(std::max(from, oldest), to);
  const std::size_t before = out.size();
  out.resize(before + (to - from) * lanes_);
  float* frame = out.data() + before;
  for (std::uint64_t position = from; position < to; ++position, frame += lanes_) {
    const auto* words = words_.get() + position % capacity_ * words_per_frame_;
    for (std::size_t w = 0; w < words_per_frame_; ++w) {
      const std::uint64_t word = words[w].load(std::memory_order_acquire);
      std::memcpy(frame + 2 * w, &word, sizeof(word));
    }
  }
  // Whoever overwrote a word that was read had claimed its place before.
  const std::uint64_t claimed = claimed_.load(std::memory_order_relaxed);
  const std::uint64_t safe = claimed > capacity_ ? claimed - capacity_ : 0;
  if (safe > from) {
    const std::uint64_t lost = std::min(safe, to) - from;
    const auto first = out.begin() + static_cast<std::ptrdiff_t>(before);
    out.erase(first, first + static_cast<std::ptrdiff_t>(lost * lanes_));
    from += lost;
  }
  return from;
}

std::array<WaveformRing::Segment, WaveformRing::kSegments> WaveformRing::segments(
    std::size_t& count) const {
  std::array<Segment, kSegments> found;
  const std::uint64_t written = written_.load(std::memory_order_acquire);
  header_.read([&](const auto& load) {
    const std::uint64_t total = load(0);
    count = static_cast<std::size_t>(std::min<std::uint64_t>(total, kSegments));
    for (std::size_t i = 0; i < count; ++i) {
      const auto slot =
          static_cast<std::size_t>(1 + (total - count + i) % kSegments * kWordsPerSegment);
      found[i].first = load(slot);
      found[i].start = Instant::from_unix_ns(std::bit_cast<std::int64_t>(load(slot + 1)));
      found[i].rate_hertz = std::bit_cast<double>(load(slot + 2));
      found[i].inputs = inputs_of(load(slot + 3));
    }
  });
  for (std::size_t i = 0; i < count; ++i) {
    found[i].open = i + 1 == count;
    // A segment may have been announced after `written` was read.
    found[i].end = found[i].open ? std::max(written, found[i].first) : found[i + 1].first;
  }
  return found;
}

std::uint64_t WaveformRing::Segment::position_of(Instant instant) const {
  const double frames = std::ceil((instant - start).to_seconds() * rate_hertz - 1e-6);
  if (!(frames > 0.0)) {
    return first;
  }
  return std::min(end, first + static_cast<std::uint64_t>(frames));
}

std::optional<WaveformRing::Segment> WaveformRing::segment_at(Instant instant) const {
  std::size_t count = 0;
  const auto found = segments(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (found[i].open || instant < found[i].instant_of(found[i].end)) {
      return found[i];
    }
  }
  return std::nullopt;
}

std::optional<WaveformRing::Segment> WaveformRing::segment_from(std::uint64_t first) const {
  std::size_t count = 0;
  const auto found = segments(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (found[i].first == first) {
      return found[i];
    }
  }
  return std::nullopt;
}

std::optional<WaveformSnapshot> WaveformRing::latest(double seconds) const {
  // A reader that was held up between looking and copying may find all of it overwritten.
  constexpr int kAttempts = 16;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::size_t count = 0;
    const auto found = segments(count);
    if (count == 0 || !(seconds > 0.0)) {
      return std::nullopt;
    }
    const Segment& present = found[count - 1];
    const double wanted = std::min(std::ceil(seconds * present.rate_hertz),
                                   static_cast<double>(present.end - present.first));
    WaveformSnapshot snapshot;
    snapshot.rate_hertz = present.rate_hertz;
    snapshot.inputs = present.inputs;
    snapshot.lanes = lanes_;
    const std::uint64_t from =
        copy(present.end - static_cast<std::uint64_t>(wanted), present.end, snapshot.frames);
    snapshot.start = present.instant_of(from);
    if (!snapshot.frames.empty()) {
      return snapshot;
    }
  }
  return std::nullopt;
}

}  // namespace halfcycle::fleet

// SPDX-License-Identifier: Apache-2.0
#include "fleet/shared_source.hpp"

#include <algorithm>
#include <utility>

namespace halfcycle::fleet {

class SharedSource::Reader final : public source::Source {
 public:
  explicit Reader(std::shared_ptr<SharedSource> shared) : shared_(std::move(shared)) {}

  [[nodiscard]] const source::SourceInfo& info() const override { return shared_->source_->info(); }

  [[nodiscard]] Result<std::optional<SampleBlock>> read(std::size_t max_frames) override {
    catch_up();
    const auto kept = shared_->block(number_);
    if (!kept) {
      return fail(kept.error());
    }
    if (*kept == nullptr) {
      return std::nullopt;
    }
    SampleBlock block = (*kept)->block;
    block.frames = (*kept)->frames.data() + done_ * block.lanes;
    block.first_index += done_;
    block.frame_count = std::min(block.frame_count - done_, std::max<std::size_t>(max_frames, 1));
    block.discontinuity = done_ == 0 && block.discontinuity != Discontinuity::None
                              ? block.discontinuity
                              : std::exchange(passed_, Discontinuity::None);
    advance(**kept, block.frame_count);
    return block;
  }

  [[nodiscard]] Result<std::uint64_t> skip(std::uint64_t frames) override {
    if (const std::uint64_t lost = catch_up(); lost > 0) {
      return lost;
    }
    const auto kept = shared_->block(number_);
    if (!kept) {
      return fail(kept.error());
    }
    if (*kept == nullptr) {
      return 0;
    }
    if (done_ == 0 && (*kept)->block.discontinuity != Discontinuity::None) {
      if (passed_ != Discontinuity::None) {
        return 0;
      }
      passed_ = (*kept)->block.discontinuity;
    }
    const auto count = std::min<std::uint64_t>((*kept)->block.frame_count - done_, frames);
    advance(**kept, static_cast<std::size_t>(count));
    return count;
  }

 private:
  // Overtaken: goes on with the oldest block. Returns how many frames it lost by that.
  std::uint64_t catch_up() {
    if (number_ >= shared_->oldest()) {
      return 0;
    }
    number_ = shared_->oldest();
    done_ = 0;
    const std::uint64_t first = shared_->kept_[number_ % shared_->kept_.size()].block.first_index;
    const std::uint64_t lost = first - next_index_;
    next_index_ = first;
    return lost;
  }

  void advance(const Kept& kept, std::size_t frames) {
    done_ += frames;
    next_index_ = kept.block.first_index + done_;
    if (done_ == kept.block.frame_count) {
      ++number_;
      done_ = 0;
    }
  }

  const std::shared_ptr<SharedSource> shared_;  // lives as long as one of its readers
  std::uint64_t number_ = 0;                    // of the block to read from
  std::size_t done_ = 0;                        // frames of it
  std::uint64_t next_index_ = 0;                // of the source: the frame to come next
  Discontinuity passed_ = Discontinuity::None;  // skipped, still to be told
};

SharedSource::SharedSource(std::unique_ptr<source::Source> source, std::size_t block_frames,
                           std::size_t blocks)
    : source_(std::move(source)),
      block_frames_(block_frames),
      kept_(std::max<std::size_t>(blocks, 2)) {
  for (Kept& kept : kept_) {
    kept.frames.reserve(block_frames * kMaxLanes);
  }
}

std::unique_ptr<source::Source> SharedSource::reader() {
  return std::make_unique<Reader>(shared_from_this());
}

Result<const SharedSource::Kept*> SharedSource::block(std::uint64_t number) {
  if (number == count_ && !ended_) {
    const auto read = source_->read(block_frames_);
    if (!read) {
      return fail(read.error());
    }
    if (!*read) {
      ended_ = true;
    } else {
      Kept& kept = kept_[count_ % kept_.size()];
      kept.block = **read;
      kept.frames.assign(kept.block.frames,
                         kept.block.frames + kept.block.frame_count * kept.block.lanes);
      ++count_;
    }
  }
  return number < count_ ? &kept_[number % kept_.size()] : nullptr;
}

}  // namespace halfcycle::fleet

// SPDX-License-Identifier: Apache-2.0
// One source read by several meters of one measuring thread: a simulated grid with many meters on
// it is made once and not once a meter.
//
//   auto shared = std::make_shared<SharedSource>(std::move(simulator), 256, 300);
//   auto source = shared->reader();                 // unique_ptr<Source>, from the first sample
//
// Blocks are kept until they are overwritten. A reader that was overtaken goes on with the oldest
// block there is; the sample index of the block shows what it missed.
// Threads: the readers and whoever makes them belong to one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "source/source.hpp"

namespace halfcycle::fleet {

class SharedSource : public std::enable_shared_from_this<SharedSource> {
 public:
  /// Reads blocks of `block_frames` and keeps the latest `blocks` of them.
  SharedSource(std::unique_ptr<source::Source> source, std::size_t block_frames,
               std::size_t blocks);

  [[nodiscard]] std::unique_ptr<source::Source> reader();

 private:
  class Reader;
  struct Kept {
    SampleBlock block;
    std::vector<float> frames;
  };

  /// The block of this number, read if it is the next one. Nothing at the end.
  [[nodiscard]] Result<const Kept*> block(std::uint64_t number);
  [[nodiscard]] std::uint64_t oldest() const {
    return count_ > kept_.size() ? count_ - kept_.size() : 0;
  }

  std::unique_ptr<source::Source> source_;
  std::size_t block_frames_;
  std::vector<Kept> kept_;
  std::uint64_t count_ = 0;
  bool ended_ = false;
};

}  // namespace halfcycle::fleet

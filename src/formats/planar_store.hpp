// SPDX-License-Identifier: Apache-2.0
// Samples in memory, channel after channel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "formats/recording.hpp"

namespace halfcycle::formats {

/// Owns analog_count × sample_count values (physical, NaN = missing) and status_count ×
/// sample_count states (0, 1, 2 = missing). Filled by one thread, then only read.
class PlanarStore final : public SampleStore {
 public:
  PlanarStore(std::size_t analog_count, std::size_t status_count, std::size_t sample_count);

  [[nodiscard]] std::size_t sample_count() const { return sample_count_; }
  [[nodiscard]] std::span<float> analog(std::size_t channel);
  [[nodiscard]] std::span<std::uint8_t> status(std::size_t channel);
  /// Forgets the samples from `sample_count` on (which must not exceed the present count).
  void shorten(std::size_t sample_count) { sample_count_ = sample_count; }

  void read_analog(std::size_t channel, std::uint64_t first, std::span<float> out) const override;
  void read_status(std::size_t channel, std::uint64_t first,
                   std::span<std::uint8_t> out) const override;

 private:
  std::size_t capacity_;  ///< distance from channel to channel
  std::size_t sample_count_;
  std::vector<float> analogs_;
  std::vector<std::uint8_t> statuses_;
};

}  // namespace halfcycle::formats

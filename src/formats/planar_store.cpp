// SPDX-License-Identifier: Apache-2.0
#include "formats/planar_store.hpp"

#include <algorithm>

namespace halfcycle::formats {

PlanarStore::PlanarStore(std::size_t analog_count, std::size_t status_count,
                         std::size_t sample_count)
    : capacity_(sample_count),
      sample_count_(sample_count),
      analogs_(analog_count * sample_count),
      statuses_(status_count * sample_count) {}

std::span<float> PlanarStore::analog(std::size_t channel) {
  return std::span(analogs_).subspan(channel * capacity_, sample_count_);
}

std::span<std::uint8_t> PlanarStore::status(std::size_t channel) {
  return std::span(statuses_).subspan(channel * capacity_, sample_count_);
}

void PlanarStore::read_analog(std::size_t channel, std::uint64_t first,
                              std::span<float> out) const {
  const float* from = analogs_.data() + channel * capacity_ + first;
  std::copy(from, from + out.size(), out.begin());
}

void PlanarStore::read_status(std::size_t channel, std::uint64_t first,
                              std::span<std::uint8_t> out) const {
  const std::uint8_t* from = statuses_.data() + channel * capacity_ + first;
  std::copy(from, from + out.size(), out.begin());
}

}  // namespace halfcycle::formats

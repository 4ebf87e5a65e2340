// SPDX-License-Identifier: Apache-2.0
// The registers of one meter as bytes, ready to be copied into an answer. A group of registers is
// encoded anew only when the meter has published it since; each read takes one snapshot of each
// group that it touches, so that all its values of a group are from the same moment.
//
//   RegisterImage image(meter, plan);
//   image.read(2999, 100, out, scratch);
//
// Threads: one, that of the server.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fleet/live_meter.hpp"
#include "protocols/modbus/register_plan.hpp"

namespace halfcycle::modbus {

/// Buffers that all images of a server use in turn.
struct ImageScratch {
  graph::GroupSnapshot snapshot;
};

class RegisterImage {
 public:
  /// plan: made for the meter's template and wiring.
  RegisterImage(std::shared_ptr<const fleet::LiveMeter> meter,
                std::shared_ptr<const RegisterPlan> plan);

  /// `count` registers from `address`; out: two bytes for each. address + count ≤ 65,536.
  void read(std::size_t address, std::size_t count, std::span<std::byte> out,
            ImageScratch& scratch);

  [[nodiscard]] const fleet::LiveMeter& meter() const { return *meter_; }
  [[nodiscard]] const RegisterPlan& plan() const { return *plan_; }
  /// Bytes that this meter costs the server.
  [[nodiscard]] std::size_t memory_bytes() const { return sizeof(*this) + bytes_.size(); }

 private:
  static constexpr std::uint64_t kNeverRead = ~std::uint64_t{0};

  void refresh(RegisterPlan::Groups groups, ImageScratch& scratch);
  void encode(graph::Tick tick, const graph::GroupSnapshot& snapshot);
  void encode_identity();
  void encode_clock();
  [[nodiscard]] std::span<std::byte> place(const PlanRow& row) {
    return std::span(bytes_).subspan(row.offset, row.bytes);
  }

  std::shared_ptr<const fleet::LiveMeter> meter_;
  std::shared_ptr<const RegisterPlan> plan_;
  std::vector<std::byte> bytes_;
  std::array<std::uint64_t, graph::kTickCount> versions_{};
};

}  // namespace halfcycle::modbus

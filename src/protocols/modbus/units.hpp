// SPDX-License-Identifier: Apache-2.0
// Which meter answers for which unit identifier (facts: the original's manual, "Unit IDs").
//
// With one meter in the process any unit from 1 to 255 is that meter, as at a meter whose gateway
// is off. With several, each answers for its own unit and no other: a value of the wrong meter
// would be worse than none.
//
// Threads: one, that of the server.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "fleet/live_meter.hpp"
#include "protocols/modbus/register_image.hpp"

namespace halfcycle::modbus {

class Units {
 public:
  /// The directory outlives this.
  explicit Units(const fleet::Directory& directory);

  /// Follows the directory. Call before a batch of requests: find() then sees one state of it.
  void refresh();
  /// Once a second or so: notices meters that have failed.
  void check_states();

  struct Unit {
    explicit Unit(RegisterImage i) : image(std::move(i)) {}
    RegisterImage image;
    bool failed = false;  ///< MeterState::Failed: its registers are of the past
  };
  /// nullptr: nobody answers for this unit.
  [[nodiscard]] Unit* find(std::uint8_t unit_id);
  [[nodiscard]] ImageScratch& scratch() { return scratch_; }

 private:
  void reload();
  [[nodiscard]] std::shared_ptr<const RegisterPlan> plan_for(const fleet::LiveMeter& meter);

  const fleet::Directory& directory_;
  std::uint64_t generation_ = 0;
  std::vector<std::unique_ptr<Unit>> units_;  // in the order of the directory
  std::array<Unit*, 256> by_id_{};
  using PlanKey = std::pair<const graph::CompiledTemplate*, bool>;
  std::map<PlanKey, std::weak_ptr<const RegisterPlan>> plans_;
  ImageScratch scratch_;
};

}  // namespace halfcycle::modbus

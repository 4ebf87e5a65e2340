// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/units.hpp"

#include <algorithm>

namespace halfcycle::modbus {

Units::Units(const fleet::Directory& directory)
    : directory_(directory), generation_(directory.generation()) {
  reload();
}

void Units::refresh() {
  const std::uint64_t generation = directory_.generation();
  if (generation != generation_) {
    generation_ = generation;
    reload();
  }
}

void Units::reload() {
  std::vector<std::unique_ptr<Unit>> units;
  by_id_.fill(nullptr);
  for (const std::shared_ptr<fleet::LiveMeter>& meter : directory_.meters()) {
    const auto kept = std::find_if(units_.begin(), units_.end(), [&](const auto& unit) {
      return unit && &unit->image.meter() == meter.get();
    });
    units.push_back(kept != units_.end()
                        ? std::move(*kept)
                        : std::make_unique<Unit>(RegisterImage(meter, plan_for(*meter))));
  }
  units_ = std::move(units);
  if (units_.size() == 1) {
    std::fill(by_id_.begin() + 1, by_id_.end(), units_.front().get());
  } else {
    for (const auto& unit : units_) {
      by_id_[unit->image.meter().identity().unit_id] = unit.get();
    }
    by_id_[0] = nullptr;  // broadcast; the meters without a unit identifier
  }
  std::erase_if(plans_, [](const auto& plan) { return plan.second.expired(); });
  check_states();
}

void Units::check_states() {
  for (const auto& unit : units_) {
    unit->failed = unit->image.meter().status().state == fleet::MeterState::Failed;
  }
}

Units::Unit* Units::find(std::uint8_t unit_id) { return by_id_[unit_id]; }

std::shared_ptr<const RegisterPlan> Units::plan_for(const fleet::LiveMeter& meter) {
  const auto& compiled = meter.graph().shared_template();
  const bool line_to_line = is_line_to_line(meter.identity().system.wiring);
  std::weak_ptr<const RegisterPlan>& kept = plans_[{compiled.get(), line_to_line}];
  std::shared_ptr<const RegisterPlan> plan = kept.lock();
  if (!plan) {
    plan = RegisterPlan::create(powerlogic_map(), compiled, line_to_line);
    kept = plan;
  }
  return plan;
}

}  // namespace halfcycle::modbus

// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/map_row.hpp"

#include <array>

namespace halfcycle::modbus {
namespace {

#include "protocols/modbus/powerlogic_map_table.inc"

}  // namespace

std::span<const MapRow> powerlogic_map() { return kPowerlogicMap; }

}  // namespace halfcycle::modbus

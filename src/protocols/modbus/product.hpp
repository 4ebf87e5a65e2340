// SPDX-License-Identifier: Apache-2.0
// How the server names the product, in registers and in the device identification.
#pragma once

#include <string_view>

namespace halfcycle::modbus {

inline constexpr std::string_view kVendor = "Halfcycle";
inline constexpr std::string_view kProduct = "Halfcycle";
inline constexpr std::string_view kProductCode = "HC";
inline constexpr std::string_view kVersion = HC_VERSION;

}  // namespace halfcycle::modbus

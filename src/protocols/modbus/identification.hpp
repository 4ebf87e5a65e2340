// SPDX-License-Identifier: Apache-2.0
// Answers to function 43/14, read device identification (Modbus Application Protocol V1.1b3 §6.21).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <variant>

#include "protocols/modbus/pdu.hpp"

namespace halfcycle::modbus {

struct IdentificationObject {
  std::uint8_t id = 0;
  std::string_view text;
};

/// objects: in ascending order of their ids, all below 80h. Writes the answer's PDU to out and
/// returns its size, or why there is none. What does not fit is announced ("more follows"), and a
/// text longer than an answer is cut at a whole character.
[[nodiscard]] std::variant<Exception, std::size_t> write_identification(
    const ReadIdentification& request, std::span<const IdentificationObject> objects,
    std::span<std::byte, 253> out);

}  // namespace halfcycle::modbus

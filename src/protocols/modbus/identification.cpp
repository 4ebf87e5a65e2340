// SPDX-License-Identifier: Apache-2.0
#include "protocols/modbus/identification.hpp"

#include <algorithm>

#include "protocols/modbus/data_format.hpp"

namespace halfcycle::modbus {
namespace {

using Scope = ReadIdentification::Scope;

// Regular identification, also object by object.
constexpr std::uint8_t kConformity = 0x82;
constexpr std::uint8_t kLastBasic = 0x02;
constexpr std::size_t kBeforeObjects = 7;

// The bytes of a text in a space, without a part of a character.
std::size_t fitting(std::string_view text, std::size_t space) {
  std::size_t length = std::min(text.size(), space);
  while (length > 0 && length < text.size() &&
         (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
    --length;
  }
  return length;
}

}  // namespace

std::variant<Exception, std::size_t> write_identification(
    const ReadIdentification& request, std::span<const IdentificationObject> objects,
    std::span<std::byte, 253> out) {
  const auto by_id = [&](const IdentificationObject& object) {
    return object.id == request.object;
  };
  if (request.scope == Scope::Basic) {
    objects = objects.first(static_cast<std::size_t>(
        std::count_if(objects.begin(), objects.end(),
                      [](const IdentificationObject& object) { return object.id <= kLastBasic; })));
  }
  auto first = std::find_if(objects.begin(), objects.end(), by_id);
  auto last = objects.end();
  if (request.scope == Scope::One) {
    if (first == objects.end()) {
      return Exception::IllegalDataAddress;
    }
    last = first + 1;
  } else if (first == objects.end()) {
    first = objects.begin();
  }

  std::size_t size = kBeforeObjects;
  std::uint8_t count = 0;
  while (first != last) {
    const std::size_t space = out.size() - size;
    // An object that is longer than an answer goes alone, cut.
    const bool whole = first->text.size() + 2 <= space;
    if (!whole && count > 0) {
      break;
    }
    const std::size_t length = fitting(first->text, space - 2);
    out[size] = static_cast<std::byte>(first->id);
    out[size + 1] = static_cast<std::byte>(length);
    write_text(first->text.substr(0, length), out.subspan(size + 2, length));
    size += 2 + length;
    ++count;
    ++first;
  }
  const bool more = first != last;
  out[0] = static_cast<std::byte>(kEncapsulatedInterface);
  out[1] = static_cast<std::byte>(kReadDeviceIdentification);
  out[2] = static_cast<std::byte>(request.scope);
  out[3] = static_cast<std::byte>(kConformity);
  out[4] = static_cast<std::byte>(more ? 0xFF : 0x00);
  out[5] = static_cast<std::byte>(more ? first->id : 0x00);
  out[6] = static_cast<std::byte>(count);
  return size;
}

}  // namespace halfcycle::modbus

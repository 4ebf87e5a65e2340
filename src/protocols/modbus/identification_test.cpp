// SPDX-License-Identifier: Apache-2.0
// Modbus Application Protocol V1.1b3 §6.21.
#include "protocols/modbus/identification.hpp"

#include <gtest/gtest.h>

#include <string>

#include "protocols/modbus/modbus_fixture.hpp"

namespace halfcycle::modbus {
namespace {

using Scope = ReadIdentification::Scope;

std::vector<std::byte> answer(Scope scope, std::uint8_t object,
                              std::span<const IdentificationObject> objects) {
  std::vector<std::byte> out(253);
  const auto result =
      write_identification({scope, object}, objects, std::span<std::byte, 253>(out.data(), 253));
  if (const auto* const size = std::get_if<std::size_t>(&result)) {
    out.resize(*size);
  } else {
    out = {static_cast<std::byte>(std::get<Exception>(result))};
  }
  return out;
}
std::vector<int> ids(std::span<const std::byte> pdu) {
  std::vector<int> found;
  for (std::size_t at = 7; at < pdu.size(); at += 2 + static_cast<std::size_t>(pdu[at + 1])) {
    found.push_back(static_cast<int>(pdu[at]));
  }
  EXPECT_EQ(found.size(), static_cast<std::size_t>(pdu[6]));
  return found;
}

constexpr std::array kShort{IdentificationObject{0, "A"}, IdentificationObject{1, "B"},
                            IdentificationObject{2, "C"}, IdentificationObject{4, "D"},
                            IdentificationObject{5, "E"}};

TEST(Identification, EachScopeHasItsObjects) {
  EXPECT_EQ(ids(answer(Scope::Basic, 0, kShort)), (std::vector{0, 1, 2}));
  EXPECT_EQ(ids(answer(Scope::Regular, 0, kShort)), (std::vector{0, 1, 2, 4, 5}));
  EXPECT_EQ(ids(answer(Scope::Extended, 0, kShort)), (std::vector{0, 1, 2, 4, 5}));
  EXPECT_EQ(ids(answer(Scope::One, 4, kShort)), (std::vector{4}));
}

TEST(Identification, AStreamGoesOnFromAnObject) {
  EXPECT_EQ(ids(answer(Scope::Basic, 1, kShort)), (std::vector{1, 2}));
  EXPECT_EQ(ids(answer(Scope::Regular, 4, kShort)), (std::vector{4, 5}));
}

TEST(Identification, AStreamFromAnUnknownObjectBeginsAnew) {
  EXPECT_EQ(ids(answer(Scope::Regular, 3, kShort)), (std::vector{0, 1, 2, 4, 5}));
  EXPECT_EQ(ids(answer(Scope::Basic, 4, kShort)), (std::vector{0, 1, 2}));
}

TEST(Identification, OneUnknownObjectIsAnIllegalAddress) {
  EXPECT_EQ(testing_meter::hex(answer(Scope::One, 3, kShort)), "02");
  EXPECT_EQ(testing_meter::hex(answer(Scope::One, 0x80, kShort)), "02");
}

TEST(Identification, WhatDoesNotFitFollowsInTheNextAnswer) {
  const std::string a(100, 'a');
  const std::string b(142, 'b');
  const std::array objects{IdentificationObject{0, a}, IdentificationObject{1, b},
                           IdentificationObject{2, "c"}};
  // 7 + (2 + 100) + (2 + 142) = 253: full to the last byte.
  const auto first = answer(Scope::Basic, 0, objects);
  EXPECT_EQ(first.size(), 253U);
  EXPECT_EQ(ids(first), (std::vector{0, 1}));
  EXPECT_EQ(static_cast<int>(first[4]), 0xFF);
  EXPECT_EQ(static_cast<int>(first[5]), 2);
  const auto second = answer(Scope::Basic, 2, objects);
  EXPECT_EQ(ids(second), (std::vector{2}));
  EXPECT_EQ(static_cast<int>(second[4]), 0);
  EXPECT_EQ(static_cast<int>(second[5]), 0);
}

TEST(Identification, ATextLongerThanAnAnswerIsCutAtACharacter) {
  std::string text(243, 'x');
  text += "\xC3\xA9";  // é: only its first byte would fit
  const std::array objects{IdentificationObject{0, text}, IdentificationObject{1, "b"}};
  const auto first = answer(Scope::Basic, 0, objects);
  EXPECT_EQ(ids(first), (std::vector{0}));
  EXPECT_EQ(first.size(), 7U + 2U + 243U);
  EXPECT_EQ(static_cast<int>(first[5]), 1);
}

}  // namespace
}  // namespace halfcycle::modbus

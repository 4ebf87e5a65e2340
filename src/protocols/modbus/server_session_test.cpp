// SPDX-License-Identifier: Apache-2.0
// Request bytes to answer bytes. Expected bytes are worked out by hand from the specification
// (Modbus Application Protocol V1.1b3, Messaging on TCP/IP V1.0b) and the register map.
#include "protocols/modbus/server_session.hpp"

#include <gtest/gtest.h>

#include "protocols/modbus/modbus_fixture.hpp"

namespace halfcycle::modbus {
namespace {

using testing_meter::bytes;
using testing_meter::hex;
using testing_meter::TestDirectory;
using testing_meter::TestMeter;

struct Server {
  explicit Server(std::initializer_list<std::shared_ptr<TestMeter>> meters)
      : directory(meters), units(directory), session(units, traffic) {}
  /// Hex in, hex out. The stream must go on and be consumed.
  std::string operator()(std::string_view request) {
    const auto in = bytes(request);
    std::vector<std::byte> out;
    const auto step = session.answer(in, out);
    EXPECT_FALSE(step.close) << request;
    EXPECT_EQ(step.consumed, in.size()) << request;
    return hex(out);
  }
  TestDirectory directory;
  Units units;
  Traffic traffic;
  ServerSession session;
};

struct OneMeter : testing::Test {
  std::shared_ptr<TestMeter> meter = std::make_shared<TestMeter>("Feeder 1", 7);
  Server server{meter};
};

TEST_F(OneMeter, AnswersAFloatMostSignificantWordFirst) {
  // 123.456 is 42F6E979 in IEEE 754; register 3000 (I a) is address 2999 = 0BB7.
  meter->publish({{"I a", 123.456}});
  EXPECT_EQ(server("00 01 00 00 00 06 FF 03 0B B7 00 02"),
            "00 01 00 00 00 07 FF 03 04 42 F6 E9 79");
}

TEST_F(OneMeter, AnswersFunction4LikeFunction3) {
  meter->publish({{"I a", 123.456}});
  EXPECT_EQ(server("AB CD 00 00 00 06 01 04 0B B7 00 02"),
            "AB CD 00 00 00 07 01 04 04 42 F6 E9 79");
}

TEST_F(OneMeter, AnswersHalfAValue) {
  meter->publish({{"I a", 123.456}});
  EXPECT_EQ(server("00 02 00 00 00 06 01 03 0B B8 00 01"), "00 02 00 00 00 05 01 03 02 E9 79");
}

TEST_F(OneMeter, KeepsKilowattsAndNegativeSigns) {
  // -1.5 is BFC00000; register 3060 (kW tot) is address 3059 = 0BF3.
  meter->publish({{"kW tot", -1.5}});
  EXPECT_EQ(server("00 03 00 00 00 06 01 03 0B F3 00 02"),
            "00 03 00 00 00 07 01 03 04 BF C0 00 00");
}

TEST_F(OneMeter, CountsEnergyInWattHoursOf64Bits) {
  // 12,345.678 kWh = 12,345,678 Wh = BC614E; register 3204 is address 3203 = 0C83.
  meter->publish({{"kWh del", 12345.678}, {"kWh del-rec", -1.0}});
  EXPECT_EQ(server("00 04 00 00 00 06 01 03 0C 83 00 04"),
            "00 04 00 00 00 0B 01 03 08 00 00 00 00 00 BC 61 4E");
  // del-rec: -1,000 Wh; register 3216, address 0C8F.
  EXPECT_EQ(server("00 04 00 00 00 06 01 03 0C 8F 00 04"),
            "00 04 00 00 00 0B 01 03 08 FF FF FF FF FF FF FC 18");
}

TEST_F(OneMeter, PacksFourQuadrantsInOnePowerFactor) {
  // Register 3084 (total), address 0C0B. Lag, delivered: 0.75 = 3F400000.
  meter->publish({{"PF sign tot", -0.75}, {"kW tot", 3.0}, {"kVAR tot", 2.0}});
  EXPECT_EQ(server("00 05 00 00 00 06 01 03 0C 0B 00 02"),
            "00 05 00 00 00 07 01 03 04 3F 40 00 00");
  // Lead, delivered: 2 - 0.75 = 1.25 = 3FA00000.
  meter->publish({{"PF sign tot", 0.75}, {"kW tot", 3.0}, {"kVAR tot", -2.0}});
  EXPECT_EQ(server("00 05 00 00 00 06 01 03 0C 0B 00 02"),
            "00 05 00 00 00 07 01 03 04 3F A0 00 00");
  // Lag, received: -0.75 = BF400000.
  meter->publish({{"PF sign tot", -0.75}, {"kW tot", -3.0}, {"kVAR tot", -2.0}});
  EXPECT_EQ(server("00 05 00 00 00 06 01 03 0C 0B 00 02"),
            "00 05 00 00 00 07 01 03 04 BF 40 00 00");
  // Lead, received: -2 + 0.75 = -1.25 = BFA00000.
  meter->publish({{"PF sign tot", 0.75}, {"kW tot", -3.0}, {"kVAR tot", 2.0}});
  EXPECT_EQ(server("00 05 00 00 00 06 01 03 0C 0B 00 02"),
            "00 05 00 00 00 07 01 03 04 BF A0 00 00");
}

TEST_F(OneMeter, SaysNotAvailableInEachFormat) {
  // Nothing has been measured. Float at 0BB7; INT64 at 0C83; UINT16 reserved at 403 = 0192;
  // DATETIME of the demand reset at 3706 = 0E79; UTF8 label of an input at 7419 = 1CFA.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 02"),
            "00 01 00 00 00 07 01 03 04 FF C0 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0C 83 00 04"),
            "00 01 00 00 00 0B 01 03 08 80 00 00 00 00 00 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 01 92 00 01"), "00 01 00 00 00 05 01 03 02 FF FF");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0E 79 00 04"),
            "00 01 00 00 00 0B 01 03 08 FF FF FF FF FF FF FF FF");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 1C FA 00 02"),
            "00 01 00 00 00 07 01 03 04 00 00 00 00");
}

TEST_F(OneMeter, AnswersAddressesThatNobodyKnowsWith8000) {
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 00 00 00 02"),
            "00 01 00 00 00 07 01 03 04 80 00 80 00");
  // The last two of all addresses, in a page without any row.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 FF FE 00 02"),
            "00 01 00 00 00 07 01 03 04 80 00 80 00");
  // Vln c (3032, 3033), two that nobody knows (3034, 3035), Vln avg (3036): 230.0 = 43660000.
  meter->publish({{"Vln c", 230.0}, {"Vln avg", 230.0}});
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B D7 00 06"),
            "00 01 00 00 00 0F 01 03 0C 43 66 00 00 80 00 80 00 43 66 00 00");
}

TEST_F(OneMeter, TellsItsNameAndMaker) {
  // Registers 30 and 70: addresses 29 = 1D and 69 = 45.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 00 1D 00 05"),
            "00 01 00 00 00 0D 01 03 0A 46 65 65 64 65 72 20 31 00 00");  // "Feeder 1"
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 00 45 00 05"),
            "00 01 00 00 00 0D 01 03 0A 48 61 6C 66 63 79 63 6C 65 00");  // "Halfcycle"
  // 50: model and template, address 49 = 31.
  EXPECT_EQ(
      server("00 01 00 00 00 06 01 03 00 31 00 0A"),
      "00 01 00 00 00 17 01 03 14 48 61 6C 66 63 79 63 6C 65 20 73 74 61 6E 64 61 72 64 00 00");
}

TEST_F(OneMeter, TellsTheTimeOfItsLatestSample) {
  // Registers 1837-1848: address 1836 = 072C. No sample yet: not available.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 07 2C 00 02"),
            "00 01 00 00 00 07 01 03 04 FF FF FF FF");
  fleet::MeterStatus status;
  status.state = fleet::MeterState::Measuring;
  status.last_sample = parse_iso8601("2024-02-29T23:58:59.250Z").value();
  meter->set_status(status);
  // 2024 = 07E8, 2, 29 = 1D, 23 = 17, 58 = 3A, 59 = 3B, 250 = FA, a Thursday: 5. Then as DATETIME:
  // 24 = 18; 2 << 8 | 5 << 5 | 29 = 02BD; 23 << 8 | 58 = 173A; 59,250 = E772.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 07 2C 00 0C"),
            "00 01 00 00 00 1B 01 03 18 07 E8 00 02 00 1D 00 17 00 3A 00 3B 00 FA 00 05 "
            "00 18 02 BD 17 3A E7 72");
}

TEST_F(OneMeter, TellsWhenAMaximumOccurred) {
  // kW tot mx (42322) and its time (42324): address 42321 = A551.
  const Instant peak = parse_iso8601("2025-07-04T12:30:15.000Z").value();
  meter->publish(graph::Tick::OneSecond, peak, {{"kW tot", 8.0}});
  meter->publish(graph::Tick::OneSecond, peak + Duration::seconds(1), {{"kW tot", 7.0}});
  // 8.0 = 41000000; 25 = 19; 7 << 8 | Friday 6 << 5 | 4 = 07C4; 12 << 8 | 30 = 0C1E; 15,000 = 3A98.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 A5 51 00 06"),
            "00 01 00 00 00 0F 01 03 0C 41 00 00 00 00 19 07 C4 0C 1E 3A 98");
}

TEST_F(OneMeter, ServesHalfCycleValues) {
  // Own block: time at 50001 (C350), HS Vln a at 50011 (C35A). 231.5 = 43678000.
  const Instant end = parse_iso8601("2025-01-01T00:00:00.020Z").value();
  meter->publish(graph::Tick::HalfCycle, end, {{"HS Vln a", 231.5}, {"HS Freq", 50.0}});
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 C3 5A 00 02"),
            "00 01 00 00 00 07 01 03 04 43 67 80 00");
  // 25 = 19; January, Wednesday 4, 1: 0181; 00:00; 20 ms = 14.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 C3 50 00 04"),
            "00 01 00 00 00 0B 01 03 08 00 19 01 81 00 00 00 14");
  // HS Freq of the fixed map, 21016 = 5217. 50.0 = 42480000.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 52 17 00 02"),
            "00 01 00 00 00 07 01 03 04 42 48 00 00");
}

TEST_F(OneMeter, LimitsTheCount) {
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 00"), "00 01 00 00 00 03 01 83 03");
  EXPECT_EQ(server("00 01 00 00 00 06 01 04 0B B7 00 7E"), "00 01 00 00 00 03 01 84 03");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 FF FF"), "00 01 00 00 00 03 01 83 03");
  // 125 registers: 250 bytes of values, 253 after the length field.
  const std::string most = server("00 01 00 00 00 06 01 03 0B B7 00 7D");
  EXPECT_EQ(most.substr(0, 26), "00 01 00 00 00 FD 01 03 FA");
  EXPECT_EQ(most.size(), 3U * (9 + 250) - 1);
}

TEST_F(OneMeter, RefusesARangeBeyondTheLastAddress) {
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 FF FF 00 01"), "00 01 00 00 00 05 01 03 02 80 00");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 FF FF 00 02"), "00 01 00 00 00 03 01 83 02");
  EXPECT_EQ(
      server("00 01 00 00 00 06 01 03 FF 83 00 7D"), "00 01 00 00 00 FD 01 03 FA" + [] {
        std::string rest;
        for (int i = 0; i < 125; ++i) {
          rest += " 80 00";
        }
        return rest;
      }());
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 FF 84 00 7D"), "00 01 00 00 00 03 01 83 02");
  // A wrong count comes before a wrong range.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 FF FF 00 7E"), "00 01 00 00 00 03 01 83 03");
}

TEST_F(OneMeter, RefusesAPduOfAnotherLength) {
  EXPECT_EQ(server("00 01 00 00 00 05 01 03 0B B7 00"), "00 01 00 00 00 03 01 83 03");
  EXPECT_EQ(server("00 01 00 00 00 07 01 03 0B B7 00 02 00"), "00 01 00 00 00 03 01 83 03");
  EXPECT_EQ(server("00 01 00 00 00 02 01 03"), "00 01 00 00 00 03 01 83 03");
  EXPECT_EQ(server("00 01 00 00 00 02 01 2B"), "00 01 00 00 00 03 01 AB 03");
  EXPECT_EQ(server("00 01 00 00 00 04 01 2B 0E 01"), "00 01 00 00 00 03 01 AB 03");
}

TEST_F(OneMeter, RefusesFunctionsThatItDoesNotHave) {
  for (int function = 0; function < 128; ++function) {
    if (function == 3 || function == 4 || function == 43) {
      continue;
    }
    EXPECT_EQ(server(format("00 01 00 00 00 06 01 {:02X} 00 00 00 01", function)),
              format("00 01 00 00 00 03 01 {:02X} 01", function + 128));
  }
  // 43 with another MEI type (13, CANopen) is another function.
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0D 00 00"), "00 01 00 00 00 03 01 AB 01");
}

TEST_F(OneMeter, IdentifiesItself) {
  // "Halfcycle", "HC", the version.
  const std::string version = HC_VERSION;
  const std::string answer = server("00 01 00 00 00 05 01 2B 0E 01 00");
  std::string expected = format(
      "00 01 00 00 00 {:02X} 01 2B 0E 01 82 00 00 03 00 09 48 61 6C 66 63 79 63 6C 65 01 02 48 43 "
      "02 {:02X}",
      8 + 11 + 4 + 2 + version.size(), version.size());
  expected += " " + hex(std::as_bytes(std::span(version)));
  EXPECT_EQ(answer, expected);
  // One object: 06, the name that the user gave.
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0E 04 06"),
            "00 01 00 00 00 12 01 2B 0E 04 82 00 00 01 06 08 46 65 65 64 65 72 20 31");
  // One object that is not there; a read code that does not exist.
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0E 04 03"), "00 01 00 00 00 03 01 AB 02");
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0E 05 00"), "00 01 00 00 00 03 01 AB 03");
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0E 00 00"), "00 01 00 00 00 03 01 AB 03");
}

TEST_F(OneMeter, AnswersForAnyUnitButTheBroadcast) {
  meter->publish({{"I a", 123.456}});
  for (const int unit : {1, 7, 8, 247, 248, 255}) {
    EXPECT_EQ(server(format("00 01 00 00 00 06 {:02X} 03 0B B7 00 02", unit)),
              format("00 01 00 00 00 07 {:02X} 03 04 42 F6 E9 79", unit));
  }
  EXPECT_EQ(server("00 01 00 00 00 06 00 03 0B B7 00 02"), "");
}

TEST(ManyMeters, AnswerForTheirOwnUnitOnly) {
  const auto a = std::make_shared<TestMeter>("a", 1);
  const auto b = std::make_shared<TestMeter>("b", 200);
  const auto none = std::make_shared<TestMeter>("none", 0);
  Server server{a, b, none};
  a->publish({{"I a", 1.0}});
  b->publish({{"I a", 2.0}});
  none->publish({{"I a", 3.0}});
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 02"),
            "00 01 00 00 00 07 01 03 04 3F 80 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 C8 03 0B B7 00 02"),
            "00 01 00 00 00 07 C8 03 04 40 00 00 00");
  // Whatever is asked of a unit that is not there: the target fails to respond.
  for (const int unit : {2, 7, 247, 248, 255}) {
    EXPECT_EQ(server(format("00 01 00 00 00 06 {:02X} 03 0B B7 00 02", unit)),
              format("00 01 00 00 00 03 {:02X} 83 0B", unit));
    EXPECT_EQ(server(format("00 01 00 00 00 05 {:02X} 2B 0E 01 00", unit)),
              format("00 01 00 00 00 03 {:02X} AB 0B", unit));
  }
  EXPECT_EQ(server("00 01 00 00 00 06 00 03 0B B7 00 02"), "");
}

TEST(ManyMeters, FollowTheDirectory) {
  const auto a = std::make_shared<TestMeter>("a", 1);
  const auto b = std::make_shared<TestMeter>("b", 2);
  Server server{a, b};
  a->publish({{"I a", 1.0}});
  b->publish({{"I a", 2.0}});
  server.directory.set({a});
  EXPECT_EQ(server("00 01 00 00 00 06 02 03 0B B7 00 02"),
            "00 01 00 00 00 07 02 03 04 3F 80 00 00");
  server.directory.set({});
  EXPECT_EQ(server("00 01 00 00 00 06 02 03 0B B7 00 02"), "00 01 00 00 00 03 02 83 0B");
  server.directory.set({b, a});
  EXPECT_EQ(server("00 01 00 00 00 06 02 03 0B B7 00 02"),
            "00 01 00 00 00 07 02 03 04 40 00 00 00");
}

TEST(ManyMeters, AFailedOneIsADeviceFailure) {
  const auto meter = std::make_shared<TestMeter>("a", 1);
  Server server{meter};
  meter->publish({{"I a", 1.0}});
  fleet::MeterStatus status;
  status.state = fleet::MeterState::Failed;
  meter->set_status(status);
  server.units.check_states();
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 02"), "00 01 00 00 00 03 01 83 04");
  // It can still say who it is, and what is wrong with a request comes first.
  EXPECT_EQ(server("00 01 00 00 00 05 01 2B 0E 04 01"),
            "00 01 00 00 00 0C 01 2B 0E 04 82 00 00 01 01 02 48 43");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 7E"), "00 01 00 00 00 03 01 83 03");
}

TEST(Delta, QualityOfVoltagesIsThatOfTheLinesBetween) {
  const auto wye = std::make_shared<TestMeter>("wye", 1);
  const auto delta =
      std::make_shared<TestMeter>("delta", 2, testing_meter::standard(), Wiring::Delta);
  Server server{wye, delta};
  const Instant end = parse_iso8601("2025-01-01T00:00:00Z").value();
  for (const auto& meter : {wye, delta}) {
    meter->publish(graph::Tick::TenTwelveCycle, end, {{"V1 THD", 2.5}});  // 2.5 = 40200000
  }
  // THD of A-B at 21322 = 5349, of A-N at 21330 = 5351.
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 53 49 00 02"),
            "00 01 00 00 00 07 01 03 04 FF C0 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 53 51 00 02"),
            "00 01 00 00 00 07 01 03 04 40 20 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 02 03 53 49 00 02"),
            "00 01 00 00 00 07 02 03 04 40 20 00 00");
  EXPECT_EQ(server("00 01 00 00 00 06 02 03 53 51 00 02"),
            "00 01 00 00 00 07 02 03 04 FF C0 00 00");
}

// ── The stream ────────────────────────────────────────────────────────────────────────────────

TEST_F(OneMeter, AnswersAllRequestsOfASegmentInOrder) {
  meter->publish({{"I a", 1.0}, {"I b", 2.0}});
  EXPECT_EQ(server("00 01 00 00 00 06 01 03 0B B7 00 02"
                   "00 09 00 00 00 06 01 01 0B B7 00 02"
                   "00 02 00 00 00 06 01 03 0B B9 00 02"),
            "00 01 00 00 00 07 01 03 04 3F 80 00 00 "
            "00 09 00 00 00 03 01 81 01 "
            "00 02 00 00 00 07 01 03 04 40 00 00 00");
  EXPECT_EQ(server.traffic.requests.value(), 3U);
  EXPECT_EQ(server.traffic.exceptions.value(), 1U);
}

TEST_F(OneMeter, WaitsForTheRestOfARequestCutAnywhere) {
  meter->publish({{"I a", 123.456}});
  const auto request = bytes("00 01 00 00 00 06 FF 03 0B B7 00 02");
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    std::vector<std::byte> out;
    const auto step = server.session.answer(std::span(request).first(cut), out);
    EXPECT_EQ(step.consumed, 0U) << cut;
    EXPECT_FALSE(step.close) << cut;
    EXPECT_TRUE(out.empty()) << cut;
    const auto rest = server.session.answer(request, out);
    EXPECT_EQ(rest.consumed, request.size());
    EXPECT_EQ(hex(out), "00 01 00 00 00 07 FF 03 04 42 F6 E9 79");
  }
}

TEST_F(OneMeter, SkipsFramesOfAnotherProtocol) {
  meter->publish({{"I a", 123.456}});
  EXPECT_EQ(server("00 01 00 01 00 06 FF 03 0B B7 00 02"
                   "00 02 00 00 00 06 FF 03 0B B7 00 02"),
            "00 02 00 00 00 07 FF 03 04 42 F6 E9 79");
  EXPECT_EQ(server.traffic.foreign.value(), 1U);
}

TEST_F(OneMeter, GivesUpAStreamWithAnImpossibleLength) {
  for (const char* const length : {"00 00", "00 01", "00 FF", "01 00", "FF FF"}) {
    const auto in =
        bytes(format("00 01 00 00 00 06 01 03 0B B7 00 01 00 02 00 00 {} 01 03", length));
    std::vector<std::byte> out;
    const auto step = server.session.answer(in, out);
    EXPECT_TRUE(step.close) << length;
    // The request before it has its answer.
    EXPECT_EQ(hex(out), "00 01 00 00 00 05 01 03 02 FF C0");
  }
  // 2 and 254 are possible.
  EXPECT_EQ(server("00 01 00 00 00 02 01 63"), "00 01 00 00 00 03 01 E3 01");
  std::string longest = "00 01 00 00 00 FE 01 63";
  for (int i = 0; i < 252; ++i) {
    longest += " 00";
  }
  EXPECT_EQ(server(longest), "00 01 00 00 00 03 01 E3 01");
}

TEST_F(OneMeter, StopsWhenEnoughIsToBeSent) {
  std::vector<std::byte> in;
  for (int i = 0; i < 200; ++i) {
    const auto request = bytes("00 01 00 00 00 06 01 03 0B B7 00 7D");
    in.insert(in.end(), request.begin(), request.end());
  }
  std::size_t answers = 0;
  std::size_t consumed = 0;
  for (;;) {
    std::vector<std::byte> out;
    const auto step = server.session.answer(std::span(in).subspan(consumed), out);
    consumed += step.consumed;
    answers += out.size() / 259;
    EXPECT_LT(out.size(), ServerSession::kEnoughToSend + kLargestFrame);
    if (!step.waiting) {
      break;
    }
  }
  EXPECT_EQ(consumed, in.size());
  EXPECT_EQ(answers, 200U);
}

}  // namespace
}  // namespace halfcycle::modbus

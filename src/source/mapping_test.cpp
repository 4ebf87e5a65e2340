// SPDX-License-Identifier: Apache-2.0
// The mapping of every recording in tests/recordings, worked out by hand from its .cfg, and names
// as other recorders write them.
#include "source/mapping.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "source/open.hpp"

namespace halfcycle::source {
namespace {

using formats::AnalogChannel;
using testing::ElementsAre;
using testing::HasSubstr;

std::string text_of(const std::vector<MappedChannel>& channels) {
  std::string text;
  for (const MappedChannel& channel : channels) {
    text += format("{}{}={}", text.empty() ? "" : "|", name(channel.input), channel.name);
    if (channel.scale != 1.0) {
      text += format("*{}", channel.scale);
    }
  }
  return text;
}

struct RecordingCase {
  const char* file;
  const char* mapping;
  Wiring wiring;
};

class RecordingMapping : public testing::TestWithParam<RecordingCase> {};

TEST_P(RecordingMapping, IsWhatAnEngineerReadsFromTheConfiguration) {
  const auto& row = GetParam();
  const auto source = open_source(std::string(HC_SOURCE_DIR "/tests/recordings/") + row.file, {});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(text_of((*source)->info().channels), row.mapping);
  EXPECT_EQ((*source)->info().wiring, row.wiring);
  EXPECT_THAT((*source)->info().assumed, testing::IsSupersetOf({"channels", "wiring"}));
}

INSTANTIATE_TEST_SUITE_P(
    All, RecordingMapping,
    testing::Values(
        // Four voltages, the fourth the residual one.
        RecordingCase{"Esticonv-Wisp.Comtrade/1.cfg", "V1=UA|V2=UB|V3=UC", Wiring::FourWireWye},
        // First busbar in kV; no currents belong to a busbar, so the first line. Batteries are DC.
        RecordingCase{"Esticonv-Wisp.Comtrade/2.cfg",
                      "V1=Ua_1СШ-110_ТН_110кВ*1000|V2=Ub_1СШ-110_ТН_110кВ*1000|"
                      "V3=Uc_1СШ-110_ТН_110кВ*1000|I1=Ia_2СШ-110_ВЛ_ВЛ1|I2=Ib_2СШ-110_ВЛ_ВЛ1|"
                      "I3=Ic_2СШ-110_ВЛ_ВЛ1|I4=3Io_2СШ-110_ВЛ_ВЛ1",
                      Wiring::FourWireWye},
        // Numbered F1 … F8; VN stays near 100 V whatever the phases do; magnitudes and angles are
        // no waves.
        RecordingCase{"Esticonv-Wisp.Comtrade/3.cfg",
                      "V1=F5-VA|V2=F6-VB|V3=F7-VC|I1=F1-IA|I2=F2-IB|I3=F3-IC|I4=F4-IG",
                      Wiring::FourWireWye},
        // Two line-to-line voltages: V12, and V32 as the negative of V23.
        RecordingCase{"Esticonv-Wisp.Comtrade/4.CFG", "V1=U21|V3=U32*-1|I1=I1|I2=I2|I3=I3",
                      Wiring::Delta},
        // In1 has the ratio of the phases, Ie has none; nothing is energised.
        RecordingCase{"Esticonv-Wisp.Comtrade/5.cfg", "V1=Ua|V2=Ub|V3=Uc|I1=Ia|I2=Ib|I3=Ic|I4=In1",
                      Wiring::FourWireWye},
        // Phases in Chinese names only.
        RecordingCase{"ModerRAS-ComtradeTool/SS_S2P1CPRA1_30756_20231006_075240_124_Child2.CFG",
                      "V1=系统A相电压*1000|V2=系统B相电压*1000|V3=系统C相电压*1000|"
                      "I1=网侧开关1分支A相电流|I2=网侧开关1分支B相电流|I3=网侧开关1分支C相电流",
                      Wiring::FourWireWye},
        // The second current is an I and a Cyrillic letter.
        RecordingCase{"Nazir-COMTRADE/test.cfg", "I1=Ia|I2=Iв|I3=Ic|I4=3Io", Wiring::FourWireWye},
        RecordingCase{"dparrini-python-comtrade/sample_ascii.cfg", "I1=IA|I2=IB|I3=IC|I4=3I0",
                      Wiring::FourWireWye},
        RecordingCase{"dparrini-python-comtrade/sample_ascii.cff", "I1=IA|I2=IB|I3=IC|I4=3I0",
                      Wiring::FourWireWye},
        RecordingCase{"dparrini-python-comtrade/sample_iso8859-1.cfg", "I1=IA|I2=IB|I3=IC|I4=3I0",
                      Wiring::FourWireWye},
        RecordingCase{"dparrini-python-comtrade/sample_iso8859-1_bin.cfg",
                      "I1=IA|I2=IB|I3=IC|I4=3I0", Wiring::FourWireWye},
        // VN is in step with the sum of the phases: an open delta of half the ratio.
        RecordingCase{"dparrini-python-comtrade/sample_bin.cfg", "V1=VA*1000|V2=VB*1000|V3=VC*1000",
                      Wiring::FourWireWye},
        // Phases R, S, T; the first winding and its busbar; the small VN is one of the neutral.
        RecordingCase{"gabrieldelaparra-ComtradeHandler/Comtrade1.cfg",
                      "V1=HV Bus VR|V2=HV Bus VS|V3=HV Bus VT|V4=HV Bus VN|I1=HV IR|I2=HV IS|"
                      "I3=HV IT|I4=HV IN",
                      Wiring::FourWireWye},
        RecordingCase{"ijlyttle-ieeecomtrade/keating_1999.CFG",
                      "V1=U1|V2=U2|V3=U3|V4=U4|I1=I1|I2=I2|I3=I3|I4=I4", Wiring::FourWireWye},
        // 3Uo is no V4; ch1 … ch3 say nothing.
        RecordingCase{"selkovevgeny-RelayLab/single_phase_fault.cfg", "I1=Ia|I2=Ib|I3=Ic|I4=3Io",
                      Wiring::FourWireWye},
        RecordingCase{"selkovevgeny-RelayLab/two_phase_fault.cfg",
                      "V1=Ua|V2=Ub|V3=Uc|I1=Ia|I2=Ib|I3=Ic|I4=I0", Wiring::FourWireWye},
        // Cyrillic В and С; the high-voltage side comes first.
        RecordingCase{"selkovevgeny-RelayLab/transformer_inrush.cfg", "I1=IA ВН|I2=IВ ВН|I3=IС ВН",
                      Wiring::FourWireWye},
        // UN follows the sum of the phases while a pole is open; DIFF and BIAS are computed.
        RecordingCase{"yonwoo9-go-comtrade/test1.cfg",
                      "V1=LINE ULA|V2=LINE ULB|V3=LINE ULC|I1=LINE SUM ILA|I2=LINE SUM ILB|"
                      "I3=LINE SUM ILC|I4=LINE SUM IN",
                      Wiring::FourWireWye},
        RecordingCase{"yonwoo9-go-comtrade/test2.cfg",
                      "V1=5-Ua|V2=6-Ub|V3=7-Uc|I1=1-Ia|I2=2-Ib|I3=3-Ic|I4=4-3I0",
                      Wiring::FourWireWye},
        RecordingCase{"zhangsonggui-comtrade-io/ascii_cff_2013.cff",
                      "V1=220kV母线_Ua|V2=220kV母线_Ub|V3=220kV母线_Uc|"
                      "I1=220kV hh1x_211开关_Ia|I2=220kV hh1x_211开关_Ib|"
                      "I3=220kV hh1x_211开关_Ic|I4=220kV hh1x_211开关_3I0",
                      Wiring::FourWireWye},
        RecordingCase{"zhangsonggui-comtradeOfPython/D51_RCD_2346_20150917_105253_065_F.cfg",
                      "V1=Ua1|V2=Ub1|V3=Uc1|I1=Ia1|I2=Ib1|I3=Ic1|I4=3I0", Wiring::FourWireWye},
        RecordingCase{"zhangsonggui-comtradeOfPython/xtz.cfg",
                      "V1=220kV母线I_Ua|V2=220kV母线I_Ub|V3=220kV母线I_Uc|"
                      "I1=2号主变_高压侧_Ia|I2=2号主变_高压侧_Ib|I3=2号主变_高压侧_Ic|"
                      "I4=2号主变_高压侧_3I0",
                      Wiring::FourWireWye},
        RecordingCase{"zhangsonggui-comtradeOfPython/ymz.cfg",
                      "V1=220kV母线Ⅰ_Ua|V2=220kV母线Ⅰ_Ub|V3=220kV母线Ⅰ_Uc|"
                      "I1=220kVhyx_212开关_Ia|I2=220kVhyx_212开关_Ib|I3=220kVhyx_212开关_Ic|"
                      "I4=220kVhyx_212开关_3I0",
                      Wiring::FourWireWye}),
    [](const auto& row) {
      std::string id;
      for (const char c : std::string_view(row.param.file)) {
        id += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      }
      return id;
    });

TEST(RecordingMapping, ARecordingOfUnknownQuantitiesIsRefusedWithItsChannels) {
  const auto source = open_source(
      HC_SOURCE_DIR "/tests/recordings/dparrini-python-comtrade/sample_float32.cff", {});
  ASSERT_FALSE(source);
  EXPECT_EQ(source.error().code, ErrorCode::InvalidInput);
  EXPECT_THAT(source.error().message, HasSubstr("#1 test/out1 [none]"));
  EXPECT_THAT(source.error().message, HasSubstr("--map V1=#1"));
}

TEST(RecordingMapping, ASetOfABayBringsItsOwnCurrents) {
  OpenOptions options;
  options.mapping.sets = {"220kVhyx"};
  const auto source =
      open_source(HC_SOURCE_DIR "/tests/recordings/zhangsonggui-comtradeOfPython/ymz.cfg", options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(text_of((*source)->info().channels),
            "V1=220kVhyx_Ua|V2=220kVhyx_Ub|V3=220kVhyx_Uc|I1=220kVhyx_212开关_Ia|"
            "I2=220kVhyx_212开关_Ib|I3=220kVhyx_212开关_Ic|I4=220kVhyx_212开关_3I0");
}

TEST(RecordingMapping, ASetOfCurrentsBringsTheVoltagesOfItsBay) {
  OpenOptions options;
  options.mapping.sets = {"220kVxy2x_216开关"};
  const auto source =
      open_source(HC_SOURCE_DIR "/tests/recordings/zhangsonggui-comtradeOfPython/ymz.cfg", options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().channels.front().name, "220kVxy2x_Ua");
}

// --- names ------------------------------------------------------------------------------------

struct Channel {
  const char* name;
  const char* unit;
  const char* phase = "";
  const char* component = "";
};

std::vector<AnalogChannel> channels_of(std::initializer_list<Channel> list) {
  std::vector<AnalogChannel> channels;
  for (const Channel& c : list) {
    channels.push_back(
        {.name = c.name, .phase = c.phase, .component = c.component, .unit = c.unit});
  }
  return channels;
}

/// "V1=#1 V2=#2*1000"
std::string map_text(const std::vector<AnalogChannel>& channels,
                     const MappingOptions& options = {}) {
  const auto mapping = map_channels(channels, options);
  if (!mapping) {
    return mapping.error().message;
  }
  std::string text;
  for (const Assignment& a : mapping->inputs) {
    text += format("{}{}=#{}", text.empty() ? "" : " ", name(a.input), a.channel + 1);
    if (a.scale != 1.0) {
      text += format("*{}", a.scale);
    }
  }
  return text;
}

std::string map_names(std::initializer_list<const char*> names, const char* unit) {
  std::vector<AnalogChannel> channels;
  for (const char* name : names) {
    channels.push_back({.name = name, .phase = "", .component = "", .unit = unit});
  }
  return map_text(channels);
}

TEST(ChannelNames, PhaseVoltagesOfManyMakers) {
  constexpr const char* kThree = "V1=#1 V2=#2 V3=#3";
  EXPECT_EQ(map_names({"UA", "UB", "UC"}, "V"), kThree);
  EXPECT_EQ(map_names({"VAN", "VBN", "VCN"}, "V"), kThree);
  EXPECT_EQ(map_names({"UL1", "UL2", "UL3"}, "V"), kThree);
  EXPECT_EQ(map_names({"uL1-N", "uL2-N", "uL3-N"}, "V"), kThree);
  EXPECT_EQ(map_names({"U1N", "U2N", "U3N"}, "V"), kThree);
  EXPECT_EQ(map_names({"VR", "VS", "VT"}, "V"), kThree);
  EXPECT_EQ(map_names({"VR", "VY", "VB"}, "V"), kThree);
  EXPECT_EQ(map_names({"V1", "V2", "V3"}, ""), kThree);
  EXPECT_EQ(map_names({"V_A", "V_B", "V_C"}, "V"), kThree);
  EXPECT_EQ(map_names({"Voltage L1", "Voltage L2", "Voltage L3"}, "V"), kThree);
  EXPECT_EQ(map_names({"VAY", "VBY", "VCY"}, "V"), kThree);
  EXPECT_EQ(map_names({"V1A", "V1B", "V1C"}, "V"), kThree);
  EXPECT_EQ(map_names({"Bus 1 A", "Bus 1 B", "Bus 1 C"}, "V"), kThree);
  EXPECT_EQ(map_names({"A相电压", "B相电压", "C相电压"}, "V"), kThree);
  EXPECT_EQ(map_names({"UC", "UB", "UA"}, "V"), "V1=#3 V2=#2 V3=#1");
}

TEST(ChannelNames, BIsTheSecondPhaseOfAbcAndTheThirdOfRyb) {
  EXPECT_EQ(map_names({"IB", "IR", "IY"}, "A"), "I1=#2 I2=#3 I3=#1");
  EXPECT_EQ(map_names({"IB", "IC", "IA"}, "A"), "I1=#3 I2=#1 I3=#2");
}

TEST(ChannelNames, UnitsScaleAndTellQuantities) {
  EXPECT_EQ(map_names({"UA", "UB", "UC"}, "kV"), "V1=#1*1000 V2=#2*1000 V3=#3*1000");
  EXPECT_EQ(map_names({"UA", "UB", "UC"}, "mV"), "V1=#1*0.001 V2=#2*0.001 V3=#3*0.001");
  EXPECT_EQ(map_names({"UA", "UB", "UC"}, "кВ"), "V1=#1*1000 V2=#2*1000 V3=#3*1000");
  EXPECT_EQ(map_names({"L1", "L2", "L3"}, "kA"), "I1=#1*1000 I2=#2*1000 I3=#3*1000");
  EXPECT_EQ(map_names({"L1", "L2", "L3"}, "ampere"), "I1=#1 I2=#2 I3=#3");
  for (const char* unit : {"deg", "%", "Hz", "one", "none", "W"}) {
    EXPECT_THAT(map_names({"UA", "UB", "UC"}, unit), HasSubstr("no analogue channel")) << unit;
  }
}

TEST(ChannelNames, LineToLineVoltagesLieInTheLanesOfADelta) {
  EXPECT_EQ(map_names({"UAB", "UBC", "UCA"}, "V"), "V1=#1 V2=#2 V3=#3");
  EXPECT_EQ(map_names({"U12", "U23", "U31"}, "V"), "V1=#1 V2=#2 V3=#3");
  EXPECT_EQ(map_names({"UL1-L2", "UL2-L3", "UL3-L1"}, "V"), "V1=#1 V2=#2 V3=#3");
  EXPECT_EQ(map_names({"VAB", "VBC", "VAC"}, "V"), "V1=#1 V2=#2 V3=#3*-1");
  // Two transformers: V12 on V1, V32 on V3 (base/system.hpp).
  EXPECT_EQ(map_names({"VAB", "VBC"}, "V"), "V1=#1 V3=#2*-1");
  EXPECT_EQ(map_names({"VAB", "VCB"}, "V"), "V1=#1 V3=#2");
  // French relays: U21 = V1 − V2, U32 = V2 − V3.
  EXPECT_EQ(map_names({"U21", "U32"}, "V"), "V1=#1 V3=#2*-1");
  EXPECT_EQ(map_names({"U21", "U32", "U13"}, "kV"), "V1=#1*1000 V2=#2*1000 V3=#3*1000");
  const auto delta = map_channels(channels_of({{"VAB", "V"}, {"VBC", "V"}}), {});
  ASSERT_TRUE(delta);
  EXPECT_EQ(delta->wiring, Wiring::Delta);
}

TEST(ChannelNames, PhaseVoltagesComeBeforeLineToLineOnesOfTheSameCircuit) {
  EXPECT_EQ(map_names({"UAB", "UBC", "UCA", "UA", "UB", "UC"}, "V"), "V1=#4 V2=#5 V3=#6");
}

TEST(ChannelNames, NeutralCurrentsAreI4ResidualVoltagesNeverV4) {
  for (const char* neutral : {"IN", "3I0", "I0", "IG", "In1", "Io", "INE", "I4"}) {
    EXPECT_EQ(map_names({"IA", "IB", "IC", neutral}, "A"), "I1=#1 I2=#2 I3=#3 I4=#4") << neutral;
  }
  for (const char* neutral : {"UN", "VN", "UNE", "V4"}) {
    EXPECT_EQ(map_names({"UA", "UB", "UC", neutral}, "V"), "V1=#1 V2=#2 V3=#3 V4=#4") << neutral;
  }
  for (const char* residual : {"3U0", "3Uo", "U0", "Vo", "VG", "URES", "零序电压"}) {
    EXPECT_EQ(map_names({"UA", "UB", "UC", residual}, "V"), "V1=#1 V2=#2 V3=#3") << residual;
  }
}

TEST(ChannelNames, ComputedQuantitiesAndDcNeverMap) {
  EXPECT_EQ(map_text(channels_of({{"Va Mag", "kV", "A"},
                                  {"Vb Mag", "kV", "B"},
                                  {"Vc Mag", "kV", "C"},
                                  {"IA DIFF", "A"},
                                  {"IB DIFF", "A"},
                                  {"IC DIFF", "A"},
                                  {"DC 1", "V", "A"},
                                  {"DC 2", "V", "B"},
                                  {"DC 3", "V", "C"},
                                  {"IA", "A"},
                                  {"IB", "A"},
                                  {"IC", "A"}})),
            "I1=#10 I2=#11 I3=#12");
}

TEST(ChannelNames, PhaseFieldsHelpWhereNamesSayNothing) {
  EXPECT_EQ(map_text(channels_of({{"TRAFO", "V", "A"}, {"TRAFO", "V", "B"}, {"TRAFO", "V", "C"}})),
            "V1=#1 V2=#2 V3=#3");
  EXPECT_EQ(
      map_text(channels_of({{"TRAFO", "A", "L3"}, {"TRAFO", "A", "L1"}, {"TRAFO", "A", "L2"}})),
      "I1=#2 I2=#3 I3=#1");
}

TEST(ChannelNames, ADigitIsTheCircuitWhereThePhaseFieldSaysSo) {
  EXPECT_EQ(map_text(channels_of({{"U2", "V", "A"},
                                  {"U2", "V", "B"},
                                  {"U2", "V", "C"},
                                  {"U1", "V", "A"},
                                  {"U1", "V", "B"},
                                  {"U1", "V", "C"}})),
            "V1=#1 V2=#2 V3=#3");
}

TEST(ChannelNames, EqualNamesAreToldApartByTheirCircuit) {
  const auto channels = channels_of({{"IA", "A", "", "Line 1"},
                                     {"IA", "A", "", "Line 2"},
                                     {"IB", "A", "", "Line 1"},
                                     {"IB", "A", "", "Line 2"},
                                     {"IC", "A", "", "Line 1"},
                                     {"IC", "A", "", "Line 2"}});
  EXPECT_EQ(map_text(channels), "I1=#1 I2=#3 I3=#5");
  EXPECT_EQ(map_text(channels, {.map = {}, .sets = {"Line 2"}}), "I1=#2 I2=#4 I3=#6");
  // A circuit field that names the phase tears nothing apart.
  EXPECT_EQ(
      map_text(channels_of(
          {{"IA", "A", "", "Line 1 A"}, {"IB", "A", "", "Line 1 B"}, {"IC", "A", "", "Line 1 C"}})),
      "I1=#1 I2=#2 I3=#3");
}

TEST(ChannelNames, TheFirstCompleteSetIsTaken) {
  EXPECT_EQ(
      map_names({"Aux UA", "Bus UA", "Bus UB", "Bus UC", "Line UA", "Line UB", "Line UC"}, "V"),
      "V1=#2 V2=#3 V3=#4");
}

TEST(ChannelNames, CurrentsOfTheSameBayComeFirst) {
  EXPECT_EQ(map_text(channels_of({{"L1 IA", "A"},
                                  {"L1 IB", "A"},
                                  {"L1 IC", "A"},
                                  {"L2 IA", "A"},
                                  {"L2 IB", "A"},
                                  {"L2 IC", "A"},
                                  {"L2 UA", "V"},
                                  {"L2 UB", "V"},
                                  {"L2 UC", "V"}})),
            "V1=#7 V2=#8 V3=#9 I1=#4 I2=#5 I3=#6");
}

TEST(ChannelNames, AMemberOnAnotherSideIsNoMember) {
  auto channels =
      channels_of({{"UA", "V"}, {"UB", "V"}, {"UC", "V"}, {"UA", "V"}, {"UB", "V"}, {"UC", "V"}});
  channels[1].side = Side::Primary;
  for (std::size_t i = 3; i < 6; ++i) {
    channels[i].side = Side::Secondary;
  }
  EXPECT_EQ(map_text(channels), "V1=#4 V2=#5 V3=#6");
}

TEST(ChannelNames, OneVoltageIsASinglePhaseMeter) {
  const auto mapping = map_channels(channels_of({{"voltage", ""}, {"current", ""}}), {});
  ASSERT_TRUE(mapping) << mapping.error().message;
  EXPECT_EQ(mapping->wiring, Wiring::Single);
  EXPECT_EQ(mapping->inputs.size(), 2U);
  EXPECT_EQ(map_text(channels_of({{"UB", "V"}, {"IB", "A"}})), "V1=#1 I2=#2");
  EXPECT_EQ(map_text(channels_of({{"V1", "V"}, {"I1", "A"}})), "V1=#1 I1=#2");
}

TEST(ChannelNames, AllInputsByTheirOwnNames) {
  EXPECT_EQ(map_names({"V1", "V2", "V3", "V4", "I1", "I2", "I3", "I4", "I5"}, ""),
            "V1=#1 V2=#2 V3=#3 V4=#4 I1=#5 I2=#6 I3=#7 I4=#8 I5=#9");
}

// --- by hand ------------------------------------------------------------------------------------

TEST(MapOption, TakesNamesAndNumbers) {
  const auto channels = channels_of({{"alpha", "V"}, {"beta", "kV"}, {"gamma", "A"}});
  EXPECT_EQ(map_text(channels, {.map = {{Input::V1, "BETA"}, {Input::I1, "#3"}}, .sets = {}}),
            "V1=#2*1000 I1=#3");
}

TEST(MapOption, LeavesTheOtherQuantityToTheNames) {
  const auto channels = channels_of(
      {{"x", "V"}, {"UA", "V"}, {"UB", "V"}, {"UC", "V"}, {"IA", "A"}, {"IB", "A"}, {"IC", "A"}});
  EXPECT_EQ(map_text(channels, {.map = {{Input::V1, "x"}}, .sets = {}}), "V1=#1 I1=#5 I2=#6 I3=#7");
  EXPECT_EQ(map_text(channels, {.map = {{Input::V4, "x"}}, .sets = {}}),
            "V1=#2 V2=#3 V3=#4 V4=#1 I1=#5 I2=#6 I3=#7");
  EXPECT_EQ(map_text(channels, {.map = {{Input::I1, "none"}}, .sets = {}}), "V1=#2 V2=#3 V3=#4");
}

TEST(MapOption, TurnsLineToLineVoltagesTheRightWayRound) {
  const auto channels = channels_of({{"VAB", "V"}, {"VBC", "V"}});
  EXPECT_EQ(map_text(channels, {.map = {{Input::V1, "VAB"}, {Input::V3, "VBC"}}, .sets = {}}),
            "V1=#1 V3=#2*-1");
}

TEST(MapOption, MistakesAreExplained) {
  const auto channels = channels_of({{"UA", "V"}, {"UB", "V"}, {"UB", "V"}});
  EXPECT_THAT(map_text(channels, {.map = {{Input::V1, "UAA"}}, .sets = {}}),
              testing::AllOf(HasSubstr("no channel 'UAA'"), HasSubstr("Did you mean 'UA'")));
  EXPECT_THAT(map_text(channels, {.map = {{Input::V1, "#4"}}, .sets = {}}),
              HasSubstr("3 analogue channels"));
  EXPECT_THAT(map_text(channels, {.map = {{Input::V1, "UB"}}, .sets = {}}),
              HasSubstr("2 channels are named 'UB' (#2, #3)"));
  EXPECT_THAT(map_text(channels, {.map = {{Input::V1, "UA"}, {Input::V2, "#1"}}, .sets = {}}),
              HasSubstr("mapped to both V1 and V2"));
  EXPECT_THAT(map_text(channels_of({{"Bus UA", "V"}, {"Bus UB", "V"}, {"Bus UC", "V"}}),
                       {.map = {}, .sets = {"Buss"}}),
              testing::AllOf(HasSubstr("no set of channels 'Buss'"), HasSubstr("'Bus'")));
}

TEST(MapOption, IsParsedFromText) {
  const auto entries = parse_map("V1=Ua bus, I4=#7");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].channel, "Ua bus");
  EXPECT_EQ((*entries)[1].input, Input::I4);
  EXPECT_EQ((*entries)[1].channel, "#7");
  for (const char* wrong : {"UA", "V9=UA", "V1=", "V1=a,v1=b", "=x"}) {
    const auto result = parse_map(wrong);
    ASSERT_FALSE(result) << wrong;
    EXPECT_EQ(result.error().code, ErrorCode::Usage);
  }
}

}  // namespace
}  // namespace halfcycle::source

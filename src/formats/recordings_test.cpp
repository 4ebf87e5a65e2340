// SPDX-License-Identifier: Apache-2.0
// Every recording in tests/recordings against figures that were worked out without this library: by
// the table in tests/recordings/README.md and by a short script that unpacks the records itself
// (struct.unpack, a·x + b, plain r.m.s. over the first nominal cycle).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/csv.hpp"
#include "formats/recording_files.hpp"
#include "formats/sniff.hpp"

namespace halfcycle::formats::testing {
namespace {

using ::testing::ElementsAre;

struct Row {
  std::string cfg;
  std::string dat;  // empty: a .cff
  std::string format;
  std::string station;
  std::size_t analogs;
  std::size_t statuses;
  std::uint64_t samples;
  double rate_hertz;  // of the first segment
  std::size_t segments;
  double frequency_hertz;
  std::string start;
  double trigger_seconds;  // from the first sample; NaN: not set
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.cfg; }

class EveryRecording : public ::testing::TestWithParam<Row> {};

TEST_P(EveryRecording, HasTheFiguresOfTheTable) {
  const Row& row = GetParam();
  const auto r =
      row.dat.empty() ? read_cff(recording_file(row.cfg)) : load_comtrade(row.cfg, row.dat);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->format, row.format);
  EXPECT_EQ(r->station, row.station);
  EXPECT_EQ(r->analogs.size(), row.analogs);
  EXPECT_EQ(r->statuses.size(), row.statuses);
  EXPECT_EQ(r->sample_count, row.samples);
  EXPECT_EQ(r->nominal_frequency_hertz, row.frequency_hertz);
  ASSERT_EQ(r->segments.size(), row.segments);
  EXPECT_NEAR(r->segments.front().rate_hertz, row.rate_hertz, 1e-6 * row.rate_hertz);
  ASSERT_TRUE(r->start);
  EXPECT_EQ(to_iso8601(*r->start), row.start);
  EXPECT_EQ(r->trigger.has_value(), !std::isnan(row.trigger_seconds));
  if (r->trigger) {
    EXPECT_NEAR((*r->trigger - *r->start).to_seconds(), row.trigger_seconds, 5e-6);
  }
  std::uint64_t next = 0;
  for (const Segment& segment : r->segments) {
    EXPECT_EQ(segment.first_sample, next);
    next += segment.sample_count;
  }
  EXPECT_EQ(next, row.samples);
  EXPECT_EQ(r->segments.front().discontinuity, Discontinuity::Start);
}

const double kNone = std::numeric_limits<double>::quiet_NaN();
const std::string kPython = "dparrini-python-comtrade/";
const std::string kWisp = "Esticonv-Wisp.Comtrade/";
const std::string kRelay = "selkovevgeny-RelayLab/";
const std::string kChina = "zhangsonggui-comtradeOfPython/";
const std::string kD51 = kChina + "D51_RCD_2346_20150917_105253_065_F";
const std::string kNr = "ModerRAS-ComtradeTool/SS_S2P1CPRA1_30756_20231006_075240_124_Child2";
const std::string kOita = "gabrieldelaparra-ComtradeHandler/Comtrade1";

// The times of the dparrini samples are 5 h 30 min behind UTC, those of Comtrade1 9 h ahead.
INSTANTIATE_TEST_SUITE_P(
    Readme, EveryRecording,
    ::testing::Values(
        Row{kWisp + "1.cfg", kWisp + "1.dat", "comtrade-1999-ascii", "11", 4, 15, 5316, 2401.509521,
            83, 50, "2017-05-25T08:13:16.587000000Z", 0.090},
        Row{kWisp + "2.cfg", kWisp + "2.dat", "comtrade-1999-binary", "Неизвестный регистратор", 55,
            112, 19680, 1200, 1, 50, "2016-08-22T16:04:22.000000000Z", 1.553},
        Row{kWisp + "4.CFG", kWisp + "4.DAT", "comtrade-1999-binary", "OPG_141204_070148813.CFG", 6,
            16, 2400, 600, 1, 50, "2014-12-04T07:01:48.813000000Z", 0.720},
        Row{kWisp + "5.cfg", kWisp + "5.dat", "comtrade-2013-binary32", "STATION_NAME", 37, 300,
            202, 2000, 1, 50, "2010-02-22T21:41:29.659551000Z", kNone},
        Row{kNr + ".CFG", kNr + ".DAT", "comtrade-1999-binary", "南瑞继保", 79, 143, 5000, 1200, 1,
            50, "2023-10-06T07:52:39.124000000Z", 1.0},
        Row{"Nazir-COMTRADE/test.cfg", "Nazir-COMTRADE/test.dat", "comtrade-1991-ascii",
            "СИРИУС-2-Л", 4, 32, 6000, 1000, 1, 50, "2007-01-01T00:45:13.457000000Z", 1.0},
        Row{kPython + "sample_ascii.cfg", kPython + "sample_ascii.dat", "comtrade-2013-ascii",
            "SMARTSTATION", 4, 4, 40, 1200, 1, 60, "2011-01-12T11:25:30.075011000Z", 0.00325},
        Row{kPython + "sample_ascii.cff", "", "comtrade-2013-ascii", "SMARTSTATION", 4, 4, 40, 1200,
            1, 60, "2011-01-12T11:25:30.075011000Z", 0.00325},
        Row{kPython + "sample_ascii_utf-8.cfg", kPython + "sample_ascii.dat", "comtrade-2013-ascii",
            "SMARTSTATION testing text encoding: hgvcj터파크387", 4, 4, 40, 1200, 1, 60,
            "2011-01-12T11:25:30.075011000Z", 0.00325},
        Row{kPython + "sample_sub_char.cfg", kPython + "sample_ascii.dat", "comtrade-2013-ascii",
            "SMARTSTATION", 4, 4, 40, 1200, 1, 60, "2011-01-12T11:25:30.075011000Z", 0.00325},
        Row{kPython + "sample_iso8859-1.cfg", kPython + "sample_iso8859-1.dat",
            "comtrade-2013-ascii", "Estação de Medição", 4, 4, 40, 1200, 1, 60,
            "2011-01-12T11:25:30.075011000Z", 0.00325},
        Row{kPython + "sample_iso8859-1_bin.cfg", kPython + "sample_iso8859-1_bin.dat",
            "comtrade-2013-binary", "Estação de Medição", 4, 4, 40, 1200, 1, 60,
            "2011-01-12T11:25:30.750110000Z", 0.0325},
        Row{kPython + "sample_bin.cfg", kPython + "sample_bin.dat", "comtrade-1999-binary",
            "station", 4, 16, 5, 15360, 1, 60, "2017-01-07T15:35:41.958268000Z", 0.000065},
        Row{kPython + "sample_float32.cff", "", "comtrade-2013-float32", "EXAMPLE", 1, 1, 301, 100,
            1, 0, "2021-02-17T17:37:12.422969065Z", 1.5},
        Row{kOita + ".cfg", kOita + ".dat", "comtrade-2013-float32", "Nippon Steel Oita", 23, 140,
            7200, 1200, 1, 60, "2023-07-27T00:19:53.156666511Z", 0.999936},
        Row{"ijlyttle-ieeecomtrade/keating_1999.CFG", "ijlyttle-ieeecomtrade/keating_1999.DAT",
            "comtrade-1999-ascii", "4_Victoria_Keating.main_7650", 8, 0, 2048, 30707.244140625, 1,
            60, "2015-11-18T05:33:03.765333000Z", 0.02496},
        Row{kRelay + "two_phase_fault.cfg", kRelay + "two_phase_fault.dat", "comtrade-1991-ascii",
            "Осциллограмма", 7, 0, 2159, 1800, 1, 50, "2009-06-13T19:14:31.123215000Z", 0.2},
        Row{kRelay + "single_phase_fault.cfg", kRelay + "single_phase_fault.dat",
            "comtrade-1991-ascii", "OSC Осциллограф. Версия 2.11", 8, 32, 1524, 1200, 1, 50,
            "2011-02-10T11:34:32.670000000Z", 0.5},
        Row{kRelay + "transformer_inrush.cfg", kRelay + "transformer_inrush.dat",
            "comtrade-1999-ascii", "", 7, 79, 3852, 2400, 1, 50, "2023-11-29T11:40:21.076000000Z",
            0.6},
        Row{"yonwoo9-go-comtrade/test1.cfg", "yonwoo9-go-comtrade/test1.dat",
            "comtrade-1999-binary", "Strathmore 275kV", 20, 84, 11001, 1000, 1, 50,
            "2017-03-31T22:01:11.125094000Z", 1.001003},
        Row{"yonwoo9-go-comtrade/test2.cfg", "yonwoo9-go-comtrade/test2.dat", "comtrade-1999-ascii",
            "南自线路保护PSL603", 15, 7, 950, 1000, 1, 50, "2012-12-24T17:30:48.384000000Z", 0.0},
        Row{"zhangsonggui-comtrade-io/ascii_cff_2013.cff", "", "comtrade-2013-ascii", "GHBZ", 96,
            192, 186, 10000, 1, 50, "2023-05-12T19:45:25.600000000Z", 0.2146},
        Row{kD51 + ".cfg", kD51 + ".dat", "comtrade-1991-ascii", "UNREAL SUBSTATION", 24, 37, 2131,
            1200, 6, 50, "2015-09-17T10:52:52.987545000Z", 0.0775},
        Row{kChina + "xtz.cfg", kChina + "xtz.dat", "comtrade-1999-binary", "xtz", 48, 96, 3077,
            3200, 4, 50, "2023-05-12T19:45:25.603838000Z", 0.199936},
        Row{kChina + "ymz.cfg", kChina + "ymz.dat", "comtrade-1999-binary", "ymz", 80, 80, 2977,
            4000, 4, 50, "2023-05-12T19:45:26.539616000Z", 0.080}));

struct Level {
  std::string cfg;
  std::string dat;
  std::size_t cycle;  // samples of the first nominal cycle
  std::size_t first_channel;
  std::vector<std::string> names;  // of the channels from first_channel on
  std::vector<double> rms;
  double tolerance;
};

void PrintTo(const Level& level, std::ostream* out) { *out << level.cfg; }

class FirstCycle : public ::testing::TestWithParam<Level> {};

TEST_P(FirstCycle, HasTheRmsThatAnotherReaderFinds) {
  const Level& level = GetParam();
  const auto r = load_comtrade(level.cfg, level.dat);
  ASSERT_TRUE(r) << r.error().message;
  for (std::size_t i = 0; i < level.rms.size(); ++i) {
    EXPECT_EQ(r->analogs[level.first_channel + i].name, level.names[i]);
    EXPECT_NEAR(rms(*r, level.first_channel + i, 0, level.cycle), level.rms[i], level.tolerance)
        << level.names[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Levels, FirstCycle,
    ::testing::Values(
        Level{kWisp + "1.cfg",
              kWisp + "1.dat",
              48,
              0,
              {"UA", "UB", "UC", "3U0"},
              {58.66943, 58.41665, 58.80229, 0.32124},
              1e-4},
        Level{kWisp + "2.cfg",
              kWisp + "2.dat",
              24,
              0,
              {"Ua_1СШ-110_ТН_110кВ", "Ub_1СШ-110_ТН_110кВ", "Uc_1СШ-110_ТН_110кВ"},
              {55.2653, 55.34132, 55.17813},
              1e-4},
        Level{kWisp + "3.cfg",
              kWisp + "3.dat",
              16,
              4,
              {"F5-VA", "F6-VB", "F7-VC"},
              {58.74255, 58.92602, 58.55329},
              1e-4},
        Level{kWisp + "4.CFG",
              kWisp + "4.DAT",
              12,
              3,
              {"U21", "U32"},
              {3111.47912, 3184.72439},
              1e-3},
        Level{kOita + ".cfg",
              kOita + ".dat",
              20,
              5,
              {"HV Bus VR", "HV Bus VS", "HV Bus VT"},
              {130423.85868, 130775.21564, 130449.1319},
              0.05},
        Level{"yonwoo9-go-comtrade/test1.cfg",
              "yonwoo9-go-comtrade/test1.dat",
              20,
              8,
              {"LINE ULA", "LINE ULB", "LINE ULC"},
              {167475.60471, 168623.2986, 168494.62808},
              0.05},
        Level{kChina + "xtz.cfg",
              kChina + "xtz.dat",
              64,
              0,
              {"220kV母线I_Ua", "220kV母线I_Ub", "220kV母线I_Uc", "220kV母线I_3U0"},
              {60.1895, 60.31214, 60.34419, 0.18805},
              1e-4},
        Level{kChina + "ymz.cfg",
              kChina + "ymz.dat",
              80,
              0,
              {"220kV母线Ⅰ_Ua", "220kV母线Ⅰ_Ub", "220kV母线Ⅰ_Uc"},
              {60.2479, 60.39634, 60.41103},
              1e-4},
        Level{"ijlyttle-ieeecomtrade/keating_1999.CFG",
              "ijlyttle-ieeecomtrade/keating_1999.DAT",
              512,
              0,
              {"I1", "I2", "I3", "I4", "U1", "U2", "U3", "U4"},
              {115.67565, 132.13514, 155.78094, 1.3903, 349.20929, 353.06633, 346.1957, 0.08687},
              1e-3},
        Level{kRelay + "two_phase_fault.cfg",
              kRelay + "two_phase_fault.dat",
              36,
              0,
              {"Ua", "Ub", "Uc", "Ia", "Ib", "Ic", "I0"},
              {67962.27227, 68180.95797, 68146.91826, 318.32651, 314.55198, 309.99435, 36.6439},
              0.01},
        Level{kRelay + "single_phase_fault.cfg",
              kRelay + "single_phase_fault.dat",
              24,
              4,
              {"3Uo"},
              {0.183},
              1e-4},
        Level{"Nazir-COMTRADE/test.cfg",
              "Nazir-COMTRADE/test.dat",
              20,
              0,
              {"Ia", "Iв", "Ic", "3Io"},
              {5.01184, 5.00408, 5.02496, 0.00176},
              1e-4}));

std::vector<std::int64_t> starts_us(const Recording& r) {
  std::vector<std::int64_t> out;
  for (const Segment& s : r.segments) {
    out.push_back(s.start.count_ns() / 1000);
  }
  return out;
}

TEST(RecordingTime, OfYmzFollowsTheStampAcrossItsGap) {
  const auto r = load_comtrade(kChina + "ymz.cfg", kChina + "ymz.dat");
  ASSERT_TRUE(r);
  EXPECT_THAT(starts_us(*r), ElementsAre(0, 280000, 1126250, 1406250));
  EXPECT_EQ(r->segments[1].discontinuity, Discontinuity::RateChange);
  EXPECT_EQ(r->segments[2].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(r->segments[2].first_sample, 1256U);
  EXPECT_EQ(r->segments[3].discontinuity, Discontinuity::RateChange);
  // The last stamp is 4.406250 s, and one period of 5 ms follows.
  EXPECT_NEAR(r->duration().to_seconds(), 4.41125, 1e-9);
  EXPECT_TRUE(warns(*r, "gap"));
}

TEST(RecordingTime, OfXtzChangesRateWithoutAGap) {
  const auto r = load_comtrade(kChina + "xtz.cfg", kChina + "xtz.dat");
  ASSERT_TRUE(r);
  EXPECT_THAT(starts_us(*r), ElementsAre(0, 400000, 1120000, 1580000));
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_EQ(r->segments[i].discontinuity, Discontinuity::RateChange);
  }
  EXPECT_EQ(r->segments[1].rate_hertz, 50.0);
  EXPECT_FALSE(warns(*r, "gap"));
}

TEST(RecordingTime, OfD51ShowsFiveGaps) {
  const auto r = load_comtrade(kD51 + ".cfg", kD51 + ".dat");
  ASSERT_TRUE(r);
  // From the stamps, less the first one of −77500 µs; two of the eight rate lines go on without a
  // gap.
  EXPECT_THAT(starts_us(*r), ElementsAre(0, 3521666, 6905000, 10031666, 10951666, 17310000));
  std::vector<std::uint64_t> first;
  for (const Segment& s : r->segments) {
    first.push_back(s.first_sample);
    EXPECT_EQ(s.discontinuity, s.first_sample == 0 ? Discontinuity::Start : Discontinuity::Gap);
    EXPECT_EQ(s.rate_hertz, 1200.0);
  }
  EXPECT_THAT(first, ElementsAre(0U, 289U, 506U, 1045U, 1812U, 2099U));
}

TEST(RecordingTime, OfTest2IgnoresStampsThatGoBack) {
  const auto r = load_comtrade("yonwoo9-go-comtrade/test2.cfg", "yonwoo9-go-comtrade/test2.dat");
  ASSERT_TRUE(r);
  EXPECT_NEAR(r->duration().to_seconds(), 0.95, 1e-9);
  EXPECT_TRUE(warns(*r, "go back at sample 401"));
}

TEST(RecordingTime, OfWisp1FollowsItsEightyThreeRates) {
  const auto r = load_comtrade(kWisp + "1.cfg", kWisp + "1.dat");
  ASSERT_TRUE(r);
  // 708 samples at 2401.509521 Hz, then 24 at 2400.823242 Hz.
  EXPECT_NEAR(r->segments[1].start.to_seconds(), 708 / 2401.509521, 1e-9);
  EXPECT_NEAR(r->segments[2].start.to_seconds(), 708 / 2401.509521 + 24 / 2400.823242, 2e-9);
  // The table: 2.21142 s by the rates for the last sample against 2.20908 s by the stamps.
  const Segment& last = r->segments.back();
  EXPECT_NEAR(r->duration().to_seconds() - 1.0 / last.rate_hertz, 2.21142, 5e-6);
  EXPECT_TRUE(warns(*r, "disagree"));
  for (std::size_t i = 1; i < r->segments.size(); ++i) {
    EXPECT_EQ(r->segments[i].discontinuity, Discontinuity::RateChange);
  }
}

TEST(RecordingTime, OfWisp3IsOneSegmentFittedToItsStamps) {
  const auto r = load_comtrade(kWisp + "3.cfg", kWisp + "3.dat");
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->segments.size(), 1U);
  EXPECT_EQ(r->sample_count, 1360U);
  // Stamps from 0 to 1698295 µs.
  EXPECT_NEAR(r->segments[0].rate_hertz, 1359 / 1.698295, 0.05);
  EXPECT_NEAR((*r->trigger - *r->start).to_seconds(), 0.504614, 1e-9);
  EXPECT_EQ(r->analogs[4].primary, 190740.0);
  EXPECT_EQ(r->analogs[4].secondary, 57.8);
  EXPECT_EQ(r->analogs[4].side, Side::Secondary);
}

TEST(RecordingTime, OfComtrade1SurvivesNanosecondStampsThatWrap) {
  const auto r = load_comtrade(kOita + ".cfg", kOita + ".dat");
  ASSERT_TRUE(r);
  EXPECT_NEAR(r->duration().to_seconds(), 6.0, 1e-9);
  EXPECT_TRUE(r->zone_known);
  EXPECT_TRUE(r->warnings.empty()) << r->warnings.front();
}

TEST(RecordingValues, MissingOnesAreNotNumbers) {
  const auto ascii =
      load_comtrade(kPython + "sample_ascii.cfg", kPython + "sample_ascii_missing.dat");
  ASSERT_TRUE(ascii);
  const auto binary = load_comtrade(kPython + "sample_bin.cfg", kPython + "sample_bin_missing.dat");
  ASSERT_TRUE(binary);
  for (std::size_t channel = 0; channel < 4; ++channel) {
    // The four marks stand on the diagonal: 99999 from the second row, 0x8000 from the first.
    const auto a = analog(*ascii, channel);
    const auto b = analog(*binary, channel);
    for (std::size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(std::isnan(a[i]), i == channel + 1) << channel << " " << i;
    }
    for (std::size_t i = 0; i < b.size(); ++i) {
      EXPECT_EQ(std::isnan(b[i]), i == channel) << channel << " " << i;
    }
  }
}

TEST(RecordingValues, OfFloat32AndTheStatusBits) {
  const auto r = read_cff(recording_file(kPython + "sample_float32.cff"));
  ASSERT_TRUE(r);
  const auto values = analog(*r, 0);
  EXPECT_EQ(values[0], 2.8096930980682373F);
  EXPECT_EQ(values[100], 11.654534339904785F);
  EXPECT_EQ(values[300], 44.93144607543945F);
  EXPECT_TRUE(warns(*r, "do not fit the sampling rate"));

  const auto bits =
      load_comtrade(kPython + "sample_iso8859-1_bin.cfg", kPython + "sample_iso8859-1_bin.dat");
  ASSERT_TRUE(bits);
  // The status word of the last record is 11: bits 0, 1 and 3.
  const std::vector<int> expected{1, 1, 0, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(status(*bits, i).back(), expected[i]);
    EXPECT_EQ(status(*bits, i).front(), 0);
  }
}

TEST(RecordingValues, ReadInPiecesAreTheSame) {
  const auto r = load_comtrade(kChina + "ymz.cfg", kChina + "ymz.dat");
  ASSERT_TRUE(r);
  const auto whole = analog(*r, 5);
  std::vector<float> piece(7);
  for (std::uint64_t first = 0; first + 7 <= r->sample_count; first += 7) {
    r->samples->read_analog(5, first, piece);
    for (std::size_t i = 0; i < 7; ++i) {
      ASSERT_EQ(piece[i], whole[first + i]);
    }
  }
}

TEST(RecordingWarnings, NameTheOddities) {
  const auto wisp1 = load_comtrade(kWisp + "1.cfg", kWisp + "1.dat");
  EXPECT_TRUE(warns(*wisp1, "1.cfg:1: revision year '2000'"));
  EXPECT_TRUE(warns(*wisp1, "windows-1251"));
  const auto wisp2 = load_comtrade(kWisp + "2.cfg", kWisp + "2.dat");
  EXPECT_TRUE(warns(*wisp2, "announces only 19679"));
  const auto wisp5 = load_comtrade(kWisp + "5.cfg", kWisp + "5.dat");
  EXPECT_TRUE(warns(*wisp5, "trigger is not set"));
  const auto earth =
      load_comtrade(kRelay + "single_phase_fault.cfg", kRelay + "single_phase_fault.dat");
  EXPECT_TRUE(warns(*earth, "cp866"));
  EXPECT_TRUE(warns(*earth, "order of day and month is in doubt"));
  const auto cff = read_cff(recording_file("zhangsonggui-comtrade-io/ascii_cff_2013.cff"));
  EXPECT_TRUE(warns(*cff, "announces 45600"));
}

TEST(RecordingNames, AreReadInTheirEncodings) {
  const auto inrush =
      load_comtrade(kRelay + "transformer_inrush.cfg", kRelay + "transformer_inrush.dat");
  EXPECT_EQ(inrush->device, "КИТ-Р-А3-ДЗТ-01_00 версия 1701159520");
  EXPECT_EQ(inrush->analogs[0].name, "IA ВН");
  const auto nr = load_comtrade(kNr + ".CFG", kNr + ".DAT");
  EXPECT_EQ(nr->analogs[0].name, "系统A相电压");
  const auto earth =
      load_comtrade(kRelay + "single_phase_fault.cfg", kRelay + "single_phase_fault.dat");
  EXPECT_EQ(earth->statuses[2].name, "МТЗ I>>>");
  const auto d51 = load_comtrade(kD51 + ".cfg", kD51 + ".dat");
  EXPECT_EQ(d51->statuses[0].name, "纵联差动保护");
}

TEST(RecordingCsv, WithoutHeaderNeedsARate) {
  const FileBytes healthy = recording_file("ibarram-ITSC/SC_HLT_001.csv");
  const auto refused = read_csv(healthy, {});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("--rate"));
  const auto r = read_csv(healthy, {.rate_hertz = 1000.0});
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 1000U);
  ASSERT_EQ(r->analogs.size(), 3U);
  EXPECT_EQ(r->analogs[2].name, "3");
  EXPECT_NEAR(rms(*r, 0, 0, 1000), 2.027948, 1e-5);
  EXPECT_NEAR(rms(*r, 1, 0, 1000), 1.881538, 1e-5);
  EXPECT_NEAR(rms(*r, 2, 0, 1000), 2.046499, 1e-5);
  EXPECT_FALSE(r->start);
  const auto shorted =
      read_csv(recording_file("ibarram-ITSC/SC_A4_B0_C0_001.csv"), {.rate_hertz = 1000.0});
  ASSERT_TRUE(shorted);
  EXPECT_NEAR(rms(*shorted, 0, 0, 1000), 2.94, 0.01);
}

TEST(RecordingKinds, AreRecognised) {
  const auto kind = [](const std::string& path) {
    const FileBytes file = recording_file(path);
    return sniff(path, file.bytes.first(std::min<std::size_t>(file.bytes.size(), 4096)));
  };
  EXPECT_EQ(kind("secha-project-pqdif-converter/example.pqd"), FileKind::Pqdif);
  EXPECT_EQ(kind("KaeroDot-EPMDigitalITsw/E_pcap.pcapng"), FileKind::Pcap);
  EXPECT_EQ(kind(kWisp + "4.CFG"), FileKind::ComtradeCfg);
  EXPECT_EQ(kind(kWisp + "4.DAT"), FileKind::ComtradeDat);
  EXPECT_EQ(kind("zhangsonggui-comtrade-io/ascii_cff_2013.cff"), FileKind::ComtradeCff);
  EXPECT_EQ(kind("ibarram-ITSC/SC_HLT_001.csv"), FileKind::Csv);
  EXPECT_THAT(refusal(FileKind::ComtradeDat, "x.dat").message, ::testing::HasSubstr(".cfg"));
}

}  // namespace
}  // namespace halfcycle::formats::testing

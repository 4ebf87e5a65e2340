// SPDX-License-Identifier: Apache-2.0
// Small deviations are read with a warning that names the line, nonsense is refused with an error
// that does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cfloat>

#include "formats/recording_files.hpp"

namespace halfcycle::formats::testing {
namespace {

using ::testing::HasSubstr;

const std::string kCfg =
    "Station,Device,1999\r\n"
    "3,2A,1D\r\n"
    "1,UA,A,Line,V,0.5,1,0,-32767,32767,100,1,P\r\n"
    "2,IA,A,Line,A,0.25,0,12.5,-32767,32767,5,1,S\r\n"
    "1,Trip,,,0\r\n"
    "50\r\n"
    "1\r\n"
    "1000,3\r\n"
    "02/03/2020,10:00:00.000000\r\n"
    "02/03/2020,10:00:00.001000\r\n"
    "ASCII\r\n"
    "1\r\n";
const std::string kDat = "1,0,10,-4,0\r\n2,1000,20,8,1\r\n3,2000,-30,0,0\r\n";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string cfg(const std::string& from, const std::string& to) { return with(kCfg, from, to); }

std::string error_of(const std::string& cfg_text, const std::string& dat = kDat) {
  const auto r = load_text(cfg_text, dat);
  EXPECT_FALSE(r) << "was read";
  return r ? "" : r.error().message;
}

TEST(Comtrade, ReadsValuesRatiosSkewAndStates) {
  const auto r = load_text(kCfg, kDat);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(r->warnings.empty()) << r->warnings.front();
  EXPECT_THAT(analog(*r, 0), ::testing::ElementsAre(6.0F, 11.0F, -14.0F));
  EXPECT_THAT(analog(*r, 1), ::testing::ElementsAre(-1.0F, 2.0F, 0.0F));
  EXPECT_THAT(status(*r, 0), ::testing::ElementsAre(0, 1, 0));
  EXPECT_DOUBLE_EQ(r->analogs[1].skew_seconds, 12.5e-6);
  EXPECT_EQ(r->analogs[0].side, Side::Primary);
  EXPECT_EQ(r->analogs[1].side, Side::Secondary);
  EXPECT_EQ(r->analogs[0].primary, 100.0);
  EXPECT_EQ(to_iso8601(*r->start), "2020-03-02T10:00:00.000000000Z");
  EXPECT_FALSE(r->zone_known);
}

TEST(Comtrade, AcceptsLineFeedsBlanksAndAMissingLastLineBreak) {
  std::string text = kCfg;
  std::erase(text, '\r');
  text.pop_back();
  const auto r = load_text(with(text, "1,UA,A", " 1 , UA , A "), kDat);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->analogs[0].name, "UA");
  EXPECT_TRUE(r->warnings.empty());
}

struct Refused {
  std::string what;
  std::string from;
  std::string to;
  std::string message;
};
void PrintTo(const Refused& row, std::ostream* out) { *out << row.what; }

class Nonsense : public ::testing::TestWithParam<Refused> {};

TEST_P(Nonsense, IsRefusedWithItsLine) {
  const Refused& row = GetParam();
  EXPECT_THAT(error_of(cfg(row.from, row.to)), HasSubstr(row.message));
}

INSTANTIATE_TEST_SUITE_P(
    Cfg, Nonsense,
    ::testing::Values(
        Refused{"no channels", "3,2A,1D", "0,0A,0D", "x.cfg:2: the file declares no channels"},
        Refused{"more channels than lines", "3,2A,1D", "999999,999998A,1D", "x.cfg:2: 999999"},
        Refused{"huge count", "3,2A,1D", "3,99999999999999999999A,1D", "x.cfg:2"},
        Refused{"no letters", "3,2A,1D", "3,2,1", "x.cfg:2"},
        Refused{"one analogue too many", "3,2A,1D", "4,3A,1D", "x.cfg:5: analogue channel 3 of 3"},
        Refused{"one analogue too few", "3,2A,1D", "2,1A,1D", "x.cfg:4: status channel 1 of 1"},
        Refused{"one status too few", "3,2A,1D", "2,2A,0D", "x.cfg:5: the line frequency"},
        Refused{"missing fields", "1,UA,A,Line,V,0.5,1,0,-32767,32767,100,1,P", "1,UA,A",
                "x.cfg:3: analogue channel 1"},
        Refused{"multiplier", ",V,0.5,", ",V,half,", "x.cfg:3: the multiplier 'half'"},
        Refused{"offset", "0.5,1,0", "0.5,one,0", "x.cfg:3: the offset 'one'"},
        Refused{"frequency", "\n50\r", "\nfifty\r", "x.cfg:6"},
        Refused{"negative frequency", "\n50\r", "\n-50\r", "x.cfg:6"},
        Refused{"rates", "\n1\r\n1000", "\n-1\r\n1000", "x.cfg:7"},
        Refused{"rates without lines", "\n1\r\n1000", "\n4000000000\r\n1000", "x.cfg:7"},
        Refused{"negative rate", "1000,3", "-1000,3", "x.cfg:8: a sampling rate of -1000 Hz"},
        Refused{"absurd rate", "1000,3", "1e300,3", "x.cfg:8: a sampling rate of 1e300 Hz"},
        Refused{"no number", "1000,3", "nan,3", "x.cfg:8"},
        Refused{"negative last sample", "1000,3", "1000,-3", "x.cfg:8: '-3'"},
        Refused{"no last sample", "1000,3", "1000", "x.cfg:8"},
        Refused{"falling last samples", "1\r\n1000,3", "2\r\n1000,3\r\n500,2", "x.cfg:9"},
        Refused{"date", "02/03/2020,10:00:00.000000", "31/02/2020,10:00:00.000000", "x.cfg:9"},
        Refused{"trigger", "02/03/2020,10:00:00.001", "30/30/2020,10:00:00.001", "x.cfg:10"},
        Refused{"hour", "02/03/2020,10:00:00.000", "02/03/2020,25:00:00.000", "x.cfg:9"},
        Refused{"no date", "02/03/2020,10:00:00.000", "yesterday,10:00:00.000", "x.cfg:9"},
        Refused{"type", "ASCII", "EBCDIC", "x.cfg:11: 'EBCDIC'"}));

TEST(Comtrade, RefusesAFileThatEndsEarly) {
  std::string text;
  for (const char* line : {"", "S,D,1999\n", "2,1A,1D\n", "1,U,,,V,1,0,0,0,0,1,1,P\n", "1,T,,,0\n",
                           "50\n", "1\n", "1000,3\n", "01/02/2020,0:0:0\n", "01/02/2020,0:0:0\n"}) {
    text += line;
    EXPECT_THAT(error_of(text), HasSubstr("x.cfg:")) << text;
  }
  text += "ASCII\n";
  const auto r = load_text(text, "1,0,5,1\n2,1000,5,1\n3,2000,5,1\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(warns(*r, "time multiplier is missing"));
}

TEST(Comtrade, RefusesEmptyAndFittingNothing) {
  EXPECT_THAT(error_of(kCfg, ""), HasSubstr("x.dat: the data file is empty"));
  EXPECT_THAT(error_of(kCfg, "\r\n\r\n"), HasSubstr("no samples"));
  EXPECT_THAT(error_of(kCfg, "1,0,10,x,0\r\n2,0,1,1,1\r\n"), HasSubstr("x.dat:1: 'x'"));
  EXPECT_THAT(error_of(kCfg, "1,0,10\r\n2,1000,20,8,1\r\n"),
              HasSubstr("x.dat:1: the row has 3 fields, 5 are needed"));
  EXPECT_THAT(error_of("", kDat), HasSubstr("x.cfg"));
  EXPECT_THAT(error_of(cfg("ASCII", "BINARY")), HasSubstr("the data are text"));
}

TEST(Comtrade, ReadsATruncatedTextUpToItsLastWholeRow) {
  const auto r = load_text(kCfg, kDat.substr(0, kDat.size() - 7));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 2U);
  EXPECT_TRUE(warns(*r, "x.dat:3: the last row is incomplete"));
  EXPECT_TRUE(warns(*r, "announces 3"));
}

struct Tolerated {
  std::string what;
  std::string from;
  std::string to;
  std::string warning;
};
void PrintTo(const Tolerated& row, std::ostream* out) { *out << row.what; }

class Deviation : public ::testing::TestWithParam<Tolerated> {};

TEST_P(Deviation, IsReadWithAWarning) {
  const Tolerated& row = GetParam();
  const auto r = load_text(cfg(row.from, row.to), kDat);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(warns(*r, row.warning)) << ::testing::PrintToString(r->warnings);
  EXPECT_THAT(analog(*r, 0), ::testing::ElementsAre(6.0F, 11.0F, -14.0F));
}

INSTANTIATE_TEST_SUITE_P(
    Cfg, Deviation,
    ::testing::Values(
        Tolerated{"total", "3,2A,1D", "7,2A,1D", "x.cfg:2: 7 channels in total"},
        Tolerated{"no ratio", ",100,1,P", "", "x.cfg:3: the fields primary, secondary"},
        Tolerated{"bad ratio", ",100,1,P", ",0,1,P", "x.cfg:3: the transformer ratio"},
        Tolerated{"side", "100,1,P", "100,1,X", "x.cfg:3: neither P nor S"},
        Tolerated{"more fields", "100,1,P", "100,1,P,x", "x.cfg:3: more fields"},
        Tolerated{"short status", "1,Trip,,,0", "1,Trip,0", "x.cfg:5: fewer fields"},
        Tolerated{"no frequency", "\n50\r", "\n\r", "x.cfg:6: the line frequency is empty"},
        Tolerated{"zero frequency", "\n50\r", "\n0\r", "x.cfg:6: the line frequency is 0"},
        Tolerated{"fewer samples", "1000,3", "1000,2", "announces only 2"},
        Tolerated{"more samples", "1000,3", "1000,9", "announces 9"},
        Tolerated{"revision", "1999", "1998", "x.cfg:1: revision year '1998'"},
        Tolerated{"multiplier", "ASCII\r\n1", "ASCII\r\n-1",
                  "x.cfg:12: '-1' is no time multiplier"},
        Tolerated{"trailing text", "ASCII\r\n1\r\n", "ASCII\r\n1\r\nmore\r\n", "x.cfg:13"}));

std::string start_of(const std::string& revision, const std::string& date) {
  std::string text = with(kCfg, "Device,1999", "Device" + revision);
  text = with(with(text, "02/03/2020", date), "02/03/2020", date);
  const auto r = load_text(text, kDat);
  if (!r) {
    return r.error().message;
  }
  const bool doubt = warns(*r, "doubt");
  const bool exchanged = warns(*r, "exchanged");
  return to_iso8601(*r->start).substr(0, 10) + (doubt ? " doubt" : "") +
         (exchanged ? " exchanged" : "");
}

TEST(ComtradeDate, OrderFollowsTheDigitsOfTheYear) {
  EXPECT_EQ(start_of(",1999", "02/03/2020"), "2020-03-02");
  EXPECT_EQ(start_of("", "02/03/20"), "2020-02-03");
  EXPECT_EQ(start_of("", "06/13/09"), "2009-06-13");
  EXPECT_EQ(start_of("", "12/31/71"), "1971-12-31");
  EXPECT_EQ(start_of(",1999", "06/13/2009"), "2009-06-13 exchanged");
  EXPECT_EQ(start_of("", "13/06/09"), "2009-06-13 exchanged");
  EXPECT_EQ(start_of("", "10/02/2011"), "2011-02-10 doubt");
  EXPECT_EQ(start_of(",1999", "10/02/11"), "2011-10-02 doubt");
  EXPECT_EQ(start_of(",1999", "2011-02-10"), "2011-02-10");
  EXPECT_EQ(start_of(",1999", "29/02/2020"), "2020-02-29");
  EXPECT_THAT(start_of(",1999", "29/02/2021"), HasSubstr("x.cfg:9"));
}

TEST(ComtradeDate, OneOrderHoldsForBothLines) {
  // The trigger could be read either way; the first sample's date cannot.
  std::string text = with(kCfg, "02/03/2020", "06/13/2009");
  text = with(text, "02/03/2020", "06/12/2009");
  const auto r = load_text(text, kDat);
  ASSERT_TRUE(r);
  EXPECT_EQ(to_iso8601(*r->trigger).substr(0, 10), "2009-06-12");
}

std::string cfg_2013(const std::string& codes) {
  return with(with(kCfg, ",1999", ",2013"), "ASCII\r\n1\r\n", "ASCII\r\n1\r\n" + codes);
}

TEST(ComtradeTimeCode, IsAppliedToBothTimes) {
  const auto zone = [](const std::string& code) {
    const auto r = load_text(cfg_2013(code + ",x\r\n0,0\r\n"), kDat);
    EXPECT_TRUE(r && r->zone_known) << code;
    return to_iso8601(*r->start).substr(11, 8);
  };
  EXPECT_EQ(zone("0"), "10:00:00");
  EXPECT_EQ(zone("+9"), "01:00:00");
  EXPECT_EQ(zone("-5h30"), "15:30:00");
  EXPECT_EQ(zone("5h30"), "04:30:00");
  EXPECT_EQ(zone("-4"), "14:00:00");
  const auto r = load_text(cfg_2013("soon,x\r\n0,0\r\n"), kDat);
  EXPECT_FALSE(r->zone_known);
  EXPECT_TRUE(warns(*r, "x.cfg:13: 'soon' is no time code"));
}

TEST(ComtradeTimeQuality, SaysHowFarTheClockMayBeOff) {
  const auto quality = [](const std::string& code) {
    return load_text(cfg_2013("0,x\r\n" + code + ",0\r\n"), kDat)->time_quality;
  };
  EXPECT_EQ(quality("0"), (TimeQuality{true, 0.0}));
  EXPECT_TRUE(quality("1").clock_ok);
  EXPECT_DOUBLE_EQ(quality("1").uncertainty_seconds, 1e-9);
  EXPECT_TRUE(quality("8").clock_ok);
  EXPECT_DOUBLE_EQ(quality("8").uncertainty_seconds, 0.01);
  EXPECT_FALSE(quality("9").clock_ok);
  EXPECT_FALSE(quality("b").clock_ok);
  EXPECT_DOUBLE_EQ(quality("B").uncertainty_seconds, 10.0);
  EXPECT_FALSE(quality("F").clock_ok);
}

// Little-endian records.
class Binary {
 public:
  Binary& u32(std::uint32_t v) { return put(v, 4); }
  Binary& i16(int v) { return put(static_cast<std::uint32_t>(v), 2); }
  Binary& f32(float v) { return put(std::bit_cast<std::uint32_t>(v), 4); }
  std::string bytes;

 private:
  Binary& put(std::uint32_t v, int n) {
    for (int i = 0; i < n; ++i) {
      bytes += static_cast<char>(v >> (8 * i) & 0xFFU);
    }
    return *this;
  }
};

std::string one_channel(const std::string& revision, const std::string& type, int statuses,
                        const std::string& minimum = "-32767") {
  std::string text = "S,D" + revision + "\n" + std::to_string(1 + statuses) + ",1A," +
                     std::to_string(statuses) + "D\n1,U,,,V,2,0,0," + minimum + ",32767\n";
  for (int i = 0; i < statuses; ++i) {
    text += std::to_string(i + 1) + ",D" + std::to_string(i + 1) + ",0\n";
  }
  return text + "50\n1\n1000,4\n01/01/01,00:00:01\n01/01/01,00:00:01\n" + type + "\n1\n";
}

TEST(ComtradeBinary, StatusChannelsAreBitsOfLittleEndianWords) {
  Binary b;
  for (std::uint32_t i = 0; i < 4; ++i) {
    b.u32(i + 1)
        .u32(i * 1000)
        .i16(static_cast<int>(i) - 2)
        .i16(1 << 15 | 1)
        .i16(1 << static_cast<int>(i));
  }
  const auto r = load_text(one_channel(",1999", "BINARY", 18), b.bytes);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_THAT(analog(*r, 0), ::testing::ElementsAre(-4.0F, -2.0F, 0.0F, 2.0F));
  EXPECT_THAT(status(*r, 0), ::testing::ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(status(*r, 1), ::testing::ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(status(*r, 15), ::testing::ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(status(*r, 16), ::testing::ElementsAre(1, 0, 0, 0));
  EXPECT_THAT(status(*r, 17), ::testing::ElementsAre(0, 1, 0, 0));
}

TEST(ComtradeBinary, CutInARecordIsReadUpToTheLastWholeOne) {
  Binary b;
  for (std::uint32_t i = 0; i < 4; ++i) {
    b.u32(i + 1).u32(i * 1000).i16(7);
  }
  const auto r = load_text(one_channel(",1999", "BINARY", 0), b.bytes.substr(0, 35));
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 3U);
  EXPECT_TRUE(warns(*r, "5 bytes of an incomplete record"));
  EXPECT_THAT(load_text(one_channel(",1999", "BINARY", 0), b.bytes.substr(0, 9)).error().message,
              HasSubstr("no whole record"));
}

TEST(ComtradeBinary, WrongChannelCountsShowInTheRecordNumbers) {
  Binary b;
  for (std::uint32_t i = 0; i < 100; ++i) {
    b.u32(i + 1).u32(i * 1000).i16(7).i16(300);
  }
  EXPECT_THAT(load_text(one_channel(",1999", "BINARY", 0), b.bytes).error().message,
              HasSubstr("do not count up"));
}

TEST(ComtradeBinary, Of1991MarksMissingSamplesWithAllOnes) {
  Binary b;
  // −1 on the way through zero, then a hole in a large value.
  const std::vector<int> raw{-1000, -500, -1, 400, 9000, -1, 9100, 9000};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    b.u32(static_cast<std::uint32_t>(i + 1)).u32(static_cast<std::uint32_t>(i * 1000)).i16(raw[i]);
  }
  const auto r = load_text(one_channel("", "BINARY", 0), b.bytes);
  ASSERT_TRUE(r) << r.error().message;
  const auto values = analog(*r, 0);
  EXPECT_EQ(values[2], -2.0F);
  EXPECT_TRUE(std::isnan(values[5]));
  const auto newer = load_text(one_channel(",1999", "BINARY", 0), b.bytes);
  EXPECT_EQ(analog(*newer, 0)[5], -2.0F);
}

TEST(ComtradeFloat32, CodesForMissingAreNotNumbers) {
  Binary b;
  const std::vector<float> raw{1.5F,
                               FLT_MAX,
                               -FLT_MAX,
                               FLT_MIN,
                               std::numeric_limits<float>::quiet_NaN(),
                               std::numeric_limits<float>::infinity(),
                               -3.25F};
  for (std::size_t i = 0; i < raw.size(); ++i) {
    b.u32(static_cast<std::uint32_t>(i + 1)).u32(static_cast<std::uint32_t>(i * 1000)).f32(raw[i]);
  }
  const auto r = load_text(one_channel(",2013", "FLOAT32", 0), b.bytes);
  ASSERT_TRUE(r) << r.error().message;
  const auto values = analog(*r, 0);
  EXPECT_EQ(values[0], 3.0F);
  EXPECT_EQ(values[6], -6.5F);
  for (std::size_t i = 1; i < 6; ++i) {
    EXPECT_TRUE(std::isnan(values[i])) << i;
  }
}

TEST(ComtradeAscii, EmptyAnd99999AreMissing) {
  const auto r = load_text(kCfg, "1,0,,99999,\r\n2,1000,2.5,-1e1,1\r\n3,2000,0,0,0\r\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(std::isnan(analog(*r, 0)[0]));
  EXPECT_TRUE(std::isnan(analog(*r, 1)[0]));
  EXPECT_EQ(status(*r, 0)[0], 2);
  EXPECT_EQ(analog(*r, 0)[1], 2.25F);
  EXPECT_EQ(analog(*r, 1)[1], -2.5F);
}

TEST(ComtradeAscii, WithoutRatesNeedsStamps) {
  const std::string text = cfg("1\r\n1000,3", "0\r\n0,3");
  const auto r = load_text(text, kDat);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->segments[0].rate_hertz, 1000.0);
  EXPECT_THAT(error_of(text, "1,,10,-4,0\r\n2,,20,8,1\r\n"),
              HasSubstr("sample 1 has no time stamp"));
  EXPECT_THAT(error_of(text, "1,0,10,-4,0\r\n"), HasSubstr("one sample is too few"));
  EXPECT_THAT(error_of(text, "1,5,10,-4,0\r\n2,3,1,1,1\r\n"), HasSubstr("go back at sample 2"));
}

TEST(ComtradeCff, NeedsItsSections) {
  const std::string head = "--- file type: CFG ---\r\n";
  const std::string tail = "--- file type: INF ---\r\n\r\n--- file type: HDR ---\r\n\r\n";
  const auto good =
      read_cff(own_bytes("x.cff", head + kCfg + tail + "--- file type: DAT ASCII ---\r\n" + kDat));
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->sample_count, 3U);
  EXPECT_EQ(analog(*good, 0)[2], -14.0F);
  EXPECT_THAT(read_cff(own_bytes("x.cff", head + kCfg + tail)).error().message, HasSubstr("DAT"));
  EXPECT_THAT(read_cff(own_bytes("x.cff", kCfg)).error().message, HasSubstr("CFG"));
  // Lines are counted from the start of the combined file.
  EXPECT_THAT(read_cff(own_bytes("x.cff", head + cfg("1000,3", "-1,3") + tail +
                                              "--- file type: DAT ASCII ---\r\n" + kDat))
                  .error()
                  .message,
              HasSubstr("x.cff:9:"));
}

}  // namespace
}  // namespace halfcycle::formats::testing

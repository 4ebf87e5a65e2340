// SPDX-License-Identifier: Apache-2.0
// Addresses and files as a new user would try them.
#include "source/open.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

namespace halfcycle::source {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

const std::string kRecordings = HC_SOURCE_DIR "/tests/recordings/";

constexpr const char* kCfg =
    "Station,1,1999\r\n3,3A,0D\r\n1,UA,A,,V,0.1,0,0,-32767,32767,1,1,S\r\n"
    "2,UB,B,,V,0.1,0,0,-32767,32767,1,1,S\r\n3,UC,C,,V,0.1,0,0,-32767,32767,1,1,S\r\n50\r\n1\r\n"
    "1000,3\r\n01/01/2020,00:00:00.000000\r\n01/01/2020,00:00:00.000000\r\nASCII\r\n1\r\n";
constexpr const char* kDat = "1,0,1,2,3\r\n2,1000,4,5,6\r\n3,2000,7,8,9\r\n";

class Files : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "halfcycle-open-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  std::string put(const std::string& name, std::string_view contents) const {
    std::ofstream(folder_ / name, std::ios::binary) << contents;
    return (folder_ / name).string();
  }
  static Error error_of(const std::string& uri, const OpenOptions& options = {}) {
    const auto source = open_source(uri, options);
    EXPECT_FALSE(source) << uri;
    return source ? Error{} : source.error();
  }

  fs::path folder_;
};

TEST_F(Files, APairIsFoundFromEitherFileInAnyCaseOfTheSuffix) {
  for (const auto& [cfg, dat] : std::vector<std::pair<std::string, std::string>>{
           {"a.cfg", "a.dat"}, {"b.CFG", "b.DAT"}, {"c.cfg", "c.DAT"}, {"d.Cfg", "d.dAt"}}) {
    const std::string cfg_path = put(cfg, kCfg);
    const std::string dat_path = put(dat, kDat);
    for (const std::string& uri :
         {cfg_path, dat_path, "comtrade:" + cfg_path, "file:" + cfg_path}) {
      const auto source = open_source(uri, {});
      ASSERT_TRUE(source) << source.error().message;
      EXPECT_EQ((*source)->info().sample_count, 3U);
      EXPECT_EQ((*source)->info().uri, uri);
    }
  }
}

TEST_F(Files, TheContentsDecideWhereTheSuffixSaysNothing) {
  const std::string path = put("recording.bin", kCfg);
  put("recording.dat", kDat);
  EXPECT_TRUE(open_source(path, {}));
  EXPECT_THAT(error_of(put("notes.bin", "nothing to see here")).message,
              HasSubstr("not recognised as a recording"));
}

TEST_F(Files, AMissingDatIsNamed) {
  const Error error = error_of(put("lonely.CFG", kCfg));
  EXPECT_EQ(error.code, ErrorCode::InvalidInput);
  EXPECT_THAT(error.message, AllOf(HasSubstr("lonely.DAT"), HasSubstr("copy the .dat")));
  EXPECT_THAT(error_of(put("orphan.dat", kDat)).message, HasSubstr("orphan.cfg"));
}

TEST_F(Files, AMissingFileSuggestsItsNeighbour) {
  put("fault.CFG", kCfg);
  const Error error = error_of((folder_ / "fault.cfg").string());
  EXPECT_EQ(error.code, ErrorCode::InvalidInput);
  EXPECT_THAT(error.message, AllOf(HasSubstr("no such file"), HasSubstr("'fault.CFG'")));
  EXPECT_THAT(error_of((folder_ / "no" / "fault.cfg").string()).message,
              HasSubstr("there is no folder"));
}

TEST_F(Files, AFolderListsItsRecordings) {
  put("one.cfg", kCfg);
  put("two.wav", "x");
  put("three.txt", "x");
  const Error error = error_of(folder_.string());
  EXPECT_EQ(error.code, ErrorCode::InvalidInput);
  EXPECT_THAT(error.message, HasSubstr("recordings in it: one.cfg, two.wav"));
}

TEST_F(Files, AnEmptyFileIsRefused) {
  EXPECT_THAT(error_of(put("empty.cfg", "")).message, HasSubstr("empty (0 bytes)"));
  put("half.dat", "");
  EXPECT_THAT(error_of(put("half.cfg", kCfg)).message, HasSubstr("half.dat: the file is empty"));
}

TEST_F(Files, APipeIsRefusedWithoutWaiting) {
  const std::string path = (folder_ / "pipe.cfg").string();
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(error_of(path).message, HasSubstr("a pipe, not a file"));
  EXPECT_THAT(error_of("/dev/null").message, HasSubstr("not a file"));
  put("tube.cfg", kCfg);
  ASSERT_EQ(::mkfifo((folder_ / "tube.dat").c_str(), 0600), 0);
  EXPECT_THAT(error_of((folder_ / "tube.cfg").string()).message, HasSubstr("a pipe, not a file"));
  EXPECT_THAT(error_of("-").message, HasSubstr("standard input"));
}

TEST_F(Files, AnUnreadableFileIsTheMachinesFault) {
  const std::string path = put("secret.cfg", kCfg);
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  if (::access(path.c_str(), R_OK) == 0) {
    GTEST_SKIP() << "this user may read everything";
  }
  const Error error = error_of(path);
  EXPECT_EQ(error.code, ErrorCode::Machine);
  EXPECT_THAT(error.message, HasSubstr("not allowed to read it"));
}

TEST_F(Files, AColonInAPathIsNoKindOfSource) {
  put("12:30 fault.cfg", kCfg);
  put("12:30 fault.dat", kDat);
  EXPECT_TRUE(open_source((folder_ / "12:30 fault.cfg").string(), {}));
}

TEST_F(Files, ACsvMapsItsNamedColumns) {
  const std::string path = put("wave.csv", "time,V1 [kV],I1 [A]\n0,1,2\n0.001,3,4\n0.002,5,6\n");
  const auto source = open_source(path, {});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().wiring, Wiring::Single);
  const auto block = (*source)->read(10);
  ASSERT_TRUE(block && *block);
  EXPECT_EQ((*block)->frames[(*block)->lanes + lane(Input::V1)], 3000.0F);
  EXPECT_EQ((*block)->frames[(*block)->lanes + lane(Input::I1)], 4.0F);
}

TEST_F(Files, ACsvWithoutNamesNeedsAMap) {
  const std::string path = kRecordings + "ibarram-ITSC/SC_HLT_001.csv";
  EXPECT_THAT(error_of(path).message, HasSubstr("--rate"));
  OpenOptions options;
  options.rate_hertz = 999.6;
  EXPECT_THAT(error_of(path, options).message, HasSubstr("--map"));
  options.mapping.map = *parse_map("I1=#1,I2=#2,I3=#3");
  const auto source = open_source(path, options);
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)->info().sample_count, 1000U);
  EXPECT_EQ((*source)->info().wiring, Wiring::FourWireWye);
}

std::string little_wav(std::uint16_t channels) {
  const std::string data(static_cast<std::size_t>(4 * channels), '\x10');
  const auto u16 = [](unsigned v) {
    return std::string{static_cast<char>(v & 255U), static_cast<char>(v >> 8U)};
  };
  const auto u32 = [&](unsigned v) { return u16(v & 0xFFFFU) + u16(v >> 16U); };
  return "RIFF" + u32(static_cast<unsigned>(36 + data.size())) + "WAVEfmt " + u32(16) + u16(1) +
         u16(channels) + u32(8000) + u32(8000U * 2 * channels) + u16(2U * channels) + u16(16) +
         "data" + u32(static_cast<unsigned>(data.size())) + data;
}

TEST_F(Files, AWaveFileMapsInTheOrderOfTheInputsAndSaysSo) {
  const auto seven = open_source(put("seven.wav", little_wav(7)), {});
  ASSERT_TRUE(seven) << seven.error().message;
  std::string inputs;
  for (const MappedChannel& c : (*seven)->info().channels) {
    inputs += name(c.input);
  }
  EXPECT_EQ(inputs, "V1V2V3I1I2I3I4");
  EXPECT_THAT((*seven)->info().warnings, testing::Contains(HasSubstr("taken as V1 V2 V3 I1")));
  EXPECT_THAT((*seven)->info().assumed, testing::Contains("channels"));
  EXPECT_FALSE(open_source(put("five.wav", little_wav(5)), {}));
}

TEST(Addresses, KindsOfLaterVersionsAreRefusedWithAdvice) {
  for (const char* uri : {"iio:0", "alsa:hw:0"}) {
    const auto source = open_source(uri, {});
    ASSERT_FALSE(source) << uri;
    EXPECT_THAT(source.error().message,
                AllOf(HasSubstr("a later one will"), HasSubstr("Until then")));
  }
}

TEST(Addresses, CapturesOfSampledValuesAndPqdifOpenLikeAnyRecording) {
  const auto sv = open_source(kRecordings + "KaeroDot-EPMDigitalITsw/E_pcap.pcapng", {});
  ASSERT_TRUE(sv) << sv.error().message;
  EXPECT_EQ((*sv)->info().format, "iec61850-9-2");
  EXPECT_EQ((*sv)->info().channels.size(), 8U);
  EXPECT_EQ((*sv)->info().side, Side::Primary);

  OpenOptions stream;
  stream.mapping.sets = {"A1MU0101"};
  EXPECT_TRUE(open_source(kRecordings + "KaeroDot-EPMDigitalITsw/E_pcap.pcapng", stream));
  stream.mapping.sets = {"A1MU9999"};
  EXPECT_FALSE(open_source(kRecordings + "KaeroDot-EPMDigitalITsw/E_pcap.pcapng", stream));

  const auto pqdif = open_source(kRecordings + "secha-project-pqdif-converter/example.pqd", {});
  ASSERT_TRUE(pqdif) << pqdif.error().message;
  EXPECT_EQ((*pqdif)->info().wiring, Wiring::Delta);
  EXPECT_EQ((*pqdif)->info().channels.size(), 6U);
}

TEST(Addresses, UnknownKindsAreAQuestionOfUsage) {
  for (const char* uri : {"", "comtrad:x.cfg", "http://example.org/x.cfg", "wav:"}) {
    const auto source = open_source(uri, {});
    ASSERT_FALSE(source) << uri;
    EXPECT_EQ(source.error().code, ErrorCode::Usage) << source.error().message;
  }
}

TEST(Addresses, ASimulatorTakesNoOptionsOfRecordings) {
  OpenOptions options;
  options.side = Side::Primary;
  const auto source = open_source("sim:feeder", options);
  ASSERT_FALSE(source);
  EXPECT_THAT(source.error().message, HasSubstr("--side is for recordings"));
}

TEST(Addresses, ASimulatorIsASourceLikeAnyOther) {
  OpenOptions options;
  options.rate_hertz = 5000.0;
  const auto source = open_source("sim:feeder", options);
  ASSERT_TRUE(source) << source.error().message;
  const auto block = (*source)->read(100);
  ASSERT_TRUE(block && *block);
  EXPECT_EQ((*block)->time.rate_hertz, 5000.0);
}

TEST(ListChannels, ShowsChannelsSetsAndFigures) {
  const auto listing = list_channels(kRecordings + "yonwoo9-go-comtrade/test1.cfg", {});
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->channels.size(), 20U);
  const ListedChannel& ula = listing->channels[8];
  EXPECT_EQ(ula.name, "LINE ULA");
  EXPECT_EQ(ula.number, 9U);
  EXPECT_EQ(ula.input, Input::V1);
  EXPECT_EQ(ula.side, Side::Primary);
  EXPECT_NEAR(ula.rms, 167000.0, 500.0);
  EXPECT_LT(ula.minimum, -230000.0);
  EXPECT_GT(ula.maximum, 230000.0);
  EXPECT_FALSE(listing->channels[11].input);  // UN: residual
  ASSERT_EQ(listing->sets.size(), 3U);
  EXPECT_EQ(listing->sets[0].name, "LINE SUM");
  EXPECT_TRUE(listing->sets[0].chosen);
  EXPECT_EQ(listing->sets[0].channels, (std::vector<std::size_t>{1, 2, 3, 4}));
  EXPECT_EQ(listing->sets[1].name, "REM1 SUM");
  EXPECT_FALSE(listing->sets[1].chosen);
}

TEST(ListChannels, WorksWhereNothingMaps) {
  const auto listing =
      list_channels(kRecordings + "dparrini-python-comtrade/sample_float32.cff", {});
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->channels.size(), 1U);
  EXPECT_EQ(listing->channels[0].unit, "none");
  EXPECT_TRUE(listing->info.channels.empty());
  EXPECT_THAT(listing->info.warnings, testing::Contains(HasSubstr("--map V1=#1")));
}

}  // namespace
}  // namespace halfcycle::source

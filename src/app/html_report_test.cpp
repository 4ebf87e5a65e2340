// SPDX-License-Identifier: Apache-2.0
#include "app/html_report.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "app/report_page_data.hpp"
#include "app/waveform_thinning.hpp"

namespace halfcycle::app {
namespace {

constexpr double kPi = 3.14159265358979323846;

/// One second of two channels at 3200 Hz with one spike, one event and a register.
ReportData small_report() {
  ReportData data;
  data.version = "0.0.0-test";
  data.source.uri = "folder/file.cfg";
  data.source.start = Instant::from_unix_ns(1'500'000'000'000'000'000);
  data.first = *data.source.start;
  data.last = data.first + Duration::seconds(1);
  data.time.push_back({0, 0.0, 3200.0});
  data.waveforms.segments.push_back({0.0, 3200.0, 0, 3200});
  for (const Input input : {Input::V1, Input::I1}) {
    WaveformChannel channel;
    channel.input = input;
    channel.unit = is_voltage(input) ? Unit::Volt : Unit::Ampere;
    for (int n = 0; n < 3200; ++n) {
      channel.points.push_back(static_cast<float>(std::sin(2.0 * kPi * 50.0 * n / 3200.0)));
    }
    channel.points[1234] = 7.5F;
    data.waveforms.channels.push_back(std::move(channel));
  }
  quality::VoltageEvent event;
  event.start = data.first + Duration::ms(100);
  event.end = data.first + Duration::ms(200);
  event.duration_seconds = 0.1;
  event.extreme_volts = 40.0;
  event.reference_volts = 57.7;
  event.phases[0].involved = true;
  data.events.push_back(event);
  RegisterStatistics entry;
  entry.column.label = "Vln a";
  entry.column.unit = Unit::Volt;
  entry.statistics.mean = 57.5;
  data.registers.push_back(entry);
  return data;
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(HtmlReport, NamesNoAddressOutsideThePageToLoadFrom) {
  const std::string page = render_html_report(small_report());
  for (const char* loader : {"<link", "<img", "<iframe", " src=", "@import", "url(http"}) {
    EXPECT_EQ(page.find(loader), std::string::npos) << loader;
  }
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
}

TEST(HtmlReport, KeepsTextOfTheFileFromBecomingMarkup) {
  ReportData data = small_report();
  const std::string hostile = "</script><script>alert('x')</script><!--<img src=x>\"&";
  data.source.station = hostile;
  data.source.uri = hostile;
  data.source.device = hostile;
  data.warnings.push_back(hostile);
  data.source.statuses.push_back({hostile, false, {{10, true}}});
  data.source.channels.push_back({hostile, Input::V1, "V", 1.0});
  data.registers[0].column.help = hostile;
  const std::string page = render_html_report(data);
  EXPECT_EQ(count_of(page, "<script"), 2U);
  EXPECT_EQ(count_of(page, "</script>"), 2U);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_EQ(page.find("alert('x')<"), std::string::npos);
}

TEST(HtmlReport, TurnsInvalidUtf8IntoReplacementCharacters) {
  ReportData data = small_report();
  data.source.station = "caf\xE9";
  const std::string page = render_html_report(data);
  EXPECT_EQ(page.find('\xE9'), std::string::npos);
  EXPECT_NE(page.find("<title>caf\xEF\xBF\xBD"), std::string::npos);
}

TEST(HtmlReport, GivesEventsInSecondsFromTheFirstSampleAndAsInstants) {
  const std::string json = report_page_data(small_report());
  EXPECT_NE(json.find(R"("type":"dip","start_s":0.1,"start":"2017-07-14T02:40:00.100000000Z")"),
            std::string::npos)
      << json.substr(0, 2000);
}

TEST(HtmlReport, HasNoInstantsWhereTheFileHasNoStart) {
  ReportData data = small_report();
  data.source.start.reset();
  data.first = Instant();
  data.last = data.first + Duration::seconds(1);
  data.events[0].start = data.first + Duration::ms(100);
  const std::string json = report_page_data(data);
  EXPECT_NE(json.find(R"("start":null,"duration_s":1)"), std::string::npos);
  EXPECT_NE(json.find(R"("start_s":0.1,"start":null)"), std::string::npos);
}

TEST(HtmlReport, ShowsValuesThatAreNotAvailableAsNullAndNeverAsZero) {
  const std::string json = report_page_data(small_report());
  EXPECT_NE(json.find(R"("min":null,"mean":57.5,"max":null,"last":null)"), std::string::npos);
}

TEST(HtmlReport, OfAnEmptyRecordingIsStillAPage) {
  ReportData data;
  const std::string page = render_html_report(data);
  EXPECT_NE(page.find("id=\"data\""), std::string::npos);
}

TEST(HtmlReport, StaysBelowFiveMegabytesForAnHourOfRecording) {
  ReportData data = small_report();
  constexpr std::size_t kPoints = 4'000'000;
  data.waveforms.segments = {{0.0, 1000.0, 0, kPoints}};
  data.last = data.first + Duration::seconds(4000);
  for (WaveformChannel& channel : data.waveforms.channels) {
    channel.points.assign(kPoints, 1.0F);
  }
  data.half_cycle.columns.resize(4);
  for (int row = 0; row < 360'000; ++row) {
    data.half_cycle.start.push_back(data.first + Duration::ms(10) * row);
    data.half_cycle.end.push_back(data.first + Duration::ms(10) * (row + 2));
    data.half_cycle.marks.emplace_back();
    data.half_cycle.values.insert(data.half_cycle.values.end(), 4, row == 177'777 ? 99.0 : 57.0);
  }
  data.phasors.resize(18'000);
  HarmonicBars bars;
  bars.mean_percent.assign(128, 1.0);
  bars.window_percent.assign(18'000, std::vector<float>(128, 1.0F));
  data.harmonics.assign(6, bars);
  EXPECT_LT(render_html_report(data).size(), 5'000'000U);
}

TEST(Base64, FollowsRfc4648) {
  // The test vectors of RFC 4648 §10.
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foob"), "Zm9vYg==");
  EXPECT_EQ(to_base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xFF\xFE"), "//4=");
}

TEST(WaveformThinning, KeepsEveryPointWhereAllOfThemFit) {
  const ReportData data = small_report();
  const ThinnedWaveforms thinned = thin(data.waveforms, {}, 10'000);
  ASSERT_EQ(thinned.pieces.size(), 1U);
  EXPECT_FALSE(thinned.pieces[0].envelope);
  EXPECT_DOUBLE_EQ(thinned.pieces[0].step_seconds, 1.0 / 3200.0);
  EXPECT_EQ(thinned.channels[0], data.waveforms.channels[0].points);
}

TEST(WaveformThinning, LosesNoPeak) {
  const ReportData data = small_report();
  const ThinnedWaveforms thinned = thin(data.waveforms, {}, 200);
  ASSERT_EQ(thinned.pieces.size(), 1U);
  const WaveformPiece& piece = thinned.pieces[0];
  EXPECT_TRUE(piece.envelope);
  EXPECT_LE(piece.point_count, 104U);
  EXPECT_NEAR(piece.step_seconds * static_cast<double>(piece.point_count), 1.0, 1e-12);
  float largest = 0.0F;
  double at = 0.0;
  for (std::size_t i = 0; i < thinned.channels[0].size(); ++i) {
    if (thinned.channels[0][i] > largest) {
      largest = thinned.channels[0][i];
      at = piece.start_seconds + static_cast<double>(i) * piece.step_seconds;
    }
  }
  EXPECT_EQ(largest, 7.5F);
  EXPECT_NEAR(at, 1234.0 / 3200.0, 2.0 * piece.step_seconds);
}

TEST(WaveformThinning, KeepsChosenSpansInFull) {
  const ReportData data = small_report();
  const TimeSpan span{0.25, 0.26};
  const ThinnedWaveforms thinned = thin(data.waveforms, {&span, 1}, 400);
  ASSERT_EQ(thinned.pieces.size(), 3U);
  EXPECT_FALSE(thinned.pieces[1].envelope);
  EXPECT_EQ(thinned.pieces[1].point_count, 32U);
  EXPECT_DOUBLE_EQ(thinned.pieces[1].start_seconds, 0.25);
  EXPECT_FALSE(thinned.pieces[1].follows_gap);
  const std::size_t first = thinned.pieces[0].point_count;
  for (std::size_t i = 0; i < 32; ++i) {
    EXPECT_EQ(thinned.channels[1][first + i], data.waveforms.channels[1].points[800 + i]);
  }
}

TEST(WaveformThinning, ShowsAGapAsAGapAndAChangeOfRateAsNone) {
  ReportData data = small_report();
  data.waveforms.segments = {
      {0.0, 3200.0, 0, 1600}, {0.5, 1600.0, 1600, 800}, {3.0, 3200.0, 2400, 800}};
  const ThinnedWaveforms thinned = thin(data.waveforms, {}, 100'000);
  ASSERT_EQ(thinned.pieces.size(), 3U);
  EXPECT_FALSE(thinned.pieces[1].follows_gap);
  EXPECT_TRUE(thinned.pieces[2].follows_gap);
}

TEST(WaveformThinning, LeavesAMissingStretchMissing) {
  ReportData data = small_report();
  for (std::size_t i = 800; i < 1600; ++i) {
    data.waveforms.channels[0].points[i] = std::nanf("");
  }
  const ThinnedWaveforms thinned = thin(data.waveforms, {}, 200);
  std::size_t missing = 0;
  for (const float point : thinned.channels[0]) {
    missing += std::isnan(point) ? 1U : 0U;
  }
  EXPECT_NEAR(static_cast<double>(missing), 25.0, 3.0);
  for (const float point : thinned.channels[1]) {
    EXPECT_FALSE(std::isnan(point));
  }
}

}  // namespace
}  // namespace halfcycle::app

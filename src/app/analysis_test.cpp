// SPDX-License-Identifier: Apache-2.0
// Recordings through the meter: the same bytes whatever the blocks, statistics against the series.
#include "app/analysis.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "app/analysis_output.hpp"
#include "source/open.hpp"

namespace halfcycle::app {
namespace {

using metrology::Interval;

std::string recording(std::string_view name) {
  return std::string(HC_SOURCE_DIR) + "/tests/recordings/" + std::string(name);
}

Result<ReportData> analyze_file(const std::string& path, const AnalysisRequest& request) {
  auto source = source::open_source(path, request.measure.open);
  if (!source) {
    return fail(source.error());
  }
  return analyze(*std::move(source), request);
}

std::string json_of(const ReportData& data) {
  JsonWriter json(2);
  write_json(json, data);
  return json.take();
}

TEST(Analysis, GivesTheSameBytesWhateverTheSizeOfTheBlocks) {
  for (const char* name :
       {"zhangsonggui-comtradeOfPython/ymz.cfg", "ijlyttle-ieeecomtrade/keating_1999.CFG",
        "Esticonv-Wisp.Comtrade/1.cfg"}) {
    AnalysisRequest request;
    request.series = Interval::HalfCycle;
    std::string first;
    for (const std::size_t frames : {1UL, 13UL, 1000UL, 1000000UL}) {
      request.block_frames = frames;
      const auto data = analyze_file(recording(name), request);
      ASSERT_TRUE(data.has_value()) << data.error().message;
      first = first.empty() ? json_of(*data) : first;
      EXPECT_EQ(json_of(*data), first) << name << " in blocks of " << frames;
    }
  }
}

TEST(Analysis, StatisticsAreThoseOfTheSeries) {
  AnalysisRequest request;
  request.series = Interval::HalfCycle;
  request.registers = {"Vln a", "HS Vln a"};
  const auto data = analyze_file(recording("zhangsonggui-comtradeOfPython/xtz.cfg"), request);
  ASSERT_TRUE(data.has_value()) << data.error().message;
  const IntervalTable& table = *data->series;
  const auto column = table.find("HS Vln a");
  ASSERT_TRUE(column.has_value());
  double squares = 0.0;
  double least = 1e9;
  double count = 0.0;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (const double value = table.at(row, *column); is_available(value)) {
      squares += value * value;
      least = std::min(least, value);
      count += 1.0;
    }
  }
  ASSERT_EQ(data->registers.size(), 2U);
  EXPECT_NEAR(data->registers[1].statistics.mean, std::sqrt(squares / count), 1e-9);
  EXPECT_EQ(data->registers[1].statistics.min, least);
}

TEST(Analysis, CollectsWhatPicturesNeed) {
  AnalysisRequest request;
  request.pictures = true;
  request.spectra = true;
  const auto data = analyze_file(recording("zhangsonggui-comtradeOfPython/ymz.cfg"), request);
  ASSERT_TRUE(data.has_value()) << data.error().message;
  ASSERT_FALSE(data->waveforms.channels.empty());
  EXPECT_EQ(data->waveforms.channels[0].points.size(), data->source.sample_count);
  EXPECT_EQ(data->waveforms.channels[0].name, data->source.channels[0].name);
  EXPECT_EQ(data->phasors.size(), data->windows.rows());
  ASSERT_FALSE(data->harmonics.empty());
  EXPECT_EQ(data->harmonics[0].window_percent.size(), data->windows.rows());
  EXPECT_NEAR(data->harmonics[0].mean_percent[1], 100.0, 1e-4);
  // The 1257th sample lies behind a gap of 0.166 s (README of the recordings).
  EXPECT_NEAR(data->seconds_of_sample(1256), 1.126250, 1e-6);
  EXPECT_NEAR(data->seconds_of_sample(0), 0.0, 1e-12);
}

TEST(Analysis, RefusesUnknownRegistersBeforeItMeasures) {
  AnalysisRequest request;
  request.registers = {"Vln x"};
  const auto data = analyze_file(recording("zhangsonggui-comtradeOfPython/xtz.cfg"), request);
  ASSERT_FALSE(data.has_value());
  EXPECT_EQ(data.error().code, ErrorCode::InvalidSetup);
}

TEST(Analysis, StopsWhenAsked) {
  AnalysisRequest request;
  request.stop = [] { return true; };
  const auto data = analyze_file(recording("zhangsonggui-comtradeOfPython/xtz.cfg"), request);
  ASSERT_FALSE(data.has_value());
  EXPECT_EQ(data.error().code, ErrorCode::Interrupted);
}

ReportData small_report() {
  ReportData data;
  data.version = "1.2.3";
  data.source.uri = "a\"b.cfg";
  data.system.nominal_voltage_volts = 230.0;
  data.assumed = {"nominal_voltage_V"};
  data.first = to_instant({2024, 1, 1, 0, 0, 0, 0});
  quality::VoltageEvent event;
  event.type = quality::EventType::Swell;
  event.end = data.first + Duration::ms(500);
  event.duration_seconds = 0.5;
  event.extreme_volts = 276.0;
  event.worst_phase = 1;
  event.threshold_ratio = 1.1;
  event.reference_volts = 230.0;
  event.phases[1] = {true, std::nullopt, event.end, 276.0};
  data.events.push_back(event);
  return data;
}

TEST(AnalysisJson, WritesEventsByTheContract) {
  JsonWriter json;
  write_json(json, small_report());
  EXPECT_NE(json.text().find(R"("events":[{"type":"swell","start":null,)"
                             R"("end":"2024-01-01T00:00:00.500000000Z","duration_s":0.5,)"
                             R"("phases":["V2"],"maximum_V":276,"maximum_percent":120,)"
                             R"("worst_phase":"V2","threshold_percent":110,)"
                             R"("hysteresis_percent":2,"reference_V":230,"channel_set":"L-N",)"
                             R"("per_phase":[{"phase":"V2","start":null,)"
                             R"("end":"2024-01-01T00:00:00.500000000Z","maximum_V":276}]}])"),
            std::string::npos)
      << json.text();
  EXPECT_NE(json.text().find(R"("uri":"a\"b.cfg","format":"","station":"","start":null)"),
            std::string::npos);
}

TEST(AnalysisCsv, LeavesCellsEmptyThatAreNotAvailable) {
  ReportData data = small_report();
  data.series.emplace();
  data.series->columns = {{"Vln a", Unit::Volt, ""}, {"PF sign tot", Unit::One, ""}};
  data.series->start = {data.first};
  data.series->end = {data.first + Duration::ms(200)};
  data.series->marks = {Marks{.flagged = true}};
  data.series->values = {230.5, kNotAvailable};
  EXPECT_EQ(render_csv(data),
            "time,flagged,complete,Vln a [V],PF sign tot [1]\n"
            "2024-01-01T00:00:00.200000000Z,1,1,230.5,\n");
}

}  // namespace
}  // namespace halfcycle::app

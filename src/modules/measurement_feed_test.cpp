// SPDX-License-Identifier: Apache-2.0
// The standard template, fed with intervals and voltage events as the engine hands them over.
#include "modules/measurement_feed.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <memory>
#include <numbers>
#include <sstream>

#include "graph/reference.hpp"
#include "modules/catalogue.hpp"
#include "modules/modules_fixture.hpp"

namespace halfcycle::modules {
namespace {

using metrology::Interval;
using metrology::IntervalValues;
using metrology::kQuantityCount;
using metrology::QuantityId;

std::shared_ptr<const graph::CompiledTemplate> standard() {
  return graph::compile_template(*shipped_template("standard"), "standard.toml", catalogue())
      .value();
}

struct Meter {
  Meter() : graph(graph::Graph::create(standard())), feed(*graph) {
    values.assign(kQuantityCount, kNotAvailable);
    spectra = std::make_unique<metrology::Spectra>();
    for (auto& input : spectra->of_input) {
      for (auto& kind : input) {
        kind.fill(std::numeric_limits<float>::quiet_NaN());
      }
    }
  }
  double& operator[](QuantityId id) { return values[metrology::index(id)]; }
  void step(Interval interval, Duration length, Marks marks = {}) {
    IntervalValues out;
    out.interval = interval;
    Instant& now = ends[static_cast<std::size_t>(interval)];
    out.start = now;
    now += length;
    out.end = now;
    out.marks = marks;
    out.values = values;
    out.spectra = interval >= Interval::TenTwelveCycle ? spectra.get() : nullptr;
    feed.feed(out);
  }
  void second(Marks marks = {}) { step(Interval::OneSecond, Duration::seconds(1), marks); }
  [[nodiscard]] double value(std::string_view label) const {
    return graph->read(label).value().number();
  }
  std::unique_ptr<graph::Graph> graph;
  MeasurementFeed feed;
  std::vector<double> values;
  std::unique_ptr<metrology::Spectra> spectra;
  std::array<Instant, metrology::kIntervalCount> ends{};
};

TEST(MeasurementFeed, ConvertsFromSiToTheRegistersUnit) {
  Meter meter;
  meter[QuantityId::KwTot] = 12500.0;
  meter[QuantityId::KwhDel] = 3.6e6 * 42.0;
  meter[QuantityId::V1Ang] = std::numbers::pi / 6.0;
  meter[QuantityId::VUnbal] = 0.015;
  meter[QuantityId::VlnA] = 230.5;
  Marks flagged;
  flagged.flagged = true;
  meter.second(flagged);
  EXPECT_DOUBLE_EQ(meter.value("kW tot"), 12.5);
  EXPECT_DOUBLE_EQ(meter.value("kWh del"), 42.0);
  EXPECT_DOUBLE_EQ(meter.value("V1 ang"), 30.0);
  EXPECT_DOUBLE_EQ(meter.value("V unbal"), 1.5);
  EXPECT_DOUBLE_EQ(meter.value("Vln a"), 230.5);
  EXPECT_TRUE(meter.graph->read("Vln a")->marks.flagged);
  EXPECT_EQ(meter.graph->read("Vln a")->time, Instant::from_unix_ns(1000000000));
  EXPECT_FALSE(meter.graph->read("I a")->available());
}

TEST(MeasurementFeed, EnergiesGoOnFromWhatTheRegisterHeldBefore) {
  Meter meter;
  const auto reg = [&](std::string_view label) {
    return meter.graph->compiled().find(label).value().index;
  };
  meter.graph->restore(reg("kWh del"), 1234.5, Instant::from_unix_ns(7), {});
  meter.graph->restore(reg("kWh del-rec"), 1200.0, Instant::from_unix_ns(7), {});
  meter.graph->restore(reg("kW tot"), 55.0, Instant::from_unix_ns(7), {});
  meter[QuantityId::KwhDel] = 3.6e6 * 2.0;
  meter[QuantityId::KwhNet] = 3.6e6 * 2.0;
  meter[QuantityId::KwhRec] = 3.6e6 * 0.5;
  meter[QuantityId::KwTot] = 1000.0;
  meter.step(Interval::HalfCycle, Duration::ms(10));
  EXPECT_DOUBLE_EQ(meter.value("kWh del"), 1234.5);
  meter.second();
  meter.second();
  EXPECT_DOUBLE_EQ(meter.value("kWh del"), 1236.5);
  EXPECT_DOUBLE_EQ(meter.value("kWh del-rec"), 1202.0);
  EXPECT_DOUBLE_EQ(meter.value("kWh rec"), 0.5);
  EXPECT_DOUBLE_EQ(meter.value("kW tot"), 1.0);
}

TEST(MeasurementFeed, GivesEachModuleItsInterval) {
  Meter meter;
  meter[QuantityId::VlnA] = 100.0;
  meter[QuantityId::V1Thd] = 0.05;
  meter[QuantityId::VPosSeqMag] = 99.0;
  meter.step(Interval::HalfCycle, Duration::ms(10));
  EXPECT_EQ(meter.value("HS Vln a"), 100.0);
  EXPECT_FALSE(meter.graph->read("Vln a")->available());
  meter.step(Interval::TenTwelveCycle, Duration::ms(200));
  EXPECT_DOUBLE_EQ(meter.value("V1 THD"), 5.0);
  EXPECT_FALSE(meter.graph->read("Vln a")->available());
  meter.step(Interval::OneFiftyOneEightyCycle, Duration::seconds(3));
  EXPECT_EQ(meter.value("V1 seq mag"), 99.0);
  EXPECT_FALSE(meter.graph->read("Vln a")->available());
  meter.second();
  EXPECT_EQ(meter.value("Vln a"), 100.0);
}

TEST(MeasurementFeed, SpectraBecomeArraysWithElementLabels) {
  Meter meter;
  auto& v2 = meter.spectra->of_input[lane(Input::V2)];
  v2[static_cast<std::size_t>(metrology::SpectrumKind::Magnitude)][5] = 0.0625F;
  v2[static_cast<std::size_t>(metrology::SpectrumKind::Magnitude)][127] = 0.5F;
  v2[static_cast<std::size_t>(metrology::SpectrumKind::Interharmonic)][0] = 0.25F;
  meter.spectra
      ->of_input[lane(Input::I5)][static_cast<std::size_t>(metrology::SpectrumKind::Angle)][2] =
      1.0F;
  meter.step(Interval::TenTwelveCycle, Duration::ms(200));
  EXPECT_DOUBLE_EQ(meter.value("V2 HD5"), 6.25);
  EXPECT_DOUBLE_EQ(meter.value("V2 HD127"), 50.0);
  EXPECT_DOUBLE_EQ(meter.value("V2 IHD0"), 25.0);
  EXPECT_NEAR(meter.value("I5 HA2"), 57.29578, 1e-5);
  EXPECT_FALSE(meter.graph->read("V2 HD7")->available());
  EXPECT_FALSE(meter.graph->read("V1 HD5")->available());
  EXPECT_EQ(meter.graph->read("V2 HD0").error().message,
            "no register 'V2 HD0': 'V2 HD' goes from 1 to 127");
}

TEST(MeasurementFeed, AggregatesHoldSpectraUnderTheirOwnLabels) {
  Meter meter;
  const auto at = [&](Input input, metrology::SpectrumKind kind) -> metrology::Spectra::Orders& {
    return meter.spectra->of_input[lane(input)][static_cast<std::size_t>(kind)];
  };
  struct Aggregate {
    Interval interval;
    Duration length;
    std::string suffix;
    float ratio;
  };
  for (const Aggregate& a :
       {Aggregate{Interval::OneFiftyOneEightyCycle, Duration::seconds(3), " 3s", 0.01F},
        Aggregate{Interval::TenMinute, Duration::seconds(600), " 10m", 0.02F},
        Aggregate{Interval::TwoHour, Duration::seconds(7200), " 2hr", 0.03F}}) {
    at(Input::V1, metrology::SpectrumKind::Magnitude)[5] = a.ratio;
    at(Input::I2, metrology::SpectrumKind::Interharmonic)[0] = a.ratio;
    at(Input::V3, metrology::SpectrumKind::Group)[126] = a.ratio;
    at(Input::I5, metrology::SpectrumKind::HighBand)[35] = a.ratio;
    at(Input::I3, metrology::SpectrumKind::Power)[7] = 1000.0F * a.ratio;
    at(metrology::kTotalInput, metrology::SpectrumKind::TotalPower)[127] = -1000.0F * a.ratio;
    Marks marks;
    marks.flagged = true;
    meter.step(a.interval, a.length, marks);
    const double percent = 100.0 * static_cast<double>(a.ratio);
    for (const std::string label : {"V1 HD5", "I2 IHD0", "V3 HG126", "I5 HB35"}) {
      EXPECT_FLOAT_EQ(static_cast<float>(meter.value(label + a.suffix)),
                      static_cast<float>(percent))
          << label << a.suffix;
    }
    EXPECT_NEAR(meter.value("I3 HP7" + a.suffix), static_cast<double>(a.ratio), 1e-7);
    EXPECT_NEAR(meter.value("kW tot HP127" + a.suffix), -static_cast<double>(a.ratio), 1e-7);
    EXPECT_FALSE(meter.graph->read("V1 HD6" + a.suffix)->available());
    EXPECT_FALSE(meter.graph->read("V1 HD5")->available()) << "an interval of its own";
    EXPECT_TRUE(meter.graph->read("V1 HD5" + a.suffix)->marks.flagged);
  }
  EXPECT_EQ(meter.graph->read("V1 HD0 10m").error().message,
            "no register 'V1 HD0 10m': 'V1 HD 10m' goes from 1 to 127");
}

TEST(StandardTemplate, HasEveryAggregateOfEveryQuantityAndSpectrum) {
  const auto compiled = standard();
  struct Aggregate {
    std::string suffix;
    graph::Tick tick;
  };
  const std::array<Aggregate, 3> aggregates{{{" 3s", graph::Tick::OneFiftyOneEightyCycle},
                                             {" 10m", graph::Tick::TenMinute},
                                             {" 2hr", graph::Tick::TwoHour}}};
  const auto expect = [&](const std::string& label, const Aggregate& aggregate, Unit unit) {
    const auto ref = compiled->find(label + aggregate.suffix);
    ASSERT_TRUE(ref) << label << aggregate.suffix;
    const graph::RegisterInfo& reg = compiled->registers()[ref->index];
    EXPECT_EQ(reg.tick, aggregate.tick) << label;
    EXPECT_EQ(reg.unit, unit) << label;
    EXPECT_EQ(compiled->label(*ref), label + aggregate.suffix);
  };
  for (const Aggregate& aggregate : aggregates) {
    for (const metrology::QuantityInfo& row : metrology::kQuantities) {
      // What is the latest value at any time, and flicker, which has intervals of its own, have
      // none.
      if (row.aggregation != metrology::Aggregation::Last &&
          row.group != metrology::QuantityGroup::Flicker) {
        expect(std::string(row.label), aggregate, row.unit);
      }
    }
    for (const std::string input : {"V1", "V2", "V3", "V4", "I1", "I2", "I3", "I4", "I5"}) {
      for (const std::string element : {" HD1", " HD127", " IHD0", " IHD126", " HG50", " HB35"}) {
        expect(input + element, aggregate, Unit::Percent);
      }
      expect(input + " HA127", aggregate, Unit::Degree);
    }
    for (const std::string power : {"I1 HP127", "I2 HP1", "I3 HP50", "kW tot HP127"}) {
      expect(power, aggregate, Unit::Kilowatt);
    }
  }
}

TEST(StandardTemplate, HasEveryQuantityUnderItsLabelUnitAndTick) {
  const auto compiled = standard();
  for (const metrology::QuantityInfo& row : metrology::kQuantities) {
    const auto ref = compiled->find(row.label);
    ASSERT_TRUE(ref) << row.label;
    const graph::RegisterInfo& reg = compiled->registers()[ref->index];
    EXPECT_EQ(reg.unit, row.unit) << row.label;
    EXPECT_EQ(reg.retain == graph::Retain::Yes, row.group == metrology::QuantityGroup::Energy);
    if (!row.high_speed_label.empty()) {
      const auto fast = compiled->find(row.high_speed_label);
      ASSERT_TRUE(fast) << row.high_speed_label;
      EXPECT_EQ(compiled->registers()[fast->index].tick, graph::Tick::HalfCycle);
    }
  }
}

TEST(StandardTemplate, LeavesNoModuleOffline) {
  const auto compiled = standard();
  for (const graph::ModuleInstance& module : compiled->modules()) {
    EXPECT_FALSE(module.offline) << module.label;
  }
}

TEST(StandardTemplate, MeasuresDemandAndItsMaximumBothWays) {
  Meter meter;
  meter[QuantityId::KwTot] = 5000.0;
  meter[QuantityId::KvarTot] = -1000.0;
  meter[QuantityId::KvaTot] = 6000.0;
  for (int s = 0; s < 900; ++s) {
    meter.second();
  }
  meter[QuantityId::KwTot] = -2000.0;
  for (int s = 0; s < 900; ++s) {
    meter.second();
  }
  EXPECT_DOUBLE_EQ(meter.value("kW sd del"), 0.0);
  EXPECT_DOUBLE_EQ(meter.value("kW sd rec"), 2.0);
  EXPECT_DOUBLE_EQ(meter.value("kW sd del-rec"), -2.0);
  EXPECT_DOUBLE_EQ(meter.value("kW sd mx del"), 5.0);
  EXPECT_DOUBLE_EQ(meter.value("kVAR sd rec"), 1.0);
  EXPECT_DOUBLE_EQ(meter.value("kVA sd mx del"), 6.0);
  EXPECT_DOUBLE_EQ(meter.value("kVA sd del-rec"), -6.0);
  EXPECT_DOUBLE_EQ(meter.value("kW tot mn"), -2.0);
  const auto& reg =
      meter.graph->compiled().registers()[meter.graph->compiled().find("kW sd mx del")->index];
  EXPECT_EQ(reg.unit, Unit::Kilowatt);
  ASSERT_TRUE(meter.graph->submit(graph::Command::pulse("Demand Reset"), Principal::local()));
  meter.second();
  EXPECT_FALSE(meter.graph->read("kW sd mx del")->available());
  EXPECT_TRUE(meter.graph->read("kW tot mn")->available());
}

TEST(StandardTemplate, TellsOverVoltage) {
  Meter meter;
  meter[QuantityId::V2OverDev] = 0.12;
  meter[QuantityId::V1OverDev] = meter[QuantityId::V3OverDev] = 0.0;
  meter.second();
  EXPECT_EQ(meter.value("Over V"), 0.0);
  meter.second();
  EXPECT_EQ(meter.value("Over V2 Status"), 1.0);
  EXPECT_EQ(meter.value("Over V"), 1.0);
  meter[QuantityId::V2OverDev] = 0.079;
  meter.second();
  meter.second();
  EXPECT_EQ(meter.value("Over V"), 0.0);
}

struct Lines final : graph::EventSink {
  void on_event(const graph::Event& event) override {
    priority = event.priority;
    time = event.time;
    ++count;
  }
  int priority = 0;
  int count = 0;
  Instant time;
};

TEST(SagSwell, HoldsTheLatestDisturbanceAndReportsIt) {
  Meter meter;
  Lines lines;
  meter.graph->set_event_sink(&lines);
  meter.second();
  quality::VoltageEvent dip;
  dip.type = quality::EventType::Dip;
  dip.start = Instant::from_unix_ns(400000000);
  dip.end = Instant::from_unix_ns(520000000);
  dip.duration_seconds = 0.12;
  dip.extreme_volts = 115.0;
  dip.reference_volts = 230.0;
  dip.worst_phase = 1;
  dip.phases[1] = {true, dip.start, dip.end, 115.0};
  meter.feed.feed(dip);
  EXPECT_EQ(meter.value("Sag/Swell DistType"), 0.0);
  EXPECT_EQ(meter.graph->read("Sag/Swell DistStart")->instant(), *dip.start);
  EXPECT_DOUBLE_EQ(meter.value("Sag/Swell DistDur"), 0.12);
  EXPECT_DOUBLE_EQ(meter.value("Sag/Swell DistNom%"), 50.0);
  EXPECT_EQ(meter.value("Sag/Swell DistPhase"), 2.0);
  EXPECT_DOUBLE_EQ(meter.value("Sag/Swell DistV2Dur"), 0.12);
  EXPECT_FALSE(meter.graph->read("Sag/Swell DistV1Dur")->available());
  EXPECT_EQ(meter.value("Dist Count"), 1.0);
  EXPECT_EQ(lines.count, 1);
  EXPECT_EQ(lines.priority, 192);
  EXPECT_EQ(lines.time, *dip.start);
  // Still open at the end of a recording.
  dip.end.reset();
  dip.duration_seconds = kNotAvailable;
  meter.feed.feed(dip);
  EXPECT_EQ(meter.value("Dist Count"), 2.0);
  EXPECT_EQ(meter.value("Sag/Swell DistEnd Trigger"), 1.0);
  EXPECT_FALSE(meter.graph->read("Sag/Swell DistEnd")->available());
}

TEST(SagSwell, StatesTheLimitsOfTheDetector) {
  Meter meter;
  ASSERT_TRUE(meter.graph->submit(graph::Command::set_setup("Sag/Swell", "Sag Lim", "85"),
                                  Principal::local()));
  meter.second();
  const quality::VoltageEventSetup limits = meter.feed.limits({.reference_volts = 63.5});
  EXPECT_DOUBLE_EQ(limits.dip_threshold_ratio, 0.85);
  EXPECT_DOUBLE_EQ(limits.swell_threshold_ratio, 1.10);
  EXPECT_EQ(limits.reference_volts, 63.5);
}

// A little of everything, the same for every call.
void drive(Meter& meter, int seconds) {
  for (int s = 0; s < seconds; ++s) {
    for (std::size_t q = 0; q < kQuantityCount; ++q) {
      meter.values[q] = std::fmod(static_cast<double>(q) * 37.0 + s * 11.0, 1000.0);
    }
    for (auto& orders : meter.spectra->of_input[s % 9]) {
      orders.fill(static_cast<float>(s) * 0.001F);
    }
    for (int h = 0; h < 10; ++h) {
      meter.step(Interval::HalfCycle, Duration::ms(100));
      if (h % 2 == 0) {
        meter.step(Interval::TenTwelveCycle, Duration::ms(200));
      }
    }
    meter.second();
    if (s % 3 == 2) {
      meter.step(Interval::OneFiftyOneEightyCycle, Duration::seconds(3));
    }
  }
}

TEST(StandardTemplate, AllocatesNothingPerTick) {
  Meter meter;
  drive(meter, 2);
  const std::size_t before = testing_graph::allocations();
  drive(meter, 1000);
  EXPECT_EQ(testing_graph::allocations(), before);
}

TEST(StandardTemplate, TheSameInputGivesTheSameBits) {
  Meter one;
  Meter two;
  drive(one, 1000);
  drive(two, 1000);
  EXPECT_EQ(one.graph->evaluations(), two.graph->evaluations());
  for (std::uint32_t r = 0; r < one.graph->compiled().registers().size(); ++r) {
    const graph::RegisterView a = one.graph->read(graph::RegisterRef{r, -1});
    const graph::RegisterView b = two.graph->read(graph::RegisterRef{r, -1});
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.slot), std::bit_cast<std::uint64_t>(b.slot));
    EXPECT_EQ(a.time, b.time);
    EXPECT_EQ(a.marks, b.marks);
  }
}

TEST(StandardTemplate, ExportsToATemplateThatExportsTheSame) {
  Meter meter;
  ASSERT_TRUE(meter.graph->submit(graph::Command::set_setup("Over I a", "High Limit", "120.5"),
                                  Principal::local()));
  ASSERT_TRUE(meter.graph->submit(graph::Command::set_setup("Del Rec", "Formula 16", "S1 / S3"),
                                  Principal::local()));
  const std::string text = graph::to_toml(meter.graph->export_template());
  const auto compiled = graph::compile_template(text, "export.toml", catalogue());
  ASSERT_TRUE(compiled) << compiled.error().message;
  const auto again = graph::Graph::create(*compiled);
  EXPECT_EQ(graph::to_toml(again->export_template()), text);
  EXPECT_EQ(again->setup_value("Over I a", "High Limit").value(), "120.5");
  EXPECT_EQ(again->setup_value("Del Rec", "Formula 16").value(), "S1 / S3");
  ASSERT_EQ((*compiled)->registers().size(), meter.graph->compiled().registers().size());
  for (std::size_t r = 0; r < (*compiled)->registers().size(); ++r) {
    EXPECT_EQ((*compiled)->registers()[r].label, meter.graph->compiled().registers()[r].label);
    EXPECT_EQ((*compiled)->registers()[r].unit, meter.graph->compiled().registers()[r].unit);
  }
}

TEST(StandardTemplate, TheShippedTextIsTheFileThatPeopleRead) {
  std::ifstream file(std::string(HC_SOURCE_DIR) + "/templates/standard.toml", std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), shipped_template("standard").value());
}

TEST(Reference, TheCommittedPagesAreCurrent) {
  for (const graph::ReferencePage& page : graph::reference_pages(catalogue())) {
    std::ifstream file(std::string(HC_SOURCE_DIR) + "/docs/modules/" + page.file_name,
                       std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), page.text)
        << page.file_name << " is not what the declarations say: `halfcycle modules --markdown "
        << "docs/modules` writes it again";
  }
}

TEST(Reference, TheCatalogueHasALinePerTypeAndTheRegistersARowEach) {
  const graph::ModuleCatalogue types = catalogue();
  const std::string text = graph::catalogue_text(types);
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')),
            types.types().size());
  const auto rows = graph::register_rows(*standard());
  EXPECT_EQ(rows.size(), standard()->registers().size());
  EXPECT_EQ(rows[0].label, "Vln a");
  EXPECT_EQ(rows[0].unit, "V");
  EXPECT_EQ(rows[0].tick, "1s");
  EXPECT_EQ(rows[0].module, "Power Meter");
}

}  // namespace
}  // namespace halfcycle::modules

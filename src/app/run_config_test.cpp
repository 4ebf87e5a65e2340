// SPDX-License-Identifier: Apache-2.0
#include "app/run_config.hpp"

#include <gtest/gtest.h>

#include "app/live_plan.hpp"

namespace halfcycle::app {
namespace {

Result<RunConfig> parse(std::string_view text) {
  return parse_run_config(text, "meter.toml", "/etc/halfcycle");
}

TEST(RunConfig, EveryKeyArrives) {
  const auto config = parse(R"toml(
threads = 3
waveform_seconds = 4
data = "kept"
[store]
max_bytes = "1.5 GB"
[web]
listen = "[::1]:9000"
allow_remote = true
hosts = "meter.local, m2"
certificate = "c.pem"
key = "/k.pem"
[modbus]
listen = "off"
max_connections = 7
idle_timeout = 5
[[meter]]
name = "Feeder North (1)"
unit_id = 12
source = "csv:rec/a.csv"
template = "own.toml"
speed = "max"
wiring = "delta"
nominal_voltage = 400
nominal_frequency = 60
nominal_current = 800
pt = "20000/100"
rate = 10000
dip = 85
)toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->threads, 3U);
  EXPECT_EQ(config->waveform_seconds, 4.0);
  EXPECT_EQ(config->store.folder, "/etc/halfcycle/kept");
  EXPECT_EQ(config->store.max_bytes, 1'500'000'000U);
  EXPECT_EQ(config->web.listen, (ListenAddress{.on = true, .address = "::1", .port = 9000}));
  EXPECT_TRUE(config->web.allow_remote);
  EXPECT_EQ(config->web.hosts, (std::vector<std::string>{"meter.local", "m2"}));
  EXPECT_EQ(config->web.certificate_file, "/etc/halfcycle/c.pem");
  EXPECT_EQ(config->web.key_file, "/k.pem");
  EXPECT_FALSE(config->modbus.listen.on);
  EXPECT_EQ(config->modbus.max_connections, 7U);
  EXPECT_EQ(config->modbus.idle_timeout_seconds, 5.0);
  ASSERT_EQ(config->meters.size(), 1U);
  const MeterConfig& meter = config->meters[0];
  EXPECT_EQ(meter.id, "feeder-north-1");
  EXPECT_EQ(meter.unit_id, 12);
  EXPECT_EQ(meter.source, "csv:/etc/halfcycle/rec/a.csv");
  EXPECT_EQ(meter.template_name, "/etc/halfcycle/own.toml");
  EXPECT_EQ(meter.speed, 0.0);
  EXPECT_EQ(meter.measure.given.wiring, Wiring::Delta);
  EXPECT_EQ(meter.measure.given.nominal_voltage_volts, 400.0);
  EXPECT_EQ(meter.measure.given.nominal_frequency_hertz, 60.0);
  EXPECT_EQ(meter.measure.nominal_current_amperes, 800.0);
  EXPECT_EQ(meter.measure.open.pt->primary, 20000.0);
  EXPECT_EQ(meter.measure.open.rate_hertz, 10000.0);
  EXPECT_EQ(meter.measure.dip_threshold_ratio, 0.85);
  EXPECT_EQ(meter.measure.swell_threshold_ratio, std::nullopt) << "the template's holds";
  EXPECT_TRUE(config->flat_out());
}

TEST(RunConfig, ShippedNamesAreNoPathsAndUnitsAreGivenInOrder) {
  const auto config = parse(R"toml(
data = "none"
[[meter]]
source = "sim:feeder"
[[meter]]
source = "sim:grids/own.toml"
unit_id = 1
[[meter]]
source = "sim:dips"
)toml");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_TRUE(config->store.folder.empty());
  EXPECT_EQ(config->meters[0].source, "sim:feeder");
  EXPECT_EQ(config->meters[0].template_name, "standard");
  EXPECT_EQ(config->meters[1].source, "sim:/etc/halfcycle/grids/own.toml");
  EXPECT_EQ(config->meters[0].unit_id, 2);
  EXPECT_EQ(config->meters[1].unit_id, 1);
  EXPECT_EQ(config->meters[2].unit_id, 3);
  EXPECT_EQ(config->meters[2].id, "meter-3");
}

TEST(RunConfig, TheFingerprintIsThatOfTheMeterAndOfNothingElse) {
  constexpr std::string_view kMeters =
      "data = \"none\"\n[[meter]]\nid = \"a\"\nsource = \"sim:feeder\"\n"
      "[[meter]]\nid = \"b\"\nsource = \"sim:feeder\"\n";
  const auto before = parse(kMeters);
  const auto after = parse("threads = 4\n# a remark\n" + std::string(kMeters) + "dip = 80\n");
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->meters[0].fingerprint, after->meters[0].fingerprint);
  EXPECT_NE(before->meters[1].fingerprint, after->meters[1].fingerprint);
}

TEST(RunConfig, AddressesOfServers) {
  const auto parsed = [](std::string_view text) { return parse_listen_address(text, "--web"); };
  EXPECT_EQ(*parsed("8443"), (ListenAddress{.on = true, .address = "127.0.0.1", .port = 8443}));
  EXPECT_EQ(*parsed(":80"), (ListenAddress{.on = true, .address = "127.0.0.1", .port = 80}));
  EXPECT_EQ(*parsed("localhost:1"), (ListenAddress{.on = true, .address = "127.0.0.1", .port = 1}));
  EXPECT_EQ(*parsed("0.0.0.0:5"), (ListenAddress{.on = true, .address = "0.0.0.0", .port = 5}));
  EXPECT_EQ(*parsed("[fe80::1]:0"), (ListenAddress{.on = true, .address = "fe80::1", .port = 0}));
  EXPECT_FALSE(parsed("OFF")->on);
  for (const std::string_view bad :
       {"", "x", "1.2.3.4:", "1.2.3.4:65536", "1:-1", "::1:80", "1.5"}) {
    EXPECT_FALSE(parsed(bad)) << bad;
  }
}

TEST(RunConfig, IdsAreMadeOfNames) {
  EXPECT_EQ(id_of_name("Feeder 1 (north)"), "feeder-1-north");
  EXPECT_EQ(id_of_name("  "), "");
  EXPECT_EQ(id_of_name("Überführung"), "berf-hrung");
  EXPECT_EQ(id_of_name(std::string(100, 'a')).size(), 64U);
}

TEST(RunConfig, AClockThatWasNeverSetIsSeen) {
  EXPECT_FALSE(is_plausible_time(Instant()));
  EXPECT_FALSE(is_plausible_time(to_instant({2000, 1, 1, 0, 0, 0, 0})));
  EXPECT_TRUE(is_plausible_time(machine_time()));
}

}  // namespace
}  // namespace halfcycle::app

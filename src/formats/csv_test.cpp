// SPDX-License-Identifier: Apache-2.0
#include "formats/csv.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/recording_files.hpp"

namespace halfcycle::formats::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Recording> read(std::string text, std::optional<double> rate = std::nullopt) {
  return read_csv(own_bytes("x.csv", std::move(text)), {.rate_hertz = rate});
}

std::string error_of(std::string text, std::optional<double> rate = std::nullopt) {
  const auto r = read(std::move(text), rate);
  EXPECT_FALSE(r) << "was read";
  return r ? "" : r.error().message;
}

struct Dialect {
  std::string what;
  std::string text;
};
void PrintTo(const Dialect& d, std::ostream* out) { *out << d.what; }

class CsvDialect : public ::testing::TestWithParam<Dialect> {};

TEST_P(CsvDialect, IsUnderstood) {
  const auto r = read(GetParam().text);
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->analogs.size(), 2U);
  EXPECT_EQ(r->analogs[0].name, "V1");
  EXPECT_EQ(r->analogs[0].unit, "V");
  EXPECT_EQ(r->analogs[1].name, "I1");
  EXPECT_THAT(analog(*r, 0), ElementsAre(1.5F, -2.0F, 3e2F));
  EXPECT_THAT(analog(*r, 1), ElementsAre(0.25F, 4.0F, -0.5F));
  EXPECT_EQ(r->segments[0].rate_hertz, 1000.0);
  EXPECT_TRUE(r->warnings.empty()) << r->warnings.front();
}

INSTANTIATE_TEST_SUITE_P(
    Csv, CsvDialect,
    ::testing::Values(
        Dialect{"comma", "time,V1 [V],I1 [A]\n0,1.5,.25\n0.001,-2,4.\n0.002,3e2,-.5\n"},
        Dialect{"carriage returns",
                "time,V1 [V],I1 [A]\r\n0,1.5,.25\r\n0.001,-2,4\r\n0.002,3e2,-.5"},
        Dialect{"byte-order mark",
                "\xEF\xBB\xBFtime,V1 [V],I1 [A]\n0,1.5,.25\n0.001,-2,4\n0.002,3E2,-.5\n"},
        Dialect{"semicolon", "time;V1 [V];I1 [A]\n0;1.5;.25\n0.001;-2;4\n0.002;3e2;-.5\n"},
        Dialect{"decimal comma", "time;V1 [V];I1 [A]\n0;1,5;0,25\n0,001;-2;4\n0,002;3e2;-0,5\n"},
        Dialect{"tab", "time\tV1 [V]\tI1 [A]\n0\t1.5\t.25\n0.001\t-2\t4\n0.002\t3e2\t-.5\n"},
        Dialect{
            "quotes",
            "\"time\",\"V1 [V]\",\"I1 [A]\"\n\"0\",\"1.5\",\".25\"\n0.001,-2,4\n0.002,3e2,-.5\n"},
        Dialect{"blanks",
                " time , V1 [V] , I1 [A] \n 0 , 1.5 , .25 \n0.001, -2, 4\n0.002 ,3e2 ,-.5\n\n"},
        Dialect{"milliseconds", "t [ms],V1 (V),I1 (A)\n10,1.5,.25\n11,-2,4\n12,3e2,-.5\n"},
        Dialect{"time last", "V1 [V],I1 [A],Time\n1.5,.25,0\n-2,4,0.001\n3e2,-.5,0.002\n"},
        Dialect{"remarks",
                "# made by hand\n\ntime,V1 [V],I1 [A]\n0,1.5,.25\n0.001,-2,4\n0.002,3e2,-.5\n"}));

TEST(Csv, IsoTimesGiveTheStart) {
  const auto r = read("time,V1\n2024-05-01T10:00:00.5+02:00,1\n2024-05-01T10:00:00.501+02:00,2\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(to_iso8601(*r->start), "2024-05-01T08:00:00.500000000Z");
  EXPECT_TRUE(r->zone_known);
  const auto local = read("time,V1\n2024-05-01 10:00:00,1\n2024-05-01 10:00:01,2\n");
  ASSERT_TRUE(local) << local.error().message;
  EXPECT_FALSE(local->zone_known);
  EXPECT_EQ(local->segments[0].rate_hertz, 1.0);
}

TEST(Csv, EmptyCellsAreMissing) {
  const auto r = read("time,V1,V2\n0,,2\n1,3,\n2,nan,4\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_TRUE(std::isnan(analog(*r, 0)[0]));
  EXPECT_TRUE(std::isnan(analog(*r, 0)[2]));
  EXPECT_TRUE(std::isnan(analog(*r, 1)[1]));
  EXPECT_EQ(analog(*r, 1)[2], 4.0F);
}

TEST(Csv, AGapInTheTimesIsAGap) {
  std::string text = "time,V1\n";
  for (int i = 0; i < 200; ++i) {
    text += format("{:.4f},{}\n", i * 0.0005 + (i >= 100 ? 3.0 : 0.0), i);
  }
  const auto r = read(text);
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->segments.size(), 2U);
  EXPECT_EQ(r->segments[1].discontinuity, Discontinuity::Gap);
  EXPECT_EQ(r->segments[1].start, Duration::ms(3050));
  EXPECT_EQ(r->segments[0].rate_hertz, 2000.0);
}

TEST(Csv, RateAndTimesThatDisagreeAreAWarning) {
  const auto r = read("time,V1\n0,1\n0.5,2\n1.0,3\n1.5,4\n", 1000.0);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->segments[0].rate_hertz, 1000.0);
  EXPECT_FALSE(r->warnings.empty());
}

TEST(Csv, AColumnOfTextIsLeftOut) {
  const auto r = read("time,remark,V1\n0,\"a, b\",1\n1,c,2\n");
  ASSERT_TRUE(r) << r.error().message;
  ASSERT_EQ(r->analogs.size(), 1U);
  EXPECT_EQ(r->analogs[0].name, "V1");
  EXPECT_THAT(analog(*r, 0), ElementsAre(1.0F, 2.0F));
  EXPECT_TRUE(warns(*r, "x.csv:2: the column 'remark' holds text"));
}

TEST(Csv, ALastRowCutShortIsLeftOut) {
  const auto r = read("time,V1,V2\n0,1,2\n1,3,4\n2,5");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_EQ(r->sample_count, 2U);
  EXPECT_TRUE(warns(*r, "x.csv:4: the last row is incomplete"));
}

TEST(Csv, SeparatorsAtTheEndOfARowAreHarmless) {
  const auto r = read("time;V1\n0;1;\n1;2; ;\n2;3\n");
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_THAT(analog(*r, 0), ElementsAre(1.0F, 2.0F, 3.0F));
}

TEST(Csv, NonsenseIsRefusedWithItsLine) {
  EXPECT_THAT(error_of(""), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("the file is empty"));
  EXPECT_THAT(error_of("V1,V2\n1,2\n"), HasSubstr("--rate"));
  EXPECT_THAT(error_of("1,2\n3,4\n"), HasSubstr("--rate"));
  EXPECT_THAT(error_of("time,V1\n"), HasSubstr("no samples"));
  EXPECT_THAT(error_of("time\n0\n1\n"), HasSubstr("no column with numbers"));
  EXPECT_THAT(error_of("time,V1\n0,1\n1,x\n2,3\n"), HasSubstr("x.csv:3: 'x' in column 'V1'"));
  EXPECT_THAT(error_of("time,V1\n0,1\nnoon,2\n2,3\n"), HasSubstr("x.csv:3: 'noon'"));
  EXPECT_THAT(error_of("time,V1\n0,1\n1\n2,3\n"), HasSubstr("x.csv:3: the row has 1 cells"));
  EXPECT_THAT(error_of("time,V1\n0,1\n1,2,3\n2,3\n"), HasSubstr("x.csv:3: the row has 3 cells"));
  EXPECT_THAT(error_of("time,V1\n0,1\n1,2,3"), HasSubstr("x.csv:3: the row has 3 cells"));
  EXPECT_THAT(error_of("V1,V2\n0,5,1,5\n0,6,1,6\n", 1000.0), HasSubstr("decimal comma"));
  EXPECT_THAT(error_of("time,V1\r0,1\r1,2\r"), HasSubstr("CR alone"));
  EXPECT_THAT(error_of("time,V1\n5,1\n4,2\n"), HasSubstr("go back at sample 2"));
  EXPECT_THAT(error_of("time [h],V1\n5,1\n4,2\n"), HasSubstr("x.csv:1: the unit 'h'"));
  EXPECT_THAT(error_of("1,2\n3,4\n", -5.0), HasSubstr("-5"));
  EXPECT_THAT(error_of("time,V1\n2260-01-01T00:00:00,1\n2260-01-01T00:00:01,2\n"),
              HasSubstr("the year 2260"));
  EXPECT_THAT(error_of("time,V1\n0,1\n1,2\n3999999999,3\n4000000000,4\n"), HasSubstr("century"));
  EXPECT_THAT(error_of(std::string("t\0i\0m\0", 6)), HasSubstr("UTF-16"));
}

}  // namespace
}  // namespace halfcycle::formats::testing

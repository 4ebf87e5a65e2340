// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments: what was acknowledged is there, nothing is torn, energies do not go
// back. HC_LONG=1 (./test --long): a thousand times.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "recorder/recorder_fixture.hpp"

namespace halfcycle::recorder {
namespace {

using testing_store::Folder;
using testing_store::Remembering;
using testing_store::TestMeter;

constexpr const char* kLogs = R"(
[[module]]
type = "Data Recorder"
label = "L"
inputs = { "Source 1" = "X", "Source 2" = "E" }
setup = { Depth = 3000, "Trigger On" = "UPDATE" }
)";

constexpr Duration kStep = Duration::ms(20);

// Counts on from the energy it finds until it is killed; each number that it writes to the pipe is
// on disk.
[[noreturn]] void child(const std::string& folder, int pipe) {
  Remembering log;
  StoreOptions options;
  options.commit_interval = Duration::ms(10);
  auto store = Store::open(folder, options, log);
  if (!store) {
    ::_exit(1);
  }
  TestMeter meter(kLogs);
  meter.attach(**store);
  const double found = meter.value("E");
  std::int64_t count = is_available(found) ? static_cast<std::int64_t>(found) : 0;
  meter.now = testing_store::kStart + kStep * count;
  for (;;) {
    for (int i = 0; i < 7; ++i) {
      ++count;
      meter.frame(static_cast<double>(count % 100000), static_cast<double>(count),
                  graph::Tick::HalfCycle, kStep);
    }
    if (count % 5 == 0) {
      meter.press();
    }
    if ((*store)->flush() && ::write(pipe, &count, sizeof(count)) != sizeof(count)) {
      ::_exit(2);
    }
  }
}

std::int64_t latest_of(int pipe, std::int64_t before) {
  std::int64_t value = 0;
  while (::read(pipe, &value, sizeof(value)) == sizeof(value)) {
    before = value;
  }
  return before;
}

TEST(Kill, NothingThatWasAcknowledgedIsLost) {
  const bool is_long = std::getenv("HC_LONG") != nullptr;  // NOLINT(concurrency-mt-unsafe)
  const int kills = is_long ? 1000 : 40;
  const Folder folder;
  std::mt19937 random(20260101);
  std::int64_t acknowledged = 0;
  double energy = 0.0;
  int unclean = 0;
  for (int k = 0; k < kills; ++k) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      ::close(ends[0]);
      child(folder.path(), ends[1]);
    }
    ::close(ends[1]);
    std::this_thread::sleep_for(std::chrono::microseconds(10000 + random() % 120000));
    ::kill(pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself: " << WEXITSTATUS(status);
    acknowledged = latest_of(ends[0], acknowledged);
    ::close(ends[0]);

    Remembering log;
    const auto store = testing_store::open(folder, log, testing_store::only_when_told());
    const std::string check = store->health().check;
    ASSERT_EQ(check.find("damaged"), std::string::npos) << check;
    ASSERT_EQ(check.find("cannot be read"), std::string::npos) << check;
    unclean += check.find("did not close it") != std::string::npos ? 1 : 0;
    TestMeter meter(kLogs);
    meter.attach(*store);
    if (acknowledged == 0) {
      continue;
    }
    const double now = meter.value("E");
    ASSERT_GE(now, energy);
    ASSERT_GE(now, static_cast<double>(acknowledged));
    energy = now;
    const auto rows = store->rows("m", "L", {});
    ASSERT_TRUE(rows) << rows.error().message;
    ASSERT_GE(rows->values[1].back(), static_cast<double>(acknowledged));
    for (std::size_t i = 1; i < rows->time.size(); ++i) {
      const double step = rows->values[1][i] - rows->values[1][i - 1];
      ASSERT_TRUE(step == 1.0 || (step > 1.0 && rows->gap_before[i])) << step << " at " << i;
    }
    const auto events = store->events("m", {});
    ASSERT_TRUE(events);
    for (std::size_t i = 1; i < events->size(); ++i) {
      ASSERT_LT((*events)[i].sequence, (*events)[i - 1].sequence);
    }
  }
  EXPECT_GT(acknowledged, 0);
  EXPECT_GT(unclean, kills / 4) << "the kills never hit a store at work";
}

}  // namespace
}  // namespace halfcycle::recorder

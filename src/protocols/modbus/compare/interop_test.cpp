// SPDX-License-Identifier: Apache-2.0
// The server as two independent clients see it: libmodbus (its C API) and mbpoll (run as a process;
// the test is skipped where it is not installed).
#include <gtest/gtest.h>
#include <modbus/modbus.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/server.hpp"

namespace halfcycle::modbus {
namespace {

using testing_meter::TestDirectory;
using testing_meter::TestMeter;

struct Interop : testing::Test {
  Interop() {
    server = ModbusServer::start({.port = 0}, directory, log).value();
    first->publish({{"I a", 123.456},
                    {"kW tot", -1500.25},
                    {"Freq", 50.0125},
                    {"kWh del", 123456.789},
                    {"PF sign a", 0.5},
                    {"kW a", 1.0},
                    {"kVAR a", -1.0}});
    second->publish({{"I a", 2.0}});
  }

  std::shared_ptr<TestMeter> first = std::make_shared<TestMeter>("Feeder 1", 1);
  std::shared_ptr<TestMeter> second = std::make_shared<TestMeter>("Feeder 2", 2);
  TestDirectory directory{first, second};
  NoLog log;
  std::unique_ptr<ModbusServer> server;
};

// ── libmodbus ─────────────────────────────────────────────────────────────────────────────────

struct LibmodbusClient {
  explicit LibmodbusClient(std::uint16_t port, int unit = 1)
      : context(modbus_new_tcp("127.0.0.1", port)) {
    modbus_set_response_timeout(context, 30, 0);
    modbus_set_slave(context, unit);
    EXPECT_EQ(modbus_connect(context), 0);
  }
  ~LibmodbusClient() {
    modbus_close(context);
    modbus_free(context);
  }
  LibmodbusClient(const LibmodbusClient&) = delete;
  LibmodbusClient& operator=(const LibmodbusClient&) = delete;

  float real(int address) {
    std::array<std::uint16_t, 2> words{};
    EXPECT_EQ(modbus_read_registers(context, address, 2, words.data()), 2)
        << modbus_strerror(errno);
    return modbus_get_float_abcd(words.data());
  }
  modbus_t* context;
};

TEST_F(Interop, LibmodbusReadsValues) {
  LibmodbusClient client(server->port());
  EXPECT_EQ(client.real(2999), 123.456F);
  EXPECT_EQ(client.real(3059), -1500.25F);
  EXPECT_EQ(client.real(3109), 50.0125F);
  EXPECT_EQ(client.real(3077), 1.5F);  // 4Q_FP_PF: 0.5 lead
  std::array<std::uint16_t, 4> words{};
  ASSERT_EQ(modbus_read_registers(client.context, 3203, 4, words.data()), 4);
  const auto high = static_cast<std::int64_t>(MODBUS_GET_INT32_FROM_INT16(words.data(), 0));
  const auto low = static_cast<std::uint32_t>(MODBUS_GET_INT32_FROM_INT16(words.data(), 2));
  EXPECT_EQ((high << 32) + low, 123456789);
  ASSERT_EQ(modbus_read_input_registers(client.context, 2999, 2, words.data()), 2);
  EXPECT_EQ(modbus_get_float_abcd(words.data()), 123.456F);
}

TEST_F(Interop, LibmodbusReadsTheMostOfAll) {
  LibmodbusClient client(server->port());
  std::array<std::uint16_t, MODBUS_MAX_READ_REGISTERS> words{};
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(modbus_read_registers(client.context, 2999, MODBUS_MAX_READ_REGISTERS, words.data()),
              MODBUS_MAX_READ_REGISTERS);
  }
  EXPECT_EQ(modbus_get_float_abcd(words.data()), 123.456F);
}

TEST_F(Interop, LibmodbusSeesUnitsAndExceptions) {
  LibmodbusClient two(server->port(), 2);
  EXPECT_EQ(two.real(2999), 2.0F);
  std::array<std::uint16_t, 2> words{};
  LibmodbusClient nobody(server->port(), 3);
  EXPECT_EQ(modbus_read_registers(nobody.context, 2999, 2, words.data()), -1);
  EXPECT_EQ(errno, EMBXGTAR);  // the gateway's target does not respond
  EXPECT_EQ(modbus_write_register(two.context, 2999, 1), -1);
  EXPECT_EQ(errno, EMBXILFUN);
  EXPECT_EQ(modbus_read_registers(two.context, 65535, 2, words.data()), -1);
  EXPECT_EQ(errno, EMBXILADD);
  // And the connection goes on.
  EXPECT_EQ(two.real(2999), 2.0F);
}

// ── mbpoll ────────────────────────────────────────────────────────────────────────────────────

// What it prints, both outputs.
std::string mbpoll(const std::string& arguments) {
  std::string text;
  // NOLINTNEXTLINE(concurrency-mt-unsafe,cert-env33-c): a fixed command of the test
  FILE* const pipe = ::popen(("mbpoll -m tcp " + arguments + " 2>&1").c_str(), "r");
  std::array<char, 512> buffer{};
  while (std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr) {
    text += buffer.data();
  }
  ::pclose(pipe);
  return text;
}

TEST_F(Interop, MbpollReadsValues) {
  if (mbpoll("-h").find("usage") == std::string::npos) {
    GTEST_SKIP() << "mbpoll is not installed";
  }
  // By register number, which is the address plus one.
  const std::string port = std::to_string(server->port());
  const std::string floats = mbpoll("-p " + port + " -a 1 -t 4:float -B -r 3000 -c 1 -1 127.0.0.1");
  EXPECT_NE(floats.find("[3000]: \t123.456"), std::string::npos) << floats;
  const std::string inputs = mbpoll("-p " + port + " -a 1 -t 3:float -B -r 3060 -c 1 -1 127.0.0.1");
  EXPECT_NE(inputs.find("[3060]: \t-1500.25"), std::string::npos) << inputs;
  const std::string unmapped = mbpoll("-p " + port + " -a 2 -t 4:hex -r 1 -c 2 -1 127.0.0.1");
  EXPECT_NE(unmapped.find("[1]: \t0x8000"), std::string::npos) << unmapped;
  const std::string nobody = mbpoll("-p " + port + " -a 3 -t 4 -r 3000 -c 2 -1 127.0.0.1");
  EXPECT_NE(nobody.find("Target device failed to respond"), std::string::npos) << nobody;
}

}  // namespace
}  // namespace halfcycle::modbus

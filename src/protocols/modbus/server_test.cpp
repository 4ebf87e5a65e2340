// SPDX-License-Identifier: Apache-2.0
// The server on a real port of the loopback, seen through plain sockets.
#include "protocols/modbus/server.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <thread>

#include "protocols/modbus/data_format.hpp"
#include "protocols/modbus/modbus_fixture.hpp"
#include "protocols/modbus/tcp_client.hpp"

namespace halfcycle::modbus {
namespace {

using testing_meter::bytes;
using testing_meter::hex;
using testing_meter::TestDirectory;
using testing_meter::TestMeter;
using testing_tcp::TcpClient;

class KeptLog final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*area*/, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(message);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Waits for what another thread will do; the limit only guards against a hang.
bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000; ++i) {
    if (condition()) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

class Running {
 public:
  explicit Running(ModbusSetup setup = {}) {
    setup.port = 0;
    auto started = ModbusServer::start(setup, directory, log);
    if (!started) {
      throw std::runtime_error(started.error().message);
    }
    server = std::move(*started);
    meter->publish({{"I a", 123.456}});
  }
  [[nodiscard]] TcpClient client() const { return TcpClient(server->port()); }

  std::shared_ptr<TestMeter> meter = std::make_shared<TestMeter>("Feeder 1", 1);
  TestDirectory directory{meter};
  KeptLog log;
  std::unique_ptr<ModbusServer> server;
};

const auto kRequest = bytes("00 01 00 00 00 06 FF 03 0B B7 00 02");
constexpr const char* kAnswer = "00 01 00 00 00 07 FF 03 04 42 F6 E9 79";
constexpr std::size_t kAnswerBytes = 13;

bool answers(TcpClient& client) {
  return client.send(kRequest) && hex(client.receive(kAnswerBytes)) == kAnswer;
}

TEST(Server, AnswersOverTcp) {
  Running running;
  TcpClient client = running.client();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(answers(client));
  }
  EXPECT_EQ(running.server->status().requests, 100U);
  EXPECT_EQ(running.server->status().connections, 1U);
}

TEST(Server, AnswersARequestThatComesByteByByte) {
  Running running;
  TcpClient client = running.client();
  for (const std::byte b : kRequest) {
    ASSERT_TRUE(client.send({&b, 1}));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(hex(client.receive(kAnswerBytes)), kAnswer);
}

TEST(Server, AnswersAThousandPipelinedRequestsInOrder) {
  Running running;
  TcpClient client = running.client();
  std::vector<std::byte> requests;
  for (unsigned i = 0; i < 1000; ++i) {
    auto request = bytes("00 00 00 00 00 06 01 03 0B B7 00 7D");
    write_u16(static_cast<std::uint16_t>(i), request.data());
    requests.insert(requests.end(), request.begin(), request.end());
  }
  const std::jthread sender([&] { client.send(requests); });
  for (unsigned i = 0; i < 1000; ++i) {
    const auto answer = client.receive(9 + 250);
    ASSERT_EQ(answer.size(), 259U) << i;
    ASSERT_EQ(read_u16(answer.data()), i);
  }
}

TEST(Server, AnswersAClientThatSendsAndSaysThatItIsDone) {
  // The end of the stream comes with the request or just behind it; both must be seen.
  Running running;
  for (int i = 0; i < 50; ++i) {
    TcpClient client = running.client();
    ASSERT_TRUE(client.send(kRequest));
    ::shutdown(client.handle(), SHUT_WR);
    ASSERT_EQ(hex(client.receive(kAnswerBytes)), kAnswer);
    ASSERT_TRUE(client.closed_by_peer());
  }
  EXPECT_TRUE(eventually([&] { return running.server->status().connections == 0; }));
  EXPECT_EQ(running.server->status().timed_out, 0U);
}

TEST(Server, RefusesTheConnectionBeyondTheLimitVisibly) {
  Running running({.max_connections = 40});
  std::vector<TcpClient> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(running.client());
    ASSERT_TRUE(answers(clients.back())) << i;
  }
  for (int i = 0; i < 3; ++i) {
    TcpClient refused = running.client();
    EXPECT_TRUE(refused.closed_by_peer());
  }
  EXPECT_TRUE(eventually([&] { return running.server->status().refused == 3; }));
  EXPECT_EQ(running.server->status().connections, 40U);
  // Said once, with what to do; those that are there are served.
  ASSERT_EQ(running.log.lines().size(), 1U);
  EXPECT_NE(running.log.lines().front().find("all 40 connections are in use"), std::string::npos);
  EXPECT_TRUE(answers(clients.front()));
  clients.pop_back();
  EXPECT_TRUE(eventually([&] { return running.server->status().connections == 39; }));
  TcpClient next = running.client();
  EXPECT_TRUE(answers(next));
}

TEST(Server, ClosesAConnectionThatSaysNothing) {
  Running running({.idle_timeout_seconds = 0.2});
  TcpClient idle = running.client();
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(running.server->status().timed_out, 1U);
  EXPECT_TRUE(eventually([&] { return running.server->status().connections == 0; }));
}

TEST(Server, ClosesAConnectionThatNeverReads) {
  Running running({.idle_timeout_seconds = 0.5});
  TcpClient client = running.client();
  std::vector<std::byte> requests;
  const auto request = bytes("00 00 00 00 00 06 01 03 0B B7 00 7D");
  for (int i = 0; i < 1000; ++i) {
    requests.insert(requests.end(), request.begin(), request.end());
  }
  // Until the server has stopped reading and given the connection up.
  while (client.send(requests)) {
  }
  EXPECT_EQ(running.server->status().timed_out, 1U);
  TcpClient other = running.client();
  EXPECT_TRUE(answers(other));
}

TEST(Server, ClosesAStreamThatMakesNoSense) {
  Running running;
  TcpClient client = running.client();
  ASSERT_TRUE(
      client.send(bytes("47 45 54 20 2F 20 48 54 54 50 2F 31 2E 31 0D 0A")));  // an HTTP GET
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(running.server->status().broken_streams, 1U);
}

TEST(Server, IsNotAffectedByIdleAndHostileConnections) {
  Running running({.max_connections = 1200});
  TcpClient good = running.client();
  ASSERT_TRUE(answers(good));
  std::vector<TcpClient> idle;
  for (int i = 0; i < 400; ++i) {
    idle.push_back(running.client());
    ASSERT_TRUE(idle.back().connected());
  }
  std::uint32_t random = 12345;
  for (int i = 0; i < 100; ++i) {
    TcpClient hostile = running.client();
    std::vector<std::byte> noise(1 + i * 7 % 300);
    for (std::byte& b : noise) {
      random = random * 1664525U + 1013904223U;
      b = static_cast<std::byte>(random >> 24U);
    }
    hostile.send(noise);  // and gone, often before the answer
    ASSERT_TRUE(answers(good)) << i;
  }
  EXPECT_TRUE(eventually([&] { return running.server->status().connections == 401; }));
}

TEST(Server, SaysWhatIsWrongWithItsSetup) {
  TestDirectory directory{};
  NoLog log;
  const auto error = [&](const ModbusSetup& setup) {
    const auto started = ModbusServer::start(setup, directory, log);
    return started ? std::string("none") : started.error().message;
  };
  const Running running;
  EXPECT_EQ(error({.port = running.server->port()}),
            format("cannot listen for Modbus on 127.0.0.1:{}: another program has this port; end "
                   "it or take another port",
                   running.server->port()));
  EXPECT_EQ(error({.address = "localhost", .port = 0}),
            "'localhost' is no address for the Modbus server; it must be numeric, such as "
            "127.0.0.1");
  EXPECT_EQ(error({.port = 0, .max_connections = 0}),
            "the Modbus server's limit of 0 connections is not within 1 to 10000");
  EXPECT_EQ(error({.port = 0, .idle_timeout_seconds = 0.0}),
            "the Modbus server's idle timeout must be above 0 s");
}

TEST(Server, CanEndWhileClientsAreConnected) {
  std::vector<TcpClient> clients;
  {
    Running running;
    for (int i = 0; i < 5; ++i) {
      clients.push_back(running.client());
      ASSERT_TRUE(answers(clients.back()));
    }
  }
  for (TcpClient& client : clients) {
    EXPECT_TRUE(client.closed_by_peer());
  }
}

TEST(Server, AnswersFromOneMomentWhileTheMeterMeasures) {
  // A measuring thread publishes n in every register of the group; an answer may hold any n, but
  // only one, and both halves of each value must be of the same number.
  Running running;
  std::jthread measuring([&](const std::stop_token& stop) {
    for (int n = 0; !stop.stop_requested(); ++n) {
      const double v = 1000.0 + 0.37 * n;
      running.meter->publish({{"kW a", v},
                              {"kW b", v},
                              {"kW c", v},
                              {"kW tot", v},
                              {"kWh del", v / 1000.0},
                              {"kWh rec", v / 1000.0}});
    }
  });
  TcpClient client = running.client();
  // kW a … kW tot at 3054 (0BED), 8 registers.
  const auto powers = bytes("00 00 00 00 00 06 01 03 0B ED 00 08");
  const auto energies = bytes("00 00 00 00 00 06 01 03 0C 83 00 08");
  unsigned distinct = 0;
  std::vector<std::byte> before;
  while (distinct < 50) {
    ASSERT_TRUE(client.send(powers));
    const auto answer = client.receive(9 + 16);
    ASSERT_EQ(answer.size(), 25U);
    for (int v = 1; v < 4; ++v) {
      ASSERT_EQ(std::memcmp(answer.data() + 9, answer.data() + 9 + 4 * v, 4), 0) << hex(answer);
    }
    distinct += answer != before ? 1U : 0U;
    before = answer;
    ASSERT_TRUE(client.send(energies));
    const auto energy = client.receive(9 + 16);
    ASSERT_EQ(energy.size(), 25U);
    ASSERT_EQ(std::memcmp(energy.data() + 9, energy.data() + 17, 8), 0) << hex(energy);
  }
}

}  // namespace
}  // namespace halfcycle::modbus

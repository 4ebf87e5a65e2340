// SPDX-License-Identifier: Apache-2.0
// The server over real sockets, with a client of another make.
#include "web/http_server.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "web/tls_client.hpp"
#include "web/web_fixture.hpp"

namespace halfcycle::web {
namespace {

using testing_types::FakeDirectory;
using testing_types::FakeHistory;
using testing_types::kNoon;
using testing_types::Reply;
using testing_types::TlsClient;
using Json = nlohmann::json;

class LogLines final : public Log {
 public:
  void write(LogLevel /*level*/, std::string_view /*area*/, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(message);
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    std::string all;
    for (const std::string& line : lines_) {
      all += line + '\n';
    }
    return all;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class Server : public ::testing::Test {
 protected:
  Server() {
    std::string path = (std::filesystem::temp_directory_path() / "hc-web-XXXXXX").string();
    folder = mkdtemp(path.data());
    setup.port = 0;
    setup.data_folder = folder;
    setup.version = "1.2.3";
  }
  ~Server() override {
    if (thread.joinable()) {
      io.stop();
      thread.join();
    }
    server.reset();
    std::filesystem::remove_all(folder);
  }
  void run() {
    auto started = HttpServer::start(setup, io, directory, &history, log);
    ASSERT_TRUE(started) << started.error().message;
    server = *std::move(started);
    thread = std::thread([this] { io.run(); });
  }
  [[nodiscard]] std::uint16_t port() const { return server->port(); }

  std::string folder;
  WebSetup setup;
  FakeDirectory directory{{"feeder-1", "feeder-2"}};
  FakeHistory history;
  LogLines log;
  boost::asio::io_context io{1};
  std::unique_ptr<HttpServer> server;
  std::thread thread;
};

TEST_F(Server, AnswersOverTlsWithACertificateThatItsClientTrusts) {
  run();
  TlsClient client(port(), server->certificate_file());
  ASSERT_TRUE(client.connected()) << client.error();
  const Reply meters = client.get("/api/v1/meters");
  EXPECT_EQ(meters.status, 200);
  EXPECT_EQ(Json::parse(meters.body)[1]["id"], "feeder-2");
  // The same connection goes on.
  EXPECT_EQ(client.get("/api/v1/health").status, 200);
  EXPECT_EQ(client.get("/api/v1/healt").status, 404);
}

TEST_F(Server, StreamsWhatWasPublishedAndThenWhatChanges) {
  run();
  directory.list[0]->publish(10.0, kNoon);
  TlsClient client(port());
  ASSERT_EQ(client.upgrade().status, 101);
  client.send_text(
      R"({"subscribe": 1, "meter": "feeder-1", "labels": ["kW tot", "V1 HD3"], "interval_ms": 50})");
  const Json first = Json::parse(client.receive_frame().payload);
  EXPECT_EQ(first["id"], 1);
  EXPECT_EQ(first["registers"].size(), 2U);
  EXPECT_EQ(first["registers"][0]["value"], 10.0);
  EXPECT_EQ(first["registers"][1]["value"], 3.5);
  directory.list[0]->publish(11.0, kNoon + Duration::ms(200));
  const Json second = Json::parse(client.receive_frame().payload);
  EXPECT_EQ(second["registers"][0]["value"], 11.0);
}

}  // namespace
}  // namespace halfcycle::web

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

TEST_F(Server, EachAnswerHasStrictHeaders) {
  run();
  TlsClient client(port());
  for (const char* target : {"/api/v1/health", "/metrics", "/nothing"}) {
    const Reply reply = client.get(target);
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
    EXPECT_EQ(reply.header("referrer-policy"), "no-referrer");
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    const std::string policy = reply.header("content-security-policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self';")) << policy;
    EXPECT_NE(policy.find("frame-ancestors 'self'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(reply.header("strict-transport-security"), "");
  }
}

TEST_F(Server, SpeaksTls12AndLaterOnly) {
  run();
  EXPECT_FALSE(TlsClient(port(), {}, TLS1_1_VERSION).connected());
  EXPECT_TRUE(TlsClient(port(), {}, TLS1_2_VERSION).connected());
  EXPECT_GE(server->statistics().tls_failures, 1U);
}

TEST_F(Server, ShowsAPlainRequestTheWay) {
  run();
  const std::string answer = testing_types::plain_exchange(
      port(), "GET /x HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port()) + "\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 308 ")) << answer;
  EXPECT_NE(answer.find("Location: https://127.0.0.1:" + std::to_string(port()) + "/\r\n"),
            std::string::npos);
  // A name that is not ours is not repeated.
  EXPECT_EQ(testing_types::plain_exchange(port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")
                .find("evil"),
            std::string::npos);
}

TEST_F(Server, AnswersManyRequestsThatComeInOnePiece) {
  run();
  TlsClient client(port());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "GET /api/v1/meters/feeder-1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  // … and the last of them byte by byte.
  client.send(requests);
  for (const char c : std::string_view("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
    client.send({&c, 1});
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.receive().status, 200);
  }
  const Reply head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.header("content-length"), "0");
}

TEST_F(Server, RefusesWhatIsNoRequestAndGoesOnForOthers) {
  run();
  for (const std::string& bad :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/1.1\r\nHost localhost\r\n\r\n"),
        "GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20000, 'x') + "\r\n\r\n",
        std::string("GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("POST /api/v1/analyze HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Length: 99999999999999999999\r\n\r\n")}) {
    TlsClient client(port());
    client.send(bad);
    const int status = client.receive().status;
    EXPECT_TRUE(status == 400 || status == 431) << status << ": " << bad.substr(0, 60);
  }
  TlsClient client(port());
  EXPECT_EQ(client.get("/api/v1/health").status, 200);
}

TEST_F(Server, AnswersUnderItsOwnNamesOnly) {
  setup.allowed_hosts = {"meter.example"};
  run();
  TlsClient client(port());
  const auto as = [&](const char* host) {
    client.send(std::string("GET /api/v1/health HTTP/1.1\r\nHost: ") + host + "\r\n\r\n");
    return client.receive().status;
  };
  EXPECT_EQ(as("meter.example:9443"), 200);
  EXPECT_EQ(as("evil.example"), 421);
  TlsClient page(port());
  EXPECT_EQ(page.upgrade("Origin: https://evil.example\r\n").status, 403);
}

TEST_F(Server, EndsConnectionsThatAreTooSlow) {
  setup.limits.request_seconds = 0.2;
  setup.limits.idle_seconds = 0.2;
  run();
  TlsClient half(port());
  half.send("GET / HT");
  TlsClient silent(port());
  TlsClient idle(port());
  EXPECT_EQ(idle.get("/api/v1/health").status, 200);
  EXPECT_TRUE(half.closed() && silent.closed() && idle.closed());
  EXPECT_GE(server->statistics().timed_out, 3U);
}

TEST_F(Server, SaysSoWhenTooManyConnectionsAreOpen) {
  setup.limits.max_connections = 3;
  run();
  std::vector<std::unique_ptr<TlsClient>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<TlsClient>(port()));
    EXPECT_EQ(open.back()->get("/api/v1/meters").status, 200);
  }
  {
    TlsClient further(port());
    const Reply reply = further.get("/api/v1/meters");
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("retry-after"), "10");
    EXPECT_TRUE(further.closed());
  }
  EXPECT_NE(log.text().find("3 connections are open"), std::string::npos);
  const Json health = Json::parse(open[0]->get("/api/v1/health").body);
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_EQ(health["connections"]["refused"], 1);
  open.clear();
  // The server sees their ends in its own time.
  for (int tries = 0; tries < 1000; ++tries) {
    TlsClient again(port());
    if (again.get("/api/v1/meters").status == 200) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  FAIL() << "no connection is taken any more";
}

std::string form_with(std::string_view content) {
  return "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n" +
         std::string(content) + "\r\n--b--\r\n";
}
std::string post_of(std::string_view body, std::string_view headers = {}) {
  return "POST /api/v1/analyze HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n";
}

TEST_F(Server, MeasuresAnUploadedRecordingAsPageOrAsJson) {
  setup.analyzer = [](const AnalysisUpload& upload) -> Result<AnalysisAnswer> {
    if (upload.files.front().bytes == "bad") {
      return fail(ErrorCode::InvalidInput, "x.csv: is no recording");
    }
    return AnalysisAnswer{
        .content = std::string(upload.files.front().name) + " " +
                   std::to_string(upload.files.front().bytes.size()),
        .content_policy = upload.format == AnalysisFormat::Html ? "default-src 'none'" : ""};
  };
  run();
  TlsClient client(port());
  const std::string body = form_with(std::string(3000000, 'x'));  // more than other routes take
  client.send(post_of(body) + body);
  const Reply json = client.receive();
  EXPECT_EQ(json.status, 200) << json.body;
  EXPECT_EQ(json.body, "x.csv 3000000");
  EXPECT_EQ(json.header("content-type"), "application/json");
  // As curl sends it: the body only after 100 Continue.
  client.send(post_of(body, "Accept: text/html\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.receive().status, 100);
  client.send(body);
  const Reply page = client.receive();
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.header("content-security-policy"), "default-src 'none'");
  const std::string bad = form_with("bad");
  client.send(post_of(bad) + bad);
  EXPECT_EQ(client.receive().status, 422);
}

TEST_F(Server, RefusesUploadsThatAreTooLargeOrNoForm) {
  setup.limits.max_upload_bytes = 1000;
  setup.analyzer = [](const AnalysisUpload&) -> Result<AnalysisAnswer> { return AnalysisAnswer{}; };
  run();
  const std::string large = form_with(std::string(2000, 'x'));
  TlsClient declared(port());
  declared.send(post_of(large));
  EXPECT_EQ(declared.receive().status, 413);
  TlsClient chunked(port());
  chunked.send(
      "POST /api/v1/analyze HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "7d0\r\n" +
      large.substr(0, 2000) + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.receive().status, 413);
  TlsClient form(port());
  form.send("POST /api/v1/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(form.receive().status, 415);
  const std::string cut = form_with("x").substr(0, 40);
  form.send(post_of(cut) + cut);
  EXPECT_EQ(form.receive().status, 400);
  EXPECT_EQ(form.get("/api/v1/health").status, 200);
}

TEST_F(Server, MeasuresOneRecordingAtATimeAndGivesItUpWhenItStops) {
  std::atomic<bool> measuring{false};
  std::atomic<bool> stopped{false};
  setup.analyzer = [&](const AnalysisUpload& upload) -> Result<AnalysisAnswer> {
    measuring = true;
    while (!upload.stop()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    stopped = true;
    return fail(ErrorCode::Interrupted, "stopped");
  };
  run();
  TlsClient first(port());
  const std::string body = form_with("x");
  first.send(post_of(body) + body);
  while (!measuring) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  TlsClient second(port());
  second.send(post_of(body) + body);
  EXPECT_EQ(second.receive().status, 503);
  TlsClient other(port());
  EXPECT_EQ(other.get("/api/v1/health").status, 200);
  io.stop();
  thread.join();
  server->stop();
  EXPECT_TRUE(stopped);
}

TEST_F(Server, ARecordingWhoseSenderHasLeftIsMeasuredNoFurther) {
  std::atomic<int> measuring{0};
  std::atomic<int> stopped{0};
  setup.analyzer = [&](const AnalysisUpload& upload) -> Result<AnalysisAnswer> {
    if (upload.files.front().bytes == "short") {
      return AnalysisAnswer{.content = "done", .content_policy = {}};
    }
    ++measuring;
    while (!upload.stop()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    ++stopped;
    return fail(ErrorCode::Interrupted, "stopped");
  };
  run();
  const std::string body = form_with("long");
  {
    TlsClient leaving(port());
    leaving.send(post_of(body) + body);
    while (measuring == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  while (stopped == 0) {  // hangs if nobody notices
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // The next one finds the place free, and who sends a request behind the form gets both answers.
  const std::string small = form_with("short");
  for (Reply reply; reply.body != "done";) {
    TlsClient next(port());
    next.send(post_of(small) + small + "GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    reply = next.receive();
    EXPECT_TRUE(reply.status == 200 || reply.status == 503) << reply.status;
    if (reply.status == 200) {
      EXPECT_EQ(next.receive().status, 200);
    }
  }
}

TEST_F(Server, QuestionsToTheStoreThatFindNoPlaceAreRefused) {
  setup.limits.worker_threads = 1;
  setup.limits.worker_queue = 1;
  run();
  std::vector<std::unique_ptr<TlsClient>> clients;
  int refused = 0;
  {
    // The store is busy as long as this lock is held.
    const std::lock_guard busy(history.busy);
    for (int i = 0; i < 6; ++i) {
      clients.push_back(std::make_unique<TlsClient>(port()));
      clients.back()->send(
          "GET /api/v1/meters/feeder-1/logs/Trends%20%2F%201 HTTP/1.1\r\n"
          "Host: localhost\r\n\r\n");
    }
    // What needs no store is answered all the while.
    TlsClient other(port());
    EXPECT_EQ(other.get("/api/v1/meters").status, 200);
    for (int i = 2; i < 6; ++i) {
      const Reply reply = clients[static_cast<std::size_t>(i)]->receive();
      refused += reply.status == 503 && reply.header("retry-after") == "1" ? 1 : 0;
    }
  }
  EXPECT_EQ(refused, 4);
  EXPECT_EQ(clients[0]->receive().status, 200);
  EXPECT_EQ(clients[1]->receive().status, 200);
}

TEST_F(Server, AClientThatDoesNotReadIsSentNothingMore) {
  run();
  constexpr int kReceiveBytes = 4096;
  TlsClient client(port(), {}, 0, kReceiveBytes);
  ASSERT_EQ(client.upgrade().status, 101);
  client.send_text(
      R"({"subscribe": 1, "meter": "feeder-1", "waveform": {"seconds": 1}, "interval_ms": 50})");
  // Frames of 100 kB: a few fit into the buffers of the sockets, then no more is made.
  const auto frames = [this] { return server->statistics().frames_sent.load(); };
  std::uint64_t before = 0;
  do {
    before = frames();
    std::this_thread::sleep_for(std::chrono::milliseconds(1000));
  } while (before == 0 || (frames() != before && before < 100));
  EXPECT_LT(before, 20U);
  const int made = directory.list[0]->snapshots;
  EXPECT_EQ(static_cast<std::uint64_t>(made), before);
  // Once it reads again it gets what was under way, and then what is newest.
  for (std::uint64_t i = 0; i < before; ++i) {
    EXPECT_EQ(client.receive_frame().opcode, 1);
  }
  EXPECT_EQ(client.receive_frame().opcode, 1);
  EXPECT_EQ(directory.list[0]->snapshots - made <= 2, true);
}

TEST_F(Server, EventsReachASubscriberOverTheSocket) {
  run();
  TlsClient client(port());
  ASSERT_EQ(client.upgrade().status, 101);
  client.send_text(R"({"subscribe": 3, "events": true})");
  // Not before the subscription has been taken.
  while (server->statistics().subscriptions == 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  history.add_event("feeder-1", 130);
  EXPECT_EQ(Json::parse(client.receive_frame().payload)["event"]["priority"], 130);
}

TEST_F(Server, ClosesAWebSocketThatBreaksTheRules) {
  run();
  constexpr int kClose = 8;
  constexpr int kBinary = 2;
  TlsClient binary(port());
  ASSERT_EQ(binary.upgrade().status, 101);
  binary.send_text("{}", kBinary);
  EXPECT_EQ(binary.receive_frame().opcode, kClose);
  TlsClient flood(port());
  ASSERT_EQ(flood.upgrade().status, 101);
  for (int i = 0; i < 200; ++i) {
    flood.send_text(R"({"unsubscribe": 1})");
  }
  EXPECT_EQ(flood.receive_frame().opcode, kClose);
  TlsClient large(port());
  ASSERT_EQ(large.upgrade().status, 101);
  for (int i = 0; i < 2; ++i) {
    large.send_text(std::string(65000, ' '), i == 0 ? 1 : 0, i == 1);
  }
  EXPECT_NE(large.receive_frame().opcode, 1);
  TlsClient plain(port());
  EXPECT_EQ(plain.get("/api/v1/stream").status, 426);
}

TEST_F(Server, StopsWithConnectionsOfEveryKindOpen) {
  run();
  TlsClient idle(port());
  EXPECT_EQ(idle.get("/api/v1/health").status, 200);
  TlsClient half(port());
  half.send("GET / HT");
  TlsClient socket(port());
  ASSERT_EQ(socket.upgrade().status, 101);
  socket.send_text(
      R"({"subscribe": 1, "meter": "feeder-1", "waveform": {"seconds": 1}, "interval_ms": 50})");
  EXPECT_EQ(socket.receive_frame().opcode, 1);
  io.stop();
  thread.join();
  const std::uint16_t was = port();
  server.reset();
  io.restart();
  io.poll();
  EXPECT_FALSE(TlsClient(was).connected());
}

TEST_F(Server, ARefusedStartSaysWhatIsWrongAndWhatToDo) {
  const auto says = [this](const char* what) {
    const auto started = HttpServer::start(setup, io, directory, &history, log);
    ASSERT_FALSE(started);
    EXPECT_NE(started.error().message.find(what), std::string::npos) << started.error().message;
  };
  setup.address = "0.0.0.0";
  says("allow_remote = true");
  setup.address = "everywhere";
  says("is no address");
  setup.address = "127.0.0.1";
  setup.certificate_file = folder + "/mine.pem";
  says("the key is missing");
  setup.certificate_file.clear();
  setup.data_folder = folder + "/none";
  says("cannot be written");
  setup.data_folder = folder;
  run();
  setup.port = port();
  says("is another halfcycle running?");
}

TEST_F(Server, ListensForOthersOnlyWhenThatIsAllowed) {
  setup.address = "0.0.0.0";
  setup.allow_remote = true;
  run();
  TlsClient client(port());
  EXPECT_EQ(client.get("/api/v1/health").status, 200);
}

}  // namespace
}  // namespace halfcycle::web

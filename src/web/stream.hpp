// SPDX-License-Identifier: Apache-2.0
// What a WebSocket client gets, without the socket. The transport asks for the next frame whenever
// the one before has been sent, so a slow client gets fewer updates, each made of what is newest
// then, and nothing ever waits in memory.
//
//   session.receive(message, now);
//   while (auto frame = session.next(now)) send(*frame);     // one at a time
//   sleep_until(session.wake(now));
//
// Threads: the I/O thread, except where said.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/json_values.hpp"
#include "web/routes.hpp"
#include "web/stream_message.hpp"

namespace halfcycle::web {

using SteadyTime = std::chrono::steady_clock::time_point;

/// New events and disturbances of the store, asked for once for all clients. Keeps the latest
/// kKept of each; a client that is further behind misses some (their numbers show it).
class RecordFeed {
 public:
  static constexpr std::size_t kKept = 1000;

  struct Record {
    std::uint64_t number = 0;
    std::string meter;
    std::string json;
  };
  struct Question {
    std::uint64_t after_event = 0;
    std::uint64_t after_disturbance = 0;
    bool events = false;
    bool disturbances = false;
  };
  struct Answer {
    std::vector<Record> events;  ///< oldest first
    std::vector<Record> disturbances;
  };

  explicit RecordFeed(const recorder::History* history);
  [[nodiscard]] bool available() const { return history_ != nullptr; }
  /// What is to be asked of the store; nothing while an answer is awaited or nothing is new.
  [[nodiscard]] std::optional<Question> question();
  /// Any thread.
  [[nodiscard]] Answer ask(const Question& question) const;
  void take(Answer answer);
  /// The question could not be asked; it will come again.
  void give_up() { waiting_ = false; }

  [[nodiscard]] const std::deque<Record>& events() const { return events_; }
  [[nodiscard]] const std::deque<Record>& disturbances() const { return disturbances_; }
  /// Numbers of the newest that were taken or skipped: where a new subscriber begins.
  [[nodiscard]] std::uint64_t latest_event() const { return latest_event_; }
  [[nodiscard]] std::uint64_t latest_disturbance() const { return latest_disturbance_; }

 private:
  const recorder::History* history_;
  bool waiting_ = false;
  std::uint64_t latest_event_ = 0;
  std::uint64_t latest_disturbance_ = 0;
  std::deque<Record> events_;
  std::deque<Record> disturbances_;
};

class StreamSession {
 public:
  /// `subscriptions` counts those of all sessions.
  StreamSession(const Api& api, const RecordFeed& feed, std::atomic<std::uint64_t>& subscriptions);
  ~StreamSession();
  StreamSession(const StreamSession&) = delete;
  StreamSession& operator=(const StreamSession&) = delete;

  /// False: more wrong messages than the client has read answers; close the connection.
  [[nodiscard]] bool receive(std::string_view message, SteadyTime now);
  /// The next frame to be sent; nothing until wake().
  [[nodiscard]] std::optional<std::string> next(SteadyTime now);
  /// When next() may have something again.
  [[nodiscard]] SteadyTime wake(SteadyTime now) const;

 private:
  struct Subscription {
    StreamRequest request;
    SteadyTime due;
    std::shared_ptr<fleet::LiveMeter> meter;  // none: events, disturbances
    std::uint64_t generation = 0;             // of the directory, when `meter` was looked up
    RegisterSet registers;
    std::vector<RegisterValue> sent;  // what the client knows
    Instant sent_wave;
    std::uint64_t last_number = 0;  // of the record sent
  };
  void add(StreamRequest request, SteadyTime now);
  void remove(std::uint64_t id);
  void complain(std::optional<std::uint64_t> id, std::string_view message);
  /// Looks the meter up and resolves the labels.
  [[nodiscard]] Result<void> bind(Subscription& subscription) const;
  [[nodiscard]] std::optional<std::string> update(SteadyTime now);
  [[nodiscard]] std::optional<std::string> frame(Subscription& subscription);
  [[nodiscard]] static std::optional<std::string> registers_frame(Subscription& subscription);
  [[nodiscard]] static std::optional<std::string> waveform_frame(Subscription& subscription);
  [[nodiscard]] std::optional<std::string> record_frame(Subscription& subscription) const;

  const Api& api_;
  const RecordFeed& feed_;
  std::atomic<std::uint64_t>& count_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::size_t turn_ = 0;  // the subscription that is looked at first
  SteadyTime free_at_{};  // the frames before would have been sent at the highest rate
  std::deque<std::string> answers_;
};

}  // namespace halfcycle::web

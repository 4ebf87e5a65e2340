// SPDX-License-Identifier: Apache-2.0
#include "web/stream.hpp"

#include <algorithm>
#include <bit>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::web {
namespace {

using What = StreamRequest::What;

constexpr std::size_t kMaxAnswers = 64;
// Of one client: five pages with waveforms; a program that asks for everything all the time gets
// no more, however fast it reads.
constexpr double kMaxBytesPerSecond = 4e6;
constexpr auto kBurst = std::chrono::milliseconds(250);
constexpr auto kRecordInterval = std::chrono::milliseconds(100);

void append_newest(std::deque<RecordFeed::Record>& kept, std::vector<RecordFeed::Record>& records,
                   std::uint64_t& latest) {
  for (RecordFeed::Record& record : records) {
    latest = std::max(latest, record.number);
    kept.push_back(std::move(record));
    if (kept.size() > RecordFeed::kKept) {
      kept.pop_front();
    }
  }
}

/// What the client knows of a register is no longer true.
bool renewed(const RegisterValue& now, const RegisterValue& sent) {
  return now.view.time != sent.view.time || now.view.marks != sent.view.marks ||
         std::bit_cast<std::uint64_t>(now.view.slot) !=
             std::bit_cast<std::uint64_t>(sent.view.slot) ||
         now.text != sent.text;
}

}  // namespace

RecordFeed::RecordFeed(const recorder::History* history) : history_(history) {
  if (history_ != nullptr) {
    latest_event_ = history_->latest_event();
    latest_disturbance_ = history_->latest_disturbance();
  }
}

std::optional<RecordFeed::Question> RecordFeed::question() {
  if (history_ == nullptr || waiting_) {
    return std::nullopt;
  }
  const Question question{.after_event = latest_event_,
                          .after_disturbance = latest_disturbance_,
                          .events = history_->latest_event() > latest_event_,
                          .disturbances = history_->latest_disturbance() > latest_disturbance_};
  if (!question.events && !question.disturbances) {
    return std::nullopt;
  }
  waiting_ = true;
  return question;
}

RecordFeed::Answer RecordFeed::ask(const Question& question) const {
  Answer answer;
  if (question.events) {
    if (auto events = history_->events(
            {}, {.from = {}, .to = {}, .after_sequence = question.after_event, .limit = kKept})) {
      for (auto event = events->rbegin(); event != events->rend(); ++event) {
        JsonWriter json;
        write_event(json, *event);
        answer.events.push_back({event->sequence, event->meter, json.take()});
      }
    }
  }
  if (question.disturbances) {
    if (auto found = history_->disturbances(
            {},
            {.from = {}, .to = {}, .after_sequence = question.after_disturbance, .limit = kKept})) {
      for (auto disturbance = found->rbegin(); disturbance != found->rend(); ++disturbance) {
        JsonWriter json;
        write_disturbance(json, *disturbance);
        answer.disturbances.push_back({disturbance->id, disturbance->meter, json.take()});
      }
    }
  }
  return answer;
}

void RecordFeed::take(Answer answer) {
  waiting_ = false;
  append_newest(events_, answer.events, latest_event_);
  append_newest(disturbances_, answer.disturbances, latest_disturbance_);
}

StreamSession::StreamSession(const Api& api, const RecordFeed& feed,
                             std::atomic<std::uint64_t>& subscriptions)
    : api_(api), feed_(feed), count_(subscriptions) {}

StreamSession::~StreamSession() { count_ -= subscriptions_.size(); }

bool StreamSession::receive(std::string_view message, SteadyTime now) {
  StreamMessage parsed = parse_stream_message(message);
  if (!parsed.request) {
    complain(parsed.id, parsed.request.error().message);
  } else if (parsed.request->what == What::Unsubscribe) {
    remove(parsed.request->id);
  } else {
    add(*std::move(parsed.request), now);
  }
  return answers_.size() <= kMaxAnswers;
}

void StreamSession::complain(std::optional<std::uint64_t> id, std::string_view message) {
  JsonWriter json;
  json.begin_object().key("id");
  if (id) {
    json.integer(*id);
  } else {
    json.null();
  }
  json.key("error").string(message).end_object();
  answers_.push_back(json.take());
}

void StreamSession::remove(std::uint64_t id) {
  count_ -= std::erase_if(
      subscriptions_, [id](const std::unique_ptr<Subscription>& s) { return s->request.id == id; });
}

void StreamSession::add(StreamRequest request, SteadyTime now) {
  remove(request.id);  // a subscription of the same number is replaced
  std::size_t labels = request.labels.size();
  for (const auto& subscription : subscriptions_) {
    labels += subscription->request.labels.size();
  }
  const WebLimits& limits = api_.setup.limits;
  if (subscriptions_.size() >= limits.max_subscriptions) {
    return complain(request.id,
                    format("a connection has at most {} subscriptions", limits.max_subscriptions));
  }
  if (labels > limits.max_labels) {
    return complain(request.id, format("the subscriptions of a connection have at most {} labels",
                                       limits.max_labels));
  }
  auto subscription = std::make_unique<Subscription>();
  subscription->request = std::move(request);
  subscription->due = now;
  if (const auto bound = bind(*subscription); !bound) {
    return complain(subscription->request.id, bound.error().message);
  }
  subscriptions_.push_back(std::move(subscription));
  ++count_;
}

Result<void> StreamSession::bind(Subscription& subscription) const {
  const StreamRequest& request = subscription.request;
  if (request.what == What::Events || request.what == What::Disturbances) {
    if (!feed_.available()) {
      return fail(ErrorCode::InvalidSetup,
                  "this process keeps no history: it was started without a store");
    }
    subscription.last_number =
        request.what == What::Events ? feed_.latest_event() : feed_.latest_disturbance();
    if (request.meter.empty()) {
      return {};
    }
  }
  subscription.generation = api_.directory.generation();
  subscription.meter = api_.directory.find(request.meter);
  if (!subscription.meter) {
    const auto meters = api_.directory.meters();
    std::vector<std::string_view> ids;
    for (const auto& meter : meters) {
      ids.push_back(meter->identity().id);
    }
    return fail(ErrorCode::InvalidSetup, "there is no meter '{}'.{}", request.meter,
                did_you_mean(request.meter, ids));
  }
  if (request.what == What::Registers) {
    auto registers = RegisterSet::create(subscription.meter->graph(), request.labels);
    if (!registers) {
      return fail(registers.error());
    }
    subscription.registers = *std::move(registers);
    subscription.sent.clear();
  } else if (request.what == What::Events || request.what == What::Disturbances) {
    subscription.meter.reset();  // only its name matters; old records of a removed meter stay
  }
  return {};
}

std::optional<std::string> StreamSession::next(SteadyTime now) {
  if (!answers_.empty()) {
    std::string answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }
  if (now < free_at_) {
    return std::nullopt;
  }
  auto text = update(now);
  if (text) {
    const std::chrono::duration<double> taken(static_cast<double>(text->size()) /
                                              kMaxBytesPerSecond);
    free_at_ =
        std::max(free_at_, now - kBurst) + std::chrono::duration_cast<SteadyTime::duration>(taken);
  }
  return text;
}

std::optional<std::string> StreamSession::update(SteadyTime now) {
  // Each in its turn, so that one with much to say does not starve the others.
  for (std::size_t tried = 0; tried < subscriptions_.size(); ++tried) {
    turn_ = (turn_ + 1) % subscriptions_.size();
    Subscription& subscription = *subscriptions_[turn_];
    if (now < subscription.due) {
      continue;
    }
    if (subscription.meter && subscription.generation != api_.directory.generation()) {
      const auto meter = api_.directory.find(subscription.request.meter);
      if (meter != subscription.meter) {
        if (const auto bound = bind(subscription); !bound) {
          complain(subscription.request.id, bound.error().message);
          remove(subscription.request.id);
          return next(now);
        }
      }
      subscription.generation = api_.directory.generation();
    }
    if (auto text = frame(subscription)) {
      const bool record = subscription.request.what == What::Events ||
                          subscription.request.what == What::Disturbances;
      // A record is followed by the next at once; a value is not due again before its interval.
      if (!record) {
        subscription.due = now + std::chrono::milliseconds(subscription.request.interval_ms);
      }
      return text;
    }
    subscription.due =
        now + std::min(std::chrono::milliseconds(subscription.request.interval_ms),
                       std::chrono::duration_cast<std::chrono::milliseconds>(kRecordInterval));
  }
  return std::nullopt;
}

SteadyTime StreamSession::wake(SteadyTime now) const {
  SteadyTime wake = now + std::chrono::hours(1);
  for (const auto& subscription : subscriptions_) {
    wake = std::min(wake, subscription->due);
  }
  return answers_.empty() ? std::max(wake, free_at_) : now;
}

std::optional<std::string> StreamSession::frame(Subscription& subscription) {
  switch (subscription.request.what) {
    case What::Registers:
      return registers_frame(subscription);
    case What::Waveform:
      return waveform_frame(subscription);
    default:
      return record_frame(subscription);
  }
}

std::optional<std::string> StreamSession::registers_frame(Subscription& subscription) {
  const graph::Graph& graph = subscription.meter->graph();
  const bool first = subscription.sent.empty();
  if (!first && !subscription.registers.changed(graph)) {
    return std::nullopt;
  }
  subscription.registers.read(graph);
  const std::vector<RegisterValue>& values = subscription.registers.values();
  JsonWriter json;
  json.begin_object().key("id").integer(subscription.request.id).key("registers").begin_list();
  bool any = first;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (first || renewed(values[i], subscription.sent[i])) {
      write_register(json, graph.compiled(), values[i]);
      any = true;
    }
  }
  if (!any) {
    return std::nullopt;
  }
  subscription.sent = values;
  json.end_list().end_object();
  return json.take();
}

std::optional<std::string> StreamSession::waveform_frame(Subscription& subscription) {
  const auto wave = subscription.meter->waveform(subscription.request.seconds);
  if (!wave || wave->start == subscription.sent_wave) {
    return std::nullopt;
  }
  subscription.sent_wave = wave->start;
  JsonWriter json;
  json.begin_object().key("id").integer(subscription.request.id).key("waveform");
  write_waveform(json, *wave);
  json.end_object();
  return json.take();
}

std::optional<std::string> StreamSession::record_frame(Subscription& subscription) const {
  const bool event = subscription.request.what == What::Events;
  const std::string& meter = subscription.request.meter;
  for (const RecordFeed::Record& record : event ? feed_.events() : feed_.disturbances()) {
    if (record.number <= subscription.last_number) {
      continue;
    }
    subscription.last_number = record.number;
    if (!meter.empty() && record.meter != meter) {
      continue;
    }
    JsonWriter json;
    json.begin_object().key("id").integer(subscription.request.id);
    json.key(event ? "event" : "disturbance").raw(record.json).end_object();
    return json.take();
  }
  return std::nullopt;
}

}  // namespace halfcycle::web

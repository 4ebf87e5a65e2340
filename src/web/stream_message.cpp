// SPDX-License-Identifier: Apache-2.0
#include "web/stream_message.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace halfcycle::web {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 8> kMembers{"subscribe",    "unsubscribe", "meter",
                                                   "labels",       "waveform",    "events",
                                                   "disturbances", "interval_ms"};

std::optional<std::uint64_t> id_of(const Json& message, const char* member) {
  const auto found = message.find(member);
  if (found == message.end() || !found->is_number_unsigned()) {
    return std::nullopt;
  }
  return found->get<std::uint64_t>();
}

Result<double> number_of(const Json& value, std::string_view name, double min, double max) {
  const double number = value.is_number() ? value.get<double>() : std::nan("");
  if (!(number >= min && number <= max)) {
    return fail(ErrorCode::InvalidInput, "{} must be a number from {} to {}", name, min, max);
  }
  return number;
}

bool is_true(const Json& message, const char* member) {
  const auto found = message.find(member);
  return found != message.end() && found->is_boolean() && found->get<bool>();
}

Result<StreamRequest> read(const Json& message, std::uint64_t id) {
  StreamRequest request;
  request.id = id;
  for (const auto& [name, value] : message.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), name) == kMembers.end()) {
      return fail(ErrorCode::InvalidInput, "there is no member '{}'.{}", name,
                  did_you_mean(name, kMembers));
    }
  }
  if (message.contains("unsubscribe")) {
    request.what = StreamRequest::What::Unsubscribe;
    return request;
  }
  if (const auto meter = message.find("meter"); meter != message.end()) {
    if (!meter->is_string()) {
      return fail(ErrorCode::InvalidInput, "meter must be the id of a meter");
    }
    request.meter = meter->get<std::string>();
  }
  if (const auto interval = message.find("interval_ms"); interval != message.end()) {
    const auto number = number_of(*interval, "interval_ms", kMinIntervalMs, kMaxIntervalMs);
    if (!number) {
      return fail(number.error());
    }
    request.interval_ms = static_cast<int>(*number);
  }
  int kinds = 0;
  if (const auto labels = message.find("labels"); labels != message.end()) {
    ++kinds;
    request.what = StreamRequest::What::Registers;
    if (!labels->is_array() || labels->empty()) {
      return fail(ErrorCode::InvalidInput, "labels must be a list of labels of registers");
    }
    for (const Json& label : *labels) {
      if (!label.is_string()) {
        return fail(ErrorCode::InvalidInput, "labels must be a list of labels of registers");
      }
      request.labels.push_back(label.get<std::string>());
    }
  }
  if (const auto waveform = message.find("waveform"); waveform != message.end()) {
    ++kinds;
    request.what = StreamRequest::What::Waveform;
    if (!waveform->is_object()) {
      return fail(ErrorCode::InvalidInput, "waveform must be an object: {{ \"seconds\": 0.08 }}");
    }
    if (const auto seconds = waveform->find("seconds"); seconds != waveform->end()) {
      const auto number = number_of(*seconds, "seconds", 0.001, kMaxStreamedSeconds);
      if (!number) {
        return fail(number.error());
      }
      request.seconds = *number;
    }
  }
  if (is_true(message, "events")) {
    ++kinds;
    request.what = StreamRequest::What::Events;
  }
  if (is_true(message, "disturbances")) {
    ++kinds;
    request.what = StreamRequest::What::Disturbances;
  }
  if (kinds != 1) {
    return fail(ErrorCode::InvalidInput,
                "a subscription has one of: labels, waveform, \"events\": true, "
                "\"disturbances\": true");
  }
  const bool of_meter = request.what == StreamRequest::What::Registers ||
                        request.what == StreamRequest::What::Waveform;
  if (of_meter && request.meter.empty()) {
    return fail(ErrorCode::InvalidInput, "meter is missing: the id of a meter");
  }
  return request;
}

}  // namespace

StreamMessage parse_stream_message(std::string_view text) {
  if (text.size() > kMaxStreamMessage) {
    return {std::nullopt, fail(ErrorCode::InvalidInput, "the message is longer than {} bytes",
                               kMaxStreamMessage)};
  }
  const Json message = Json::parse(text, nullptr, false);
  if (!message.is_object()) {
    return {std::nullopt, fail(ErrorCode::InvalidInput, "the message is no JSON object")};
  }
  auto id = id_of(message, "subscribe");
  if (!id) {
    id = id_of(message, "unsubscribe");
  }
  if (!id || (message.contains("subscribe") && message.contains("unsubscribe"))) {
    return {std::nullopt,
            fail(ErrorCode::InvalidInput,
                 "the message needs \"subscribe\" or \"unsubscribe\" with a number that names the "
                 "subscription")};
  }
  return {id, read(message, *id)};
}

}  // namespace halfcycle::web

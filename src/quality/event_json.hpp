// SPDX-License-Identifier: Apache-2.0
// A voltage event as `analyze --json`, the HTTP API and the pages know it.
#pragma once

#include "base/json_writer.hpp"
#include "quality/event.hpp"

namespace halfcycle::quality {

/// One object. What is not known (start before the first sample, an event still open) is null.
void write_json(JsonWriter& json, const VoltageEvent& event);
/// The same without its braces, for an object that holds more.
void write_json_members(JsonWriter& json, const VoltageEvent& event);

}  // namespace halfcycle::quality

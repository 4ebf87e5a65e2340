// SPDX-License-Identifier: Apache-2.0
// The accuracy table of `halfcycle verify`: exact signals through the meter's façade, each result
// against what the definitions say.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace halfcycle::app {

struct VerifyRow {
  std::string clause;  ///< where the limit comes from
  std::string quantity;
  std::string condition;
  double limit = 0.0;   ///< of the standard; |error| must not exceed it
  double budget = 0.0;  ///< of this project for the algorithms alone (docs/accuracy.md)
  double error = 0.0;   ///< the largest found; NaN: no value came
  std::string unit;     ///< of limit, budget and error: "%", "mHz", "°"
  [[nodiscard]] bool pass() const { return error <= limit && error >= -limit; }
  [[nodiscard]] bool within_budget() const { return error <= budget && error >= -budget; }
};

/// `progress` gets the share that is done; `stop` true gives up (Interrupted).
[[nodiscard]] Result<std::vector<VerifyRow>> verify_all(const std::function<void(double)>& progress,
                                                        const std::function<bool()>& stop);

/// docs/accuracy.md: the worst point of each quantity, then all of them.
[[nodiscard]] std::string verify_page(const std::vector<VerifyRow>& rows);

}  // namespace halfcycle::app

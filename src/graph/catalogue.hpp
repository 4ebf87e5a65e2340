// SPDX-License-Identifier: Apache-2.0
// The module types that a program knows: listed explicitly by whoever builds it, never registered
// by static objects. modules::catalogue() is the one with everything.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "graph/module_type.hpp"

namespace halfcycle::graph {

class ModuleCatalogue {
 public:
  /// The types must outlive the catalogue and everything compiled with it (they are constexpr).
  /// Refuses declarations that contradict themselves: duplicate names, a default out of bounds, …
  [[nodiscard]] static Result<ModuleCatalogue> create(std::span<const ModuleType* const> types);

  [[nodiscard]] std::span<const ModuleType* const> types() const { return types_; }
  /// nullptr if there is no such type; case matters.
  [[nodiscard]] const ModuleType* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> names() const;

 private:
  explicit ModuleCatalogue(std::vector<const ModuleType*> types) : types_(std::move(types)) {}
  std::vector<const ModuleType*> types_;
};

}  // namespace halfcycle::graph

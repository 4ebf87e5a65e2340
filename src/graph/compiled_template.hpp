// SPDX-License-Identifier: Apache-2.0
// A template made ready to run: labels, units, links, evaluation order. Immutable; shared by all
// meters made from it. The original limits a chain of modules to 25; here there is no limit.
//
//   auto compiled = compile_template(text, "standard.toml", catalogue);   // Result<shared_ptr>
//   auto ref = (*compiled)->find("kW tot");                               // Result<RegisterRef>
//   const RegisterInfo& info = (*compiled)->registers()[ref->index];
//
// Threads: everything const, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "graph/catalogue.hpp"
#include "graph/module_type.hpp"
#include "graph/register.hpp"
#include "graph/template_file.hpp"

namespace halfcycle::graph {

inline constexpr std::uint32_t kNoIndex = 0xFFFFFFFFU;
/// Room for a String or Calendar register, in bytes, the length byte included.
inline constexpr std::size_t kTextBytes = 64;

/// An output register of a module instance.
struct RegisterInfo {
  std::string label;  ///< its public name, unique in the template
  RegisterClass cls = RegisterClass::Numeric;
  Unit unit = Unit::One;
  Tick tick = Tick::Event;
  Retain retain = Retain::No;
  bool writable = false;
  std::uint32_t module = 0;         ///< index in modules()
  std::uint32_t output = 0;         ///< index in the type's outputs
  int first_element = 0;            ///< arrays: number of the first element in its label
  int element_count = 0;            ///< arrays
  std::string_view element_suffix;  ///< arrays: end of the label, behind an element's number
  std::uint32_t words = 0;          ///< 8-byte words of its text or elements
  std::uint32_t first_word = 0;
  std::string_view help;
  [[nodiscard]] const OutputSpec& spec(const ModuleType& type) const {
    return type.outputs[output];
  }
};

/// A module instance; instances lie in evaluation order.
struct ModuleInstance {
  const ModuleType* type = nullptr;
  std::string label;
  std::uint32_t file_order = 0;  ///< place in the template's text
  Tick tick = Tick::Event;
  bool offline = false;              ///< a required input is not linked: nothing is available
  std::uint32_t first_input = 0;     ///< into links()
  std::uint32_t first_register = 0;  ///< its outputs lie side by side in registers()
  std::uint32_t first_setup = 0;     ///< into the setup registers of the graph
  std::uint32_t state_offset = 0;    ///< bytes
  int enable_input = -1;
  int reset_input = -1;
  int priority_setup = -1;  ///< EvPriority, if the type has it
};

/// The registers of one tick: a contiguous range.
struct TickGroup {
  std::uint32_t first_register = 0;
  std::uint32_t register_count = 0;
  std::uint32_t first_word = 0;
  std::uint32_t word_count = 0;
};

class CompiledTemplate {
 public:
  [[nodiscard]] const std::string& name() const { return source_.name; }
  [[nodiscard]] const std::string& description() const { return source_.description; }
  [[nodiscard]] const TemplateSource& source() const { return source_; }

  [[nodiscard]] std::span<const ModuleInstance> modules() const { return modules_; }
  /// In the order of the template's text: indices into modules().
  [[nodiscard]] std::span<const std::uint32_t> file_order() const { return file_order_; }
  /// Sorted by tick, then by evaluation order.
  [[nodiscard]] std::span<const RegisterInfo> registers() const { return registers_; }
  [[nodiscard]] const TickGroup& group(Tick tick) const { return groups_[index(tick)]; }
  /// What each input is linked to (index kNoIndex: nothing); one entry per input of every instance.
  [[nodiscard]] std::span<const RegisterRef> links() const { return links_; }
  /// Modules to evaluate when a register is renewed.
  [[nodiscard]] std::span<const std::uint32_t> consumers(std::uint32_t reg) const {
    return std::span(consumers_)
        .subspan(consumer_begin_[reg], consumer_begin_[reg + 1] - consumer_begin_[reg]);
  }

  /// A register by its label, or an element of an array by its ("V1 HD5"). Case matters.
  /// Error: InvalidSetup with the nearest valid label.
  [[nodiscard]] Result<RegisterRef> find(std::string_view label) const;
  /// As find(), for who asks for labels that may well be absent: no message is made.
  [[nodiscard]] std::optional<RegisterRef> look_up(std::string_view label) const;
  /// Index in modules(). Error: InvalidSetup with the nearest valid label.
  [[nodiscard]] Result<std::uint32_t> find_module(std::string_view label) const;
  /// Label of a register or of an element.
  [[nodiscard]] std::string label(RegisterRef ref) const;
  /// "Over V1 High Limit": a setup register by its number in the graph.
  [[nodiscard]] std::string setup_label(std::uint32_t setup) const;
  [[nodiscard]] const SetupSpec& setup_spec(std::uint32_t setup) const;

  // For Graph: sizes, and the values that each graph starts with.
  [[nodiscard]] std::uint32_t setup_count() const {
    return static_cast<std::uint32_t>(setup_numbers_.size());
  }
  [[nodiscard]] std::span<const double> setup_numbers() const { return setup_numbers_; }
  /// Per setup register: index into setup_texts(), or kNoIndex.
  [[nodiscard]] std::span<const std::uint32_t> text_slots() const { return text_slots_; }
  [[nodiscard]] std::span<const std::shared_ptr<const PreparedText>> setup_texts() const {
    return setup_texts_;
  }
  [[nodiscard]] std::uint32_t module_of_setup(std::uint32_t setup) const {
    return setup_modules_[setup];
  }
  [[nodiscard]] std::uint32_t state_bytes() const { return state_bytes_; }
  [[nodiscard]] std::uint32_t word_count() const { return word_count_; }
  /// Bytes shared by all meters of this template.
  [[nodiscard]] std::size_t memory_bytes() const;

 private:
  friend class TemplateCompiler;
  CompiledTemplate() = default;
  [[nodiscard]] std::optional<RegisterRef> element_of(std::string_view label, bool in_range) const;

  TemplateSource source_;
  std::vector<ModuleInstance> modules_;
  std::vector<std::uint32_t> file_order_;
  std::vector<RegisterInfo> registers_;
  std::array<TickGroup, kTickCount> groups_{};
  std::vector<RegisterRef> links_;
  std::vector<std::uint32_t> consumer_begin_;
  std::vector<std::uint32_t> consumers_;
  std::vector<double> setup_numbers_;
  std::vector<std::uint32_t> text_slots_;
  std::vector<std::shared_ptr<const PreparedText>> setup_texts_;
  std::vector<std::uint32_t> setup_modules_;
  std::map<std::string, std::uint32_t, std::less<>> by_label_;
  std::map<std::string, std::uint32_t, std::less<>> modules_by_label_;
  std::uint32_t state_bytes_ = 0;
  std::uint32_t word_count_ = 0;
};

/// Errors: InvalidSetup, with file, line, what is wrong, the nearest valid name or allowed range.
[[nodiscard]] Result<std::shared_ptr<const CompiledTemplate>> compile_template(
    const TemplateSource& source, const ModuleCatalogue& catalogue);
[[nodiscard]] Result<std::shared_ptr<const CompiledTemplate>> compile_template(
    std::string_view text, std::string_view file, const ModuleCatalogue& catalogue);

/// A setup value as a person or a file writes it, checked against the declaration.
/// Returns the number (ordinal, 0/1); for String the text is in `text`.
struct SetupValue {
  double number = kNotAvailable;
  std::shared_ptr<const PreparedText> text;
};
/// `where` begins the message: "standard.toml:12: 'Sub Intvl' of 'Dmd kW del'".
[[nodiscard]] Result<SetupValue> check_setup(const ModuleType& type, const SetupSpec& spec,
                                             const std::variant<std::string, double, bool>& value,
                                             std::string_view where);
/// "on", "GREATER THAN", "300": as it is written in a template and shown to people.
[[nodiscard]] std::string setup_text(const SetupSpec& spec, double number, std::string_view text);

}  // namespace halfcycle::graph

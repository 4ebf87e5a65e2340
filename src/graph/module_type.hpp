// SPDX-License-Identifier: Apache-2.0
// The declaration of a module type: once, as constexpr data. The register tree, setup validation,
// templates, `halfcycle modules` and the reference pages all come from it.
//
//   constexpr std::array kInputs{InputSpec{.name = "Source", .accepts = kNumbers,
//                                          .need = Need::Required, .help = "…"}};
//   constexpr std::array kOutputs{OutputSpec{.name = "Maximum", .unit_rule = UnitRule::OfInput,
//   …}}; constexpr ModuleType kMaximum{.name = "Maximum", .doc = "…", .inputs = kInputs,
//                                 .outputs = kOutputs, .evaluate = evaluate};
//
// evaluate() is called on the measuring thread when an input has a new value, a pulse came, a
// setup register changed or the time it asked for (Context::wake_at) has come. It must not
// allocate, block or look at a clock; everything it knows comes from the Context.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/quality.hpp"
#include "base/result.hpp"
#include "base/unit.hpp"
#include "graph/register.hpp"

namespace halfcycle::graph {

class Context;

enum class Need : std::uint8_t { Optional, Required };
/// What the framework itself does with an input. Enable: unlinked is enabled, not available is
/// disabled. Reset: unlinked never resets; it works while the module is disabled.
enum class Role : std::uint8_t { Value, Enable, Reset };
/// Whether the recorder keeps the register over a restart.
enum class Retain : std::uint8_t { No, Yes };

struct InputSpec {
  std::string_view name;
  ClassMask accepts;
  Need need = Need::Optional;
  Role role = Role::Value;
  std::optional<Unit> unit{};  ///< nothing: any unit
  std::string_view help;
};

inline constexpr InputSpec kEnableInput{.name = "Enable",
                                        .accepts = RegisterClass::Boolean,
                                        .role = Role::Enable,
                                        .help = "Off disables the module; enabled if not linked"};
inline constexpr InputSpec kResetInput{
    .name = "Reset",
    .accepts = RegisterClass::Pulse,
    .role = Role::Reset,
    .help = "A pulse resets the module, also while it is disabled"};

/// Where the unit of an output comes from. A template may state it (`units`) unless it is Fixed.
enum class UnitRule : std::uint8_t {
  Fixed,            ///< as declared
  OfInput,          ///< that of an input
  IntegralOfInput,  ///< kW gives kWh, …; 1 where there is no name for it
  Open,             ///< as declared, unless the template says otherwise
};

struct OutputSpec {
  std::string_view name;
  RegisterClass cls = RegisterClass::Numeric;
  Unit unit = Unit::One;
  UnitRule unit_rule = UnitRule::Fixed;
  int unit_input = 0;        ///< index of the input that the rule means
  std::string_view label{};  ///< public label; empty: "<module label> <output name>"
  Retain retain = Retain::No;
  bool writable = false;  ///< by Command::write or Command::pulse
  double initial = kNotAvailable;
  int first_element = 0;  ///< arrays: number in the label of the first element ("V1 HD" + "2")
  int element_count = 0;  ///< arrays: how many elements
  std::string_view element_suffix{};  ///< arrays: end of the label, behind the number (" 10m")
  std::string_view help;
};

struct SetupSpec {
  std::string_view name;
  RegisterClass cls = RegisterClass::NumericBounded;  ///< or Boolean, Enumerated, String
  Unit unit = Unit::One;
  int unit_input = -1;  ///< index of the input whose unit the value is in; -1: `unit`
  double min = 0.0;     ///< bounds, both included
  double max = 0.0;
  double default_value = 0.0;                   ///< 0 or 1 for Boolean, ordinal for Enumerated
  bool integer = false;                         ///< only whole numbers
  std::span<const std::string_view> choices{};  ///< names of an enumeration
  std::string_view default_text{};              ///< String
  std::string_view help;
};

/// Priority of events, 0 … 255: 0 logs nothing; 1–63 info only; 64–127 low, 128–191 medium,
/// 192–255 high alarms (ION7400 manual, "Alarm priorities").
inline constexpr double kDefaultEventPriority = 128.0;
inline constexpr SetupSpec kEventPrioritySetup{
    .name = "EvPriority",
    .min = 0.0,
    .max = 255.0,
    .default_value = kDefaultEventPriority,
    .integer = true,
    .help =
        "Priority of the module's events: 0 none, 1-63 info only, 64-127 low, 128-191 medium, "
        "192-255 high alarm"};

/// The text of a String setup register, with what the module type made of it (a compiled formula).
struct PreparedText {
  explicit PreparedText(std::string_view t) : text(t) {}
  PreparedText(const PreparedText&) = delete;
  PreparedText& operator=(const PreparedText&) = delete;
  virtual ~PreparedText() = default;
  std::string text;
};

struct ModuleType {
  std::string_view name;
  std::string_view doc;  ///< Markdown; the first sentence is the summary
  std::span<const InputSpec> inputs{};
  std::span<const OutputSpec> outputs{};
  std::span<const SetupSpec> setup{};
  /// Tick of the outputs; nothing: that of the fastest linked input.
  std::optional<Tick> tick{};
  /// Uses Context::wake_at: evaluated at the first tick of its kind, then when it asked to be.
  bool timed = false;
  /// Its inputs act in the next evaluation: a loop through it is allowed.
  bool breaks_loops = false;
  /// A change of setup clears the state and the outputs ("changing setup resets most modules").
  bool setup_resets = true;
  std::size_t max_instances = 0;  ///< 0: any number
  /// Bytes of state, zero at the start, trivially copyable, aligned to 8.
  std::size_t state_bytes = 0;
  /// nullptr: the outputs are written from outside (measured quantities, External modules).
  void (*evaluate)(Context&) = nullptr;
  /// Checks and compiles the text of a String setup register, off the measuring thread.
  Result<std::shared_ptr<const PreparedText>> (*prepare)(std::string_view text) = nullptr;
};

}  // namespace halfcycle::graph

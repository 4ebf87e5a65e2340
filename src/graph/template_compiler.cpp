// SPDX-License-Identifier: Apache-2.0
// From the text of a template to tables: resolve types, labels, setup and links, order the modules
// so that each comes after what it depends on, and lay the registers out by tick.
#include <algorithm>
#include <functional>
#include <queue>

#include "base/text.hpp"
#include "graph/compiled_template.hpp"
#include "graph/element_label.hpp"

namespace halfcycle::graph {
namespace {

constexpr std::size_t kMaxLabelBytes = 80;

struct Draft;
struct LinkDraft {
  std::uint32_t module = kNoIndex;  // draft that has the output
  std::uint32_t output = 0;
  std::int32_t element = -1;
};
struct RegisterDraft {
  std::string label;
  Unit unit = Unit::One;
  int unit_line = 0;  // where the template states the unit; 0: it does not
};
struct Draft {
  const TemplateModule* source = nullptr;
  const ModuleType* type = nullptr;
  std::string label;
  std::vector<LinkDraft> links;
  std::vector<RegisterDraft> registers;
  std::vector<SetupValue> setup;
  std::vector<bool> setup_given;
  bool offline = false;
  Tick tick = Tick::Event;
};

std::optional<Unit> parse_unit(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(Unit::Celsius); ++i) {
    const auto unit = static_cast<Unit>(i);
    if (info(unit).symbol == text) {
      return unit;
    }
  }
  return std::nullopt;
}

std::string unit_names() {
  std::string names;
  for (int i = 0; i <= static_cast<int>(Unit::Celsius); ++i) {
    names += format("{}{}", i == 0 ? "" : ", ", info(static_cast<Unit>(i)).symbol);
  }
  return names;
}

Unit integral_of(Unit unit) {
  switch (unit) {
    case Unit::Kilowatt:
      return Unit::KilowattHour;
    case Unit::Kilovar:
      return Unit::KilovarHour;
    case Unit::Kilovoltampere:
      return Unit::KilovoltampereHour;
    default:
      return Unit::One;
  }
}

template <class Spec>
std::vector<std::string_view> names_of(std::span<const Spec> specs) {
  std::vector<std::string_view> names;
  for (const Spec& spec : specs) {
    names.push_back(spec.name);
  }
  return names;
}

template <class Spec>
std::optional<std::size_t> index_of(std::span<const Spec> specs, std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) {
      return i;
    }
  }
  return std::nullopt;
}

Result<void> check_label(std::string_view label, std::string_view file, int line) {
  const bool bad_byte = std::any_of(label.begin(), label.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (label.empty() || label.size() > kMaxLabelBytes || bad_byte || trim(label) != label) {
    return fail(ErrorCode::InvalidSetup,
                "{}:{}: the label '{}' must have 1 to {} characters, none of them a control "
                "character, and no blank at its ends",
                file, line, label, kMaxLabelBytes);
  }
  return {};
}

}  // namespace

class TemplateCompiler {
 public:
  TemplateCompiler(const TemplateSource& source, const ModuleCatalogue& catalogue)
      : source_(source), catalogue_(catalogue) {}

  Result<std::shared_ptr<const CompiledTemplate>> compile() {
    for (const auto step :
         {&TemplateCompiler::resolve_modules, &TemplateCompiler::resolve_registers,
          &TemplateCompiler::resolve_setup, &TemplateCompiler::resolve_links,
          &TemplateCompiler::order_modules, &TemplateCompiler::resolve_units}) {
      if (auto ok = (this->*step)(); !ok) {
        return fail(ok.error());
      }
    }
    return lay_out();
  }

 private:
  Result<void> resolve_modules() {
    std::map<std::string_view, int> lines;
    std::map<const ModuleType*, std::size_t> counts;
    drafts_.reserve(source_.modules.size());
    for (const TemplateModule& module : source_.modules) {
      Draft draft;
      draft.source = &module;
      draft.type = catalogue_.find(module.type);
      if (module.type.empty()) {
        return fail(ErrorCode::InvalidSetup, "{}:{}: a module without a 'type'", source_.file,
                    module.line);
      }
      if (draft.type == nullptr) {
        return fail(ErrorCode::InvalidSetup, "{}:{}: unknown module type '{}'.{}", source_.file,
                    module.type_line, module.type, did_you_mean(module.type, catalogue_.names()));
      }
      draft.label = module.label.empty() ? std::string(draft.type->name) : module.label;
      if (auto ok = check_label(draft.label, source_.file, module.label_line); !ok) {
        return ok;
      }
      const std::size_t count = ++counts[draft.type];
      if (draft.type->max_instances != 0 && count > draft.type->max_instances) {
        return fail(ErrorCode::InvalidSetup, "{}:{}: '{}' may be there only {}", source_.file,
                    module.line, module.type,
                    draft.type->max_instances == 1 ? std::string("once")
                                                   : format("{} times", draft.type->max_instances));
      }
      drafts_.push_back(std::move(draft));
    }
    for (const Draft& draft : drafts_) {
      const auto [it, fresh] = lines.emplace(draft.label, draft.source->line);
      if (!fresh) {
        return fail(ErrorCode::InvalidSetup,
                    "{}:{}: the module label '{}' is already taken by the module at line {}",
                    source_.file, draft.source->label_line, draft.label, it->second);
      }
    }
    return {};
  }

  Result<void> resolve_registers() {
    for (std::uint32_t m = 0; m < drafts_.size(); ++m) {
      Draft& draft = drafts_[m];
      const ModuleType& type = *draft.type;
      std::vector<int> lines(type.outputs.size(), draft.source->line);
      for (const OutputSpec& output : type.outputs) {
        draft.registers.push_back({output.label.empty() ? format("{} {}", draft.label, output.name)
                                                        : std::string(output.label),
                                   output.unit, 0});
      }
      for (const TemplateEntry& entry : draft.source->outputs) {
        const auto output = find_named(type.outputs, entry, draft, "output");
        if (!output) {
          return fail(output.error());
        }
        const std::string& label = std::get<std::string>(entry.value);
        if (auto ok = check_label(label, source_.file, entry.line); !ok) {
          return ok;
        }
        draft.registers[*output].label = label;
        lines[*output] = entry.line;
      }
      for (const TemplateEntry& entry : draft.source->units) {
        const auto output = find_named(type.outputs, entry, draft, "output");
        if (!output) {
          return fail(output.error());
        }
        const auto unit = parse_unit(std::get<std::string>(entry.value));
        if (!unit) {
          return fail(ErrorCode::InvalidSetup, "{}:{}: unknown unit '{}'; there are {}",
                      source_.file, entry.line, std::get<std::string>(entry.value), unit_names());
        }
        if (type.outputs[*output].unit_rule == UnitRule::Fixed) {
          return fail(ErrorCode::InvalidSetup, "{}:{}: the unit of '{}' of '{}' is always {}",
                      source_.file, entry.line, entry.key, draft.label,
                      info(type.outputs[*output].unit).symbol);
        }
        draft.registers[*output].unit = *unit;
        draft.registers[*output].unit_line = entry.line;
      }
      for (std::uint32_t k = 0; k < draft.registers.size(); ++k) {
        const auto [it, fresh] = labels_.emplace(draft.registers[k].label, LinkDraft{m, k, -1});
        if (!fresh) {
          return fail(ErrorCode::InvalidSetup,
                      "{}:{}: the register label '{}' is already taken by output '{}' of '{}' "
                      "(line {}); give one of them another label in 'outputs'",
                      source_.file, lines[k], draft.registers[k].label,
                      drafts_[it->second.module].type->outputs[it->second.output].name,
                      drafts_[it->second.module].label, drafts_[it->second.module].source->line);
        }
      }
    }
    return {};
  }

  Result<void> resolve_setup() {
    for (Draft& draft : drafts_) {
      const ModuleType& type = *draft.type;
      draft.setup.resize(type.setup.size());
      draft.setup_given.assign(type.setup.size(), false);
      for (const TemplateEntry& entry : draft.source->setup) {
        const auto setup = find_named(type.setup, entry, draft, "setup register");
        if (!setup) {
          return fail(setup.error());
        }
        auto value = check_setup(
            type, type.setup[*setup], entry.value,
            format("{}:{}: '{}' of '{}'", source_.file, entry.line, entry.key, draft.label));
        if (!value) {
          return fail(value.error());
        }
        draft.setup[*setup] = std::move(*value);
        draft.setup_given[*setup] = true;
      }
      for (std::size_t k = 0; k < type.setup.size(); ++k) {
        if (draft.setup_given[k]) {
          continue;
        }
        if (type.setup[k].cls != RegisterClass::String) {
          draft.setup[k].number = type.setup[k].default_value;
          continue;
        }
        auto value = check_setup(type, type.setup[k], std::string(type.setup[k].default_text),
                                 format("default of '{}' of '{}'", type.setup[k].name, type.name));
        if (!value) {
          return fail(value.error());
        }
        draft.setup[k] = std::move(*value);
      }
    }
    return {};
  }

  // A register or an element by its label, among drafts.
  std::optional<LinkDraft> find_register(std::string_view label) const {
    if (const auto it = labels_.find(label); it != labels_.end()) {
      return it->second;
    }
    std::optional<LinkDraft> found;
    read_element_label(label, [&](std::string_view array, std::string_view suffix, int number) {
      const auto it = labels_.find(array);
      if (it == labels_.end()) {
        return false;
      }
      const OutputSpec& output = drafts_[it->second.module].type->outputs[it->second.output];
      const int element = number - output.first_element;
      if (output.cls == RegisterClass::NumericArray && element_suffix(output, array) == suffix &&
          element >= 0 && element < output.element_count) {
        found = it->second;
        found->element = element;
      }
      return found.has_value();
    });
    return found;
  }

  // A template may give an array a label of its own, without what the declared one ends with.
  static std::string_view element_suffix(const OutputSpec& output, std::string_view label) {
    return label.ends_with(output.element_suffix) ? output.element_suffix : std::string_view();
  }

  Result<void> resolve_links() {
    for (Draft& draft : drafts_) {
      const ModuleType& type = *draft.type;
      draft.links.resize(type.inputs.size());
      for (const TemplateEntry& entry : draft.source->inputs) {
        const auto input = find_named(type.inputs, entry, draft, "input");
        if (!input) {
          return fail(input.error());
        }
        const std::string& label = std::get<std::string>(entry.value);
        const auto link = find_register(label);
        if (!link) {
          std::vector<std::string_view> labels;
          for (const auto& [known, where] : labels_) {
            labels.push_back(known);
          }
          return fail(ErrorCode::InvalidSetup,
                      "{}:{}: input '{}' of '{}' is linked to '{}', which no module puts out.{}",
                      source_.file, entry.line, entry.key, draft.label, label,
                      did_you_mean(label, labels));
        }
        const InputSpec& spec = type.inputs[*input];
        const OutputSpec& output = drafts_[link->module].type->outputs[link->output];
        const RegisterClass cls = link->element >= 0 ? RegisterClass::Numeric : output.cls;
        if (!spec.accepts.has(cls)) {
          return fail(ErrorCode::InvalidSetup, "{}:{}: input '{}' of '{}' takes {}, but '{}' is {}",
                      source_.file, entry.line, entry.key, draft.label, accepted(spec.accepts),
                      label, name(cls));
        }
        draft.links[*input] = *link;
      }
      for (std::size_t i = 0; i < type.inputs.size(); ++i) {
        if (type.inputs[i].need == Need::Required && draft.links[i].module == kNoIndex) {
          draft.offline = true;
        }
      }
    }
    return {};
  }

  // Kahn's algorithm; among those that are ready, the first in the text comes first.
  Result<void> order_modules() {
    const auto count = static_cast<std::uint32_t>(drafts_.size());
    std::vector<std::uint32_t> waiting(count, 0);
    std::vector<std::vector<std::uint32_t>> followers(count);
    for (std::uint32_t m = 0; m < count; ++m) {
      for (const LinkDraft& link : drafts_[m].links) {
        if (link.module != kNoIndex && !drafts_[m].type->breaks_loops) {
          followers[link.module].push_back(m);
          ++waiting[m];
        }
      }
    }
    std::priority_queue<std::uint32_t, std::vector<std::uint32_t>, std::greater<>> ready;
    for (std::uint32_t m = 0; m < count; ++m) {
      if (waiting[m] == 0) {
        ready.push(m);
      }
    }
    while (!ready.empty()) {
      const std::uint32_t m = ready.top();
      ready.pop();
      order_.push_back(m);
      for (const std::uint32_t follower : followers[m]) {
        if (--waiting[follower] == 0) {
          ready.push(follower);
        }
      }
    }
    if (order_.size() < count) {
      return fail_with_loop(waiting);
    }
    for (const std::uint32_t m : order_) {
      drafts_[m].tick = tick_of(drafts_[m]);
    }
    return {};
  }

  Result<void> fail_with_loop(const std::vector<std::uint32_t>& waiting) const {
    // Every module left over waits for another one left over: going upstream must come round.
    std::uint32_t at = 0;
    while (waiting[at] == 0) {
      ++at;
    }
    std::vector<std::uint32_t> chain;
    std::vector<bool> seen(drafts_.size(), false);
    while (!seen[at]) {
      seen[at] = true;
      chain.push_back(at);
      for (const LinkDraft& link : drafts_[at].links) {
        if (link.module != kNoIndex && waiting[link.module] != 0) {
          at = link.module;
          break;
        }
      }
    }
    chain.erase(chain.begin(), std::find(chain.begin(), chain.end(), at));
    std::reverse(chain.begin(), chain.end());
    // Begin with the one that comes first in the text.
    std::rotate(chain.begin(), std::min_element(chain.begin(), chain.end()), chain.end());
    std::string loop;
    for (const std::uint32_t m : chain) {
      loop += format("'{}' -> ", drafts_[m].label);
    }
    loop += format("'{}'", drafts_[chain.front()].label);
    return fail(ErrorCode::InvalidSetup,
                "{}:{}: the modules form a loop: {}; put a Feedback module into it", source_.file,
                drafts_[chain.front()].source->line, loop);
  }

  // The fastest of the linked values; Enable and Reset count only if there is nothing else.
  Tick tick_of(const Draft& draft) const {
    if (draft.type->tick) {
      return *draft.type->tick;
    }
    Tick of_values = Tick::Event;
    Tick of_all = Tick::Event;
    for (std::size_t i = 0; i < draft.links.size(); ++i) {
      if (draft.links[i].module == kNoIndex) {
        continue;
      }
      const Tick tick = drafts_[draft.links[i].module].tick;
      of_all = std::min(of_all, tick);
      if (draft.type->inputs[i].role == Role::Value) {
        of_values = std::min(of_values, tick);
      }
    }
    return of_values != Tick::Event ? of_values : of_all;
  }

  Result<void> resolve_units() {
    for (const std::uint32_t m : order_) {
      Draft& draft = drafts_[m];
      for (std::size_t k = 0; k < draft.registers.size(); ++k) {
        const OutputSpec& spec = draft.type->outputs[k];
        const bool follows =
            spec.unit_rule == UnitRule::OfInput || spec.unit_rule == UnitRule::IntegralOfInput;
        if (!follows || draft.registers[k].unit_line != 0) {
          continue;
        }
        const LinkDraft& link = draft.links[static_cast<std::size_t>(spec.unit_input)];
        if (link.module != kNoIndex) {
          const Unit unit = drafts_[link.module].registers[link.output].unit;
          draft.registers[k].unit = spec.unit_rule == UnitRule::OfInput ? unit : integral_of(unit);
        }
      }
      for (std::size_t i = 0; i < draft.links.size(); ++i) {
        const InputSpec& input = draft.type->inputs[i];
        const LinkDraft& link = draft.links[i];
        if (!input.unit || link.module == kNoIndex) {
          continue;
        }
        const RegisterDraft& reg = drafts_[link.module].registers[link.output];
        if (reg.unit != *input.unit) {
          return fail(ErrorCode::InvalidSetup,
                      "{}:{}: input '{}' of '{}' takes a value in {}, but '{}' is in {}",
                      source_.file, draft.source->line, input.name, draft.label,
                      info(*input.unit).symbol, reg.label, info(reg.unit).symbol);
        }
      }
    }
    return {};
  }

  Result<std::shared_ptr<const CompiledTemplate>> lay_out() {
    std::shared_ptr<CompiledTemplate> out(new CompiledTemplate());
    out->source_ = source_;
    const auto count = static_cast<std::uint32_t>(drafts_.size());
    std::vector<std::uint32_t> place(count);  // draft -> index in evaluation order
    for (std::uint32_t i = 0; i < count; ++i) {
      place[order_[i]] = i;
    }
    out->file_order_ = place;
    for (const std::uint32_t m : order_) {
      add_module(*out, m);
    }
    lay_out_registers(*out);
    for (const std::uint32_t m : order_) {
      for (const LinkDraft& link : drafts_[m].links) {
        RegisterRef ref{kNoIndex, -1};
        if (link.module != kNoIndex) {
          ref = {out->modules_[place[link.module]].first_register + link.output, link.element};
        }
        out->links_.push_back(ref);
      }
    }
    add_consumers(*out);
    return std::shared_ptr<const CompiledTemplate>(std::move(out));
  }

  void add_module(CompiledTemplate& out, std::uint32_t m) {
    const Draft& draft = drafts_[m];
    const ModuleType& type = *draft.type;
    ModuleInstance instance;
    instance.type = &type;
    instance.label = draft.label;
    instance.file_order = m;
    instance.tick = draft.tick;
    instance.offline = draft.offline;
    instance.first_input = next_input_;
    next_input_ += static_cast<std::uint32_t>(type.inputs.size());
    instance.first_setup = out.setup_count();
    instance.state_offset = out.state_bytes_;
    out.state_bytes_ += static_cast<std::uint32_t>((type.state_bytes + 7) / 8 * 8);
    for (std::size_t i = 0; i < type.inputs.size(); ++i) {
      if (type.inputs[i].role == Role::Enable) {
        instance.enable_input = static_cast<int>(i);
      } else if (type.inputs[i].role == Role::Reset) {
        instance.reset_input = static_cast<int>(i);
      }
    }
    const auto module = static_cast<std::uint32_t>(out.modules_.size());
    for (std::size_t k = 0; k < type.setup.size(); ++k) {
      out.setup_numbers_.push_back(draft.setup[k].number);
      out.setup_modules_.push_back(module);
      if (draft.setup[k].text) {
        out.text_slots_.push_back(static_cast<std::uint32_t>(out.setup_texts_.size()));
        out.setup_texts_.push_back(draft.setup[k].text);
      } else {
        out.text_slots_.push_back(kNoIndex);
      }
      if (type.setup[k].name == kEventPrioritySetup.name) {
        instance.priority_setup = static_cast<int>(k);
      }
    }
    out.modules_by_label_.emplace(instance.label, module);
    out.modules_.push_back(std::move(instance));
  }

  void lay_out_registers(CompiledTemplate& out) {
    for (std::size_t t = 0; t < kTickCount; ++t) {
      TickGroup& group = out.groups_[t];
      group.first_register = static_cast<std::uint32_t>(out.registers_.size());
      group.first_word = out.word_count_;
      for (std::uint32_t i = 0; i < out.modules_.size(); ++i) {
        ModuleInstance& instance = out.modules_[i];
        if (index(instance.tick) == t) {
          instance.first_register = static_cast<std::uint32_t>(out.registers_.size());
          for (std::uint32_t k = 0; k < instance.type->outputs.size(); ++k) {
            add_register(out, i, k);
          }
        }
      }
      group.register_count =
          static_cast<std::uint32_t>(out.registers_.size()) - group.first_register;
      group.word_count = out.word_count_ - group.first_word;
    }
  }

  void add_register(CompiledTemplate& out, std::uint32_t module, std::uint32_t output) {
    const ModuleInstance& instance = out.modules_[module];
    const OutputSpec& spec = instance.type->outputs[output];
    const RegisterDraft& draft = drafts_[instance.file_order].registers[output];
    RegisterInfo info;
    info.label = draft.label;
    info.cls = spec.cls;
    info.unit = draft.unit;
    info.tick = instance.tick;
    info.retain = spec.retain;
    info.writable = spec.writable;
    info.module = module;
    info.output = output;
    info.first_element = spec.first_element;
    info.element_count = spec.element_count;
    info.element_suffix = element_suffix(spec, info.label);
    info.help = spec.help;
    if (spec.cls == RegisterClass::NumericArray) {
      info.words = static_cast<std::uint32_t>((spec.element_count + 1) / 2);
    } else if (spec.cls == RegisterClass::String || spec.cls == RegisterClass::Calendar) {
      info.words = kTextBytes / 8;
    }
    info.first_word = out.word_count_;
    out.word_count_ += info.words;
    out.by_label_.emplace(info.label, static_cast<std::uint32_t>(out.registers_.size()));
    out.registers_.push_back(std::move(info));
  }

  static void add_consumers(CompiledTemplate& out) {
    std::vector<std::vector<std::uint32_t>> lists(out.registers_.size());
    for (std::uint32_t m = 0; m < out.modules_.size(); ++m) {
      const ModuleInstance& module = out.modules_[m];
      if (module.offline || module.type->evaluate == nullptr) {
        continue;
      }
      for (std::size_t i = 0; i < module.type->inputs.size(); ++i) {
        const RegisterRef link = out.links_[module.first_input + i];
        if (link.index == kNoIndex) {
          continue;
        }
        auto& list = lists[link.index];
        if (list.empty() || list.back() != m) {
          list.push_back(m);
        }
      }
    }
    out.consumer_begin_.push_back(0);
    for (const auto& list : lists) {
      out.consumers_.insert(out.consumers_.end(), list.begin(), list.end());
      out.consumer_begin_.push_back(static_cast<std::uint32_t>(out.consumers_.size()));
    }
  }

  template <class Spec>
  Result<std::size_t> find_named(std::span<const Spec> specs, const TemplateEntry& entry,
                                 const Draft& draft, std::string_view what) const {
    if (const auto found = index_of(specs, entry.key)) {
      return *found;
    }
    return fail(ErrorCode::InvalidSetup, "{}:{}: '{}' ({}) has no {} '{}'.{}", source_.file,
                entry.line, draft.label, draft.type->name, what, entry.key,
                did_you_mean(entry.key, names_of(specs)));
  }

  static std::string accepted(ClassMask mask) {
    std::string text;
    for (std::size_t c = 0; c < kRegisterClassCount; ++c) {
      if (mask.has(static_cast<RegisterClass>(c))) {
        text += format("{}{}", text.empty() ? "" : " or ", name(static_cast<RegisterClass>(c)));
      }
    }
    return text;
  }

  const TemplateSource& source_;
  const ModuleCatalogue& catalogue_;
  std::vector<Draft> drafts_;
  std::map<std::string, LinkDraft, std::less<>> labels_;
  std::vector<std::uint32_t> order_;
  std::uint32_t next_input_ = 0;
};

Result<std::shared_ptr<const CompiledTemplate>> compile_template(const TemplateSource& source,
                                                                 const ModuleCatalogue& catalogue) {
  return TemplateCompiler(source, catalogue).compile();
}

Result<std::shared_ptr<const CompiledTemplate>> compile_template(std::string_view text,
                                                                 std::string_view file,
                                                                 const ModuleCatalogue& catalogue) {
  auto source = parse_template(text, file);
  if (!source) {
    return fail(source.error());
  }
  return compile_template(*source, catalogue);
}

}  // namespace halfcycle::graph

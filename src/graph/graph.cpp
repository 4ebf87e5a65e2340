// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "graph/context.hpp"
#include "graph/snapshot_block.hpp"

namespace halfcycle::graph {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kAtOnce = std::numeric_limits<std::int64_t>::min();

bool is_state(RegisterClass cls) {
  return cls == RegisterClass::Boolean || cls == RegisterClass::Enumerated ||
         cls == RegisterClass::Time;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

double initial_slot(const OutputSpec& spec) {
  if (spec.cls == RegisterClass::Time) {
    return instant_to_slot(kNoInstant);
  }
  return spec.cls == RegisterClass::Pulse ? 0.0 : spec.initial;
}

std::uint64_t pack(Marks marks) {
  return (marks.flagged ? 1U : 0U) | (marks.complete ? 2U : 0U) | (marks.clock_ok ? 4U : 0U) |
         (marks.sync_ok ? 8U : 0U);
}
Marks unpack(std::uint64_t word) {
  return {(word & 1U) != 0, (word & 2U) != 0, (word & 4U) != 0, (word & 8U) != 0};
}

// Layout of a published group: slots, times, marks of its n registers, then texts and arrays.
struct Layout {
  explicit Layout(const TickGroup& g) : n(g.register_count), words(g.word_count) {}
  std::size_t n;
  std::size_t words;
  [[nodiscard]] std::size_t time(std::size_t i) const { return n + i; }
  [[nodiscard]] std::size_t marks(std::size_t i) const { return 2 * n + i; }
  [[nodiscard]] std::size_t word(std::size_t w) const { return 3 * n + w; }
  [[nodiscard]] std::size_t size() const { return 3 * n + words; }
};

// Arrays lie two floats to a word, the first in the word's first bytes.
void store_element(std::vector<std::uint64_t>& words, const RegisterInfo& info, std::size_t e,
                   float value) {
  std::memcpy(reinterpret_cast<unsigned char*>(words.data() + info.first_word) + e * sizeof(float),
              &value, sizeof(float));
}
template <class Load>
float load_element(const Load& load, std::size_t first_word, std::size_t e) {
  const std::uint64_t word = load(first_word + e / 2);
  float value = 0.0F;
  std::memcpy(&value, reinterpret_cast<const unsigned char*>(&word) + e % 2 * sizeof(float),
              sizeof(float));
  return value;
}

// A text register: the length in the first byte, then the bytes.
std::string text_of(const unsigned char* bytes) {
  return {reinterpret_cast<const char*>(bytes) + 1, bytes[0]};
}

}  // namespace

std::unique_ptr<Graph> Graph::create(std::shared_ptr<const CompiledTemplate> compiled) {
  return std::unique_ptr<Graph>(new Graph(std::move(compiled)));
}

Graph::Graph(std::shared_ptr<const CompiledTemplate> compiled)
    : compiled_(std::move(compiled)), queue_(std::make_unique<CommandQueue>()) {
  const CompiledTemplate& t = *compiled_;
  const std::size_t registers = t.registers().size();
  const std::size_t modules = t.modules().size();
  slots_.resize(registers);
  times_.assign(registers, kNoInstant.unix_ns());
  epochs_.assign(registers, 0);
  marks_.assign(registers, Marks{});
  words_.assign(t.word_count(), 0);
  for (std::size_t r = 0; r < registers; ++r) {
    const RegisterInfo& info = t.registers()[r];
    slots_[r] = initial_slot(info.spec(*t.modules()[info.module].type));
    if (info.cls == RegisterClass::NumericArray) {
      for (std::size_t e = 0; e < static_cast<std::size_t>(info.element_count); ++e) {
        store_element(words_, info, e, std::numeric_limits<float>::quiet_NaN());
      }
    }
  }
  setup_numbers_.assign(t.setup_numbers().begin(), t.setup_numbers().end());
  setup_texts_.assign(t.setup_texts().begin(), t.setup_texts().end());
  accepted_numbers_ = setup_numbers_;
  accepted_texts_ = setup_texts_;
  state_.assign(t.state_bytes() / 8, 0);
  evaluated_.assign(modules, 0);
  const std::size_t bit_words = (modules + 63) / 64;
  dirty_.assign(bit_words, 0);
  deferred_.assign(bit_words, 0);
  reset_asked_.assign(bit_words, 0);
  wake_.assign(modules, kNever);
  next_wake_.fill(kNever);
  for (std::uint32_t m = 0; m < modules; ++m) {
    const ModuleInstance& module = t.modules()[m];
    if (module.type->timed && !module.offline) {
      const std::size_t tick = index(clock_tick(module.tick));
      timed_[tick].push_back(m);
      wake_[m] = kAtOnce;
      next_wake_[tick] = kAtOnce;
    }
  }
  for (std::size_t g = 0; g < kTickCount; ++g) {
    const Layout layout(t.group(static_cast<Tick>(g)));
    published_[g] = std::make_unique<SnapshotBlock>(layout.size());
    touched_[g] = true;
  }
  publish();
}

Graph::~Graph() = default;

// ── The measuring thread ──────────────────────────────────────────────────────────────────────

void Graph::begin(Tick tick, Instant start, Instant end) {
  tick_ = tick;
  start_ = start;
  end_ = end;
  ++frame_;
  for (std::size_t w = 0; w < deferred_.size(); ++w) {
    dirty_[w] |= deferred_[w];
    deferred_[w] = 0;
  }
  apply_commands();
}

void Graph::mark_module(std::uint32_t module) {
  const std::uint64_t bit = std::uint64_t{1} << (module % 64);
  auto& bits = compiled_->modules()[module].type->breaks_loops ? deferred_ : dirty_;
  bits[module / 64] |= bit;
}

void Graph::mark(std::uint32_t reg) {
  epochs_[reg] = frame_;
  for (const std::uint32_t module : compiled_->consumers(reg)) {
    mark_module(module);
  }
}

void Graph::renew(std::uint32_t reg, double value, Marks marks) {
  const RegisterInfo& info = compiled_->registers()[reg];
  touched_[index(info.tick)] = true;
  times_[reg] = end_.unix_ns();
  marks_[reg] = marks;
  // A number is a new sample even if it is the same number; a state is news only if it changed,
  // and so is what remains not available.
  const bool both_missing = !is_available(value) && !is_available(slots_[reg]);
  const bool same_state = is_state(info.cls) && same_bits(value, slots_[reg]);
  slots_[reg] = value;
  if (!both_missing && !same_state) {
    mark(reg);
  }
}

void Graph::renew_text(std::uint32_t reg, std::string_view text, Marks marks) {
  const RegisterInfo& info = compiled_->registers()[reg];
  text = text.substr(0, kTextBytes - 1);
  auto* bytes = reinterpret_cast<unsigned char*>(words_.data() + info.first_word);
  const bool same =
      bytes[0] == text.size() && std::memcmp(bytes + 1, text.data(), text.size()) == 0;
  bytes[0] = static_cast<unsigned char>(text.size());
  std::memcpy(bytes + 1, text.data(), text.size());
  const bool was_missing = !is_available(slots_[reg]);
  slots_[reg] = 1.0;
  times_[reg] = end_.unix_ns();
  marks_[reg] = marks;
  touched_[index(info.tick)] = true;
  if (!same || was_missing) {
    mark(reg);
  }
}

void Graph::renew_array(std::uint32_t reg, std::span<const float> elements, Marks marks) {
  const RegisterInfo& info = compiled_->registers()[reg];
  const auto count = static_cast<std::size_t>(info.element_count);
  const std::size_t given = std::min(elements.size(), count);
  const bool missing =
      std::all_of(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(given),
                  [](float v) { return v != v; });
  const bool was_missing = !is_available(slots_[reg]);
  if (missing && was_missing) {
    return;
  }
  std::memcpy(words_.data() + info.first_word, elements.data(), given * sizeof(float));
  for (std::size_t e = given; e < count; ++e) {
    store_element(words_, info, e, std::numeric_limits<float>::quiet_NaN());
  }
  slots_[reg] = missing ? kNotAvailable : static_cast<double>(count);
  times_[reg] = end_.unix_ns();
  marks_[reg] = marks;
  touched_[index(info.tick)] = true;
  mark(reg);
}

void Graph::renew_pulse(std::uint32_t reg) {
  if (epochs_[reg] == frame_) {
    return;
  }
  slots_[reg] += 1.0;
  times_[reg] = end_.unix_ns();
  touched_[index(compiled_->registers()[reg].tick)] = true;
  mark(reg);
}

void Graph::write(std::uint32_t reg, double value, Marks marks) { renew(reg, value, marks); }
void Graph::write_array(std::uint32_t reg, std::span<const float> elements, Marks marks) {
  renew_array(reg, elements, marks);
}
void Graph::write_pulse(std::uint32_t reg) { renew_pulse(reg); }

void Graph::post(const Event& event) {
  if (events_ != nullptr && event.priority != 0) {
    events_->on_event(event);
  }
}

void Graph::restore(std::uint32_t reg, double value, Instant time, Marks marks) {
  slots_[reg] = value;
  times_[reg] = time.unix_ns();
  marks_[reg] = marks;
  touched_[index(compiled_->registers()[reg].tick)] = true;
}

void Graph::wake_timers() {
  auto& next = next_wake_[index(tick_)];
  if (end_.unix_ns() < next) {
    return;
  }
  next = kNever;
  for (const std::uint32_t module : timed_[index(tick_)]) {
    if (wake_[module] <= end_.unix_ns()) {
      wake_[module] = kNever;
      mark_module(module);
    } else {
      next = std::min(next, wake_[module]);
    }
  }
}

void Graph::run(std::uint32_t module) {
  const ModuleInstance& instance = compiled_->modules()[module];
  if (instance.offline || instance.type->evaluate == nullptr) {
    return;
  }
  const std::uint64_t bit = std::uint64_t{1} << (module % 64);
  bool reset = (reset_asked_[module / 64] & bit) != 0;
  reset_asked_[module / 64] &= ~bit;
  Context context(*this, module, false);
  if (instance.reset_input >= 0 && context.pulsed(static_cast<std::size_t>(instance.reset_input))) {
    reset = true;
    context.post(kResetPriority, context.input_end(static_cast<std::size_t>(instance.reset_input)),
                 {});
  }
  context.reset_ = reset;
  instance.type->evaluate(context);
  evaluated_[module] = frame_;
  ++evaluations_;
}

void Graph::commit() {
  wake_timers();
  for (std::size_t w = 0; w < dirty_.size(); ++w) {
    // Links lead forward only, so that one pass is enough; a module may mark later ones in its
    // own word while the word is being worked off.
    while (dirty_[w] != 0) {
      const auto bit = static_cast<std::uint32_t>(std::countr_zero(dirty_[w]));
      dirty_[w] &= dirty_[w] - 1;
      run(static_cast<std::uint32_t>(w * 64) + bit);
    }
  }
  publish();
}

void Graph::publish() {
  for (std::size_t g = 0; g < kTickCount; ++g) {
    if (!touched_[g]) {
      continue;
    }
    touched_[g] = false;
    const TickGroup& group = compiled_->group(static_cast<Tick>(g));
    const Layout layout(group);
    SnapshotBlock& block = *published_[g];
    block.begin();
    // Row by row from plain pointers: what lies where is not looked up again for each word.
    const double* const slots = slots_.data() + group.first_register;
    const std::int64_t* const times = times_.data() + group.first_register;
    const Marks* const marks = marks_.data() + group.first_register;
    const std::uint64_t* const words = words_.data() + group.first_word;
    block.store_row(0, layout.n,
                    [=](std::size_t i) { return std::bit_cast<std::uint64_t>(slots[i]); });
    block.store_row(layout.time(0), layout.n,
                    [=](std::size_t i) { return std::bit_cast<std::uint64_t>(times[i]); });
    block.store_row(layout.marks(0), layout.n, [=](std::size_t i) { return pack(marks[i]); });
    block.store_row(layout.word(0), layout.words, [=](std::size_t w) { return words[w]; });
    block.end();
  }
}

// ── Any thread ────────────────────────────────────────────────────────────────────────────────

RegisterView Graph::read(RegisterRef ref) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  const TickGroup& group = compiled_->group(info.tick);
  const Layout layout(group);
  const std::size_t i = ref.index - group.first_register;
  RegisterView view;
  view.cls = info.cls;
  published_[index(info.tick)]->read([&](const auto& load) {
    view.slot = std::bit_cast<double>(load(i));
    view.time = Instant::from_unix_ns(std::bit_cast<std::int64_t>(load(layout.time(i))));
    view.marks = unpack(load(layout.marks(i)));
    if (ref.element >= 0) {
      const std::size_t first = layout.word(info.first_word - group.first_word);
      view.slot =
          static_cast<double>(load_element(load, first, static_cast<std::size_t>(ref.element)));
    }
  });
  if (ref.element >= 0) {
    view.cls = RegisterClass::Numeric;
  }
  return view;
}

Result<RegisterView> Graph::read(std::string_view label) const {
  const auto ref = compiled_->find(label);
  if (!ref) {
    return fail(ref.error());
  }
  return read(*ref);
}

std::string Graph::read_text(RegisterRef ref) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  if (info.words != kTextBytes / 8 || info.cls == RegisterClass::NumericArray) {
    return {};
  }
  const TickGroup& group = compiled_->group(info.tick);
  const Layout layout(group);
  std::array<std::uint64_t, kTextBytes / 8> words{};
  published_[index(info.tick)]->read([&](const auto& load) {
    for (std::size_t w = 0; w < words.size(); ++w) {
      words[w] = load(layout.word(info.first_word - group.first_word + w));
    }
  });
  return text_of(reinterpret_cast<const unsigned char*>(words.data()));
}

std::size_t Graph::read_array(RegisterRef ref, std::span<float> out) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  const TickGroup& group = compiled_->group(info.tick);
  const Layout layout(group);
  const auto count = static_cast<std::size_t>(info.element_count);
  const std::size_t wanted = std::min(count, out.size());
  published_[index(info.tick)]->read([&](const auto& load) {
    for (std::size_t e = 0; e < wanted; ++e) {
      out[e] = load_element(load, layout.word(info.first_word - group.first_word), e);
    }
  });
  return count;
}

void Graph::read_group(Tick tick, GroupSnapshot& out) const {
  const SnapshotBlock& block = *published_[index(tick)];
  out.compiled_ = compiled_.get();
  out.tick_ = tick;
  out.words_.resize(block.size());
  out.version_ = block.read([&](const auto& load) {
    for (std::size_t w = 0; w < out.words_.size(); ++w) {
      out.words_[w] = load(w);
    }
  });
}

std::uint64_t Graph::version(Tick tick) const { return published_[index(tick)]->version(); }

RegisterView GroupSnapshot::view(RegisterRef ref) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  const TickGroup& group = compiled_->group(tick_);
  const Layout layout(group);
  const std::size_t i = ref.index - group.first_register;
  RegisterView view;
  view.cls = info.cls;
  view.slot = std::bit_cast<double>(words_[i]);
  view.time = Instant::from_unix_ns(std::bit_cast<std::int64_t>(words_[layout.time(i)]));
  view.marks = unpack(words_[layout.marks(i)]);
  if (ref.element >= 0) {
    view.cls = RegisterClass::Numeric;
    view.slot = static_cast<double>(load_element([this](std::size_t w) { return words_[w]; },
                                                 layout.word(info.first_word - group.first_word),
                                                 static_cast<std::size_t>(ref.element)));
  }
  return view;
}

std::string GroupSnapshot::text(RegisterRef ref) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  if (info.words != kTextBytes / 8 || info.cls == RegisterClass::NumericArray) {
    return {};
  }
  const TickGroup& group = compiled_->group(tick_);
  return text_of(reinterpret_cast<const unsigned char*>(
      words_.data() + Layout(group).word(info.first_word - group.first_word)));
}

std::size_t GroupSnapshot::array(RegisterRef ref, std::span<float> out) const {
  const RegisterInfo& info = compiled_->registers()[ref.index];
  const TickGroup& group = compiled_->group(tick_);
  const auto count = static_cast<std::size_t>(info.element_count);
  std::memcpy(out.data(), words_.data() + Layout(group).word(info.first_word - group.first_word),
              std::min(count, out.size()) * sizeof(float));
  return count;
}

std::size_t Graph::memory_bytes() const {
  std::size_t bytes = sizeof(*this) + sizeof(CommandQueue);
  bytes += slots_.capacity() * sizeof(double) + times_.capacity() * sizeof(std::int64_t) +
           epochs_.capacity() * sizeof(std::uint64_t) + marks_.capacity() * sizeof(Marks) +
           words_.capacity() * sizeof(std::uint64_t);
  bytes += (setup_numbers_.capacity() + accepted_numbers_.capacity()) * sizeof(double) +
           (setup_texts_.capacity() + accepted_texts_.capacity()) *
               sizeof(std::shared_ptr<const PreparedText>);
  bytes += (state_.capacity() + evaluated_.capacity() + dirty_.capacity() + deferred_.capacity() +
            reset_asked_.capacity() + wake_.capacity()) *
           sizeof(std::uint64_t);
  for (std::size_t g = 0; g < kTickCount; ++g) {
    bytes += timed_[g].capacity() * sizeof(std::uint32_t);
    bytes += sizeof(SnapshotBlock) + published_[g]->size() * sizeof(std::uint64_t);
  }
  return bytes;
}

}  // namespace halfcycle::graph

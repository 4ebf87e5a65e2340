// SPDX-License-Identifier: Apache-2.0
#include "source/mapping.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/text.hpp"

namespace halfcycle::source {
namespace {

using formats::AnalogChannel;
using Kind = ChannelSet::Kind;

constexpr std::array<Input, 3> kVoltages{Input::V1, Input::V2, Input::V3};
constexpr std::array<Input, 3> kCurrents{Input::I1, Input::I2, Input::I3};

/// A set in the making: its phases are letters until all of them are known (B is the second of
/// A B C and the third of R Y B).
struct Draft {
  Kind kind = Kind::PhaseVoltages;
  std::string key;
  std::string stem;
  std::string component;
  std::string unit;
  Side side = Side::Unknown;
  bool digits = false;
  struct Member {
    std::size_t channel = 0;
    char phase = 0;
    char second = 0;
  };
  std::vector<Member> members;

  [[nodiscard]] bool has(char phase, char second) const {
    return std::any_of(members.begin(), members.end(), [&](const Member& m) {
      return (m.phase == phase && m.second == second) || (m.phase == second && m.second == phase);
    });
  }
  [[nodiscard]] bool shares_kind_with(const Draft& other) const {
    return kind == other.kind && key == other.key && unit == other.unit && side == other.side &&
           digits == other.digits;
  }
};

std::string_view alphabet_of(const Draft& draft) {
  for (const auto& m : draft.members) {
    for (const char c : {m.phase, m.second}) {
      if (c == 'Y') {
        return "RYB";
      }
      if (c == 'S' || c == 'T') {
        return "RST";
      }
      if (c == 'A' || c == 'C') {
        return "ABC";
      }
    }
  }
  return draft.digits ? "123" : draft.members.front().phase == 'R' ? "RST" : "ABC";
}

std::vector<Draft> draft_sets(const std::vector<AnalogChannel>& channels,
                              const std::vector<ChannelReading>& readings) {
  std::vector<Draft> drafts;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const ChannelReading& r = readings[i];
    if (!r.wave || (r.role != Role::Phase && r.role != Role::LineToLine)) {
      continue;
    }
    Draft draft{.kind = r.quantity == Quantity::Current ? Kind::Currents
                        : r.role == Role::LineToLine    ? Kind::LineVoltages
                                                        : Kind::PhaseVoltages,
                .key = r.key,
                .stem = r.stem,
                .component = std::string(trim(channels[i].component)),
                .unit = to_lower(trim(channels[i].unit)),
                .side = channels[i].side,
                .digits = r.phase >= '1' && r.phase <= '3',
                .members = {}};
    auto home = std::find_if(drafts.begin(), drafts.end(), [&](const Draft& d) {
      return d.shares_kind_with(draft) && d.component == draft.component &&
             !d.has(r.phase, r.second);
    });
    if (home == drafts.end()) {
      drafts.push_back(std::move(draft));
      home = drafts.end() - 1;
    }
    home->members.push_back({i, r.phase, r.second});
  }
  // A circuit field that names the phase ("Line 1 A") must not tear a set apart.
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    for (std::size_t k = i + 1; k < drafts.size() && drafts[i].members.size() < 3;) {
      const bool joins =
          drafts[i].shares_kind_with(drafts[k]) && drafts[k].members.size() < 3 &&
          std::none_of(drafts[k].members.begin(), drafts[k].members.end(),
                       [&](const auto& m) { return drafts[i].has(m.phase, m.second); });
      if (!joins) {
        ++k;
        continue;
      }
      auto& members = drafts[i].members;
      members.insert(members.end(), drafts[k].members.begin(), drafts[k].members.end());
      drafts.erase(drafts.begin() + static_cast<std::ptrdiff_t>(k));
    }
  }
  return drafts;
}

/// Places the members of a draft on phases 1, 2, 3 or line-to-line voltages 12, 23, 31.
void place(const Draft& draft, ChannelSet& set) {
  const std::string_view alphabet = alphabet_of(draft);
  bool all_reversed = draft.digits;
  std::size_t placed = 0;
  for (const auto& m : draft.members) {
    const auto p = alphabet.find(m.phase);
    if (p == std::string_view::npos) {
      continue;
    }
    std::size_t slot = p;
    double sign = 1.0;
    if (set.kind == Kind::LineVoltages) {
      const auto q = alphabet.find(m.second);
      if (q == std::string_view::npos) {
        continue;
      }
      const bool forward = q == (p + 1) % 3;
      slot = forward ? p : q;
      sign = forward ? 1.0 : -1.0;
      all_reversed = all_reversed && !forward;
    }
    if (!set.channels[slot]) {
      set.channels[slot] = m.channel;
      set.sign[slot] = sign;
      ++placed;
    }
  }
  if (set.kind == Kind::LineVoltages) {
    if (all_reversed) {
      // U21, U32, U13 throughout is the notation of French relays: U21 = V1 − V2, the arrow from 2
      // to 1 (Sepam series 80, measurement functions: Vd = (U21 − a²·U32)/3).
      set.sign = {1.0, 1.0, 1.0};
    }
    // 12 and 23 make a delta with two transformers; 12 and 31 alone have no common lane layout.
    set.complete = set.channels[0] && set.channels[1];
  } else {
    set.complete = placed == 3;
  }
}

bool is_neutral(const ChannelReading& r, Kind kind) {
  if (!r.wave) {
    return false;
  }
  if (kind == Kind::Currents) {
    return r.quantity == Quantity::Current &&
           (r.role == Role::Neutral || r.role == Role::Residual || r.role == Role::Fourth);
  }
  return r.quantity == Quantity::Voltage && r.from_name &&
         (r.role == Role::Neutral || r.role == Role::Fourth);
}

/// The neutral channel of a set: with the same stem, or following the set in the file before
/// another one begins. One with the set's own ratio comes first ("Ia Ib Ic Id Ie In1").
std::optional<std::size_t> find_fourth(const ChannelSet& set,
                                       const std::vector<AnalogChannel>& channels,
                                       const std::vector<ChannelReading>& readings) {
  std::size_t last = 0;
  std::size_t first = channels.size();
  for (const auto& c : set.channels) {
    if (c) {
      last = std::max(last, *c);
      first = std::min(first, *c);
    }
  }
  const AnalogChannel& head = channels[first];
  std::size_t reach = last + 1;  // the end of the channels that follow the set
  for (; reach < channels.size(); ++reach) {
    const ChannelReading& r = readings[reach];
    if (r.quantity != readings[first].quantity || r.role == Role::LineToLine ||
        (r.role == Role::Phase && r.from_name && r.key != set.key)) {
      break;
    }
  }
  struct Rank {
    bool other_ratio = true;
    bool other_stem = true;
    int role = 0;
    auto operator<=>(const Rank&) const = default;
  };
  std::optional<std::size_t> best;
  Rank best_rank;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const ChannelReading& r = readings[i];
    if (!is_neutral(r, set.kind) || channels[i].side != head.side) {
      continue;
    }
    const bool same_stem = r.key == set.key && trim(channels[i].component) == set.component;
    const bool follows = i > last && i < reach && r.role != Role::Fourth;
    const Rank rank{
        .other_ratio = channels[i].primary * head.secondary != channels[i].secondary * head.primary,
        .other_stem = !same_stem,
        .role = r.role == Role::Fourth    ? 0
                : r.role == Role::Neutral ? 1
                                          : 2};
    if ((same_stem || follows) && (!best || rank < best_rank)) {
      best = i;
      best_rank = rank;
    }
  }
  return best;
}

std::string set_name(const Draft& draft, const std::vector<AnalogChannel>& channels) {
  // A bare number says nothing to anyone.
  for (const std::string& name : {draft.stem, draft.component}) {
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      return name;
    }
  }
  std::string name;
  for (const auto& m : draft.members) {
    name += name.empty() ? "" : " ";
    name += trim(channels[m.channel].name);
  }
  return name;
}

bool same_bay(const ChannelSet& a, const ChannelSet& b) {
  if (a.key == b.key) {
    return true;
  }
  if (a.key.empty() || b.key.empty()) {
    return false;
  }
  const auto& [shorter, longer] =
      a.key.size() < b.key.size() ? std::tie(a.key, b.key) : std::tie(b.key, a.key);
  if (longer.compare(0, shorter.size(), shorter) == 0 && longer[shorter.size()] == ' ') {
    return true;
  }
  return !a.component.empty() && a.component == b.component;
}

std::size_t first_channel(const ChannelSet& set) {
  std::size_t first = std::string::npos;
  for (const auto& c : set.channels) {
    first = std::min(first, c.value_or(first));
  }
  return first;
}

std::string list_channels(const std::vector<AnalogChannel>& channels) {
  std::string text;
  constexpr std::size_t kShown = 12;
  for (std::size_t i = 0; i < std::min(channels.size(), kShown); ++i) {
    const auto unit = trim(channels[i].unit);
    text += format("{}#{} {}{}{}{}", i == 0 ? "" : ", ", i + 1, trim(channels[i].name),
                   unit.empty() ? "" : " [", unit, unit.empty() ? "" : "]");
  }
  if (channels.size() > kShown) {
    text += format(" and {} more (--list-channels shows all)", channels.size() - kShown);
  }
  return text;
}

Result<std::size_t> find_channel(const std::vector<AnalogChannel>& channels,
                                 std::string_view wanted) {
  const std::string_view name = trim(wanted);
  if (!name.empty() && name.front() == '#') {
    std::size_t number = 0;
    const auto digits = name.substr(1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (ec == std::errc{} && end == digits.data() + digits.size() && number >= 1 &&
        number <= channels.size()) {
      return number - 1;
    }
    return fail(ErrorCode::InvalidSetup,
                "there is no channel {}: the recording has {} analogue channel{}, numbered from "
                "#1; they are {}",
                name, channels.size(), channels.size() == 1 ? "" : "s", list_channels(channels));
  }
  std::vector<std::size_t> found;
  for (const bool exact : {true, false}) {
    for (std::size_t i = 0; i < channels.size() && (exact || found.empty()); ++i) {
      const std::string_view candidate = trim(channels[i].name);
      if (exact ? candidate == name : equals_ignoring_case(candidate, name)) {
        found.push_back(i);
      }
    }
    if (!found.empty()) {
      break;
    }
  }
  if (found.size() == 1) {
    return found.front();
  }
  if (found.size() > 1) {
    return fail(ErrorCode::InvalidSetup,
                "{} channels are named '{}' (#{}, #{}{}): say which by its number, as in V1=#{}",
                found.size(), name, found[0] + 1, found[1] + 1, found.size() > 2 ? ", …" : "",
                found[0] + 1);
  }
  std::vector<std::string_view> names;
  for (const auto& channel : channels) {
    names.push_back(trim(channel.name));
  }
  return fail(ErrorCode::InvalidSetup, "there is no channel '{}'.{} Channels: {}", name,
              did_you_mean(name, names), list_channels(channels));
}

class Mapper {
 public:
  Mapper(const std::vector<AnalogChannel>& channels, const MappingOptions& options)
      : channels_(channels), options_(options), readings_(read_channels(channels)) {
    mapping_.sets = find_sets(channels_, readings_);
  }

  Result<Mapping> run() {
    if (auto done = take_map(); !done) {
      return fail(done.error());
    }
    if (auto done = choose_sets(); !done) {
      return fail(done.error());
    }
    if (!voltages_by_hand_) {
      add_voltages();
    }
    if (!currents_by_hand_) {
      add_currents();
    }
    orient_line_voltages();
    if (inputs_.empty()) {
      return nothing_mapped();
    }
    for (const auto& [input, assignment] : inputs_) {
      mapping_.inputs.push_back(assignment);
    }
    infer_wiring();
    return std::move(mapping_);
  }

 private:
  Result<void> take_map() {
    std::set<Input> seen;
    for (const MapEntry& entry : options_.map) {
      if (!seen.insert(entry.input).second) {
        return fail(ErrorCode::InvalidSetup, "{} is mapped twice", name(entry.input));
      }
      voltages_by_hand_ = voltages_by_hand_ || entry.input <= Input::V3;
      currents_by_hand_ =
          currents_by_hand_ || (entry.input >= Input::I1 && entry.input <= Input::I3);
      if (equals_ignoring_case(trim(entry.channel), "none")) {
        left_out_.insert(entry.input);
        continue;
      }
      const auto channel = find_channel(channels_, entry.channel);
      if (!channel) {
        return fail(channel.error());
      }
      for (const auto& [other, assignment] : inputs_) {
        if (assignment.channel == *channel) {
          return fail(ErrorCode::InvalidSetup, "channel '{}' is mapped to both {} and {}",
                      trim(channels_[*channel].name), name(other), name(entry.input));
        }
      }
      const Quantity quantity = readings_[*channel].quantity;
      const Quantity fits = is_voltage(entry.input) ? Quantity::Voltage : Quantity::Current;
      if (quantity != fits && quantity != Quantity::Unknown) {
        mapping_.warnings.push_back(
            format("{} is mapped to channel '{}', whose unit is '{}'; its values are taken as {}",
                   name(entry.input), trim(channels_[*channel].name),
                   trim(channels_[*channel].unit), is_voltage(entry.input) ? "volts" : "amperes"));
      }
      const double scale = quantity == fits ? readings_[*channel].unit_scale : 1.0;
      inputs_[entry.input] = {entry.input, *channel, scale};
    }
    return {};
  }

  [[nodiscard]] bool set_answers_to(const ChannelSet& set, std::string_view wanted) const {
    if (equals_ignoring_case(set.name, wanted) || equals_ignoring_case(set.component, wanted)) {
      return true;
    }
    return std::any_of(set.channels.begin(), set.channels.end(), [&](const auto& c) {
      return c && equals_ignoring_case(trim(channels_[*c].name), wanted);
    });
  }

  Result<void> choose_sets() {
    auto& voltage = mapping_.voltage_set;
    auto& current = mapping_.current_set;
    const auto& sets = mapping_.sets;
    for (const std::string& text : options_.sets) {
      const std::string_view wanted = trim(text);
      bool found = false;
      for (const bool complete : {true, false}) {
        for (std::size_t i = 0; i < sets.size(); ++i) {
          auto& slot = sets[i].is_voltage() ? voltage : current;
          auto& given = sets[i].is_voltage() ? voltage_given_ : current_given_;
          if (sets[i].complete == complete && !given && set_answers_to(sets[i], wanted)) {
            slot = i;
            given = true;
            found = true;
          }
        }
      }
      if (!found) {
        return unknown_set(wanted);
      }
    }
    if (!voltage) {
      voltage = first_set(true, current ? &sets[*current] : nullptr);
    }
    if (!current) {
      current = first_set(false, voltage ? &sets[*voltage] : nullptr);
    }
    return {};
  }

  /// `beside`: of the same bay before others, if there is one to go by.
  [[nodiscard]] std::optional<std::size_t> first_set(bool voltages,
                                                     const ChannelSet* beside) const {
    const auto& sets = mapping_.sets;
    for (const bool complete : {true, false}) {
      for (const bool bay : {true, false}) {
        if (bay && beside == nullptr) {
          continue;
        }
        for (std::size_t i = 0; i < sets.size(); ++i) {
          if (sets[i].is_voltage() == voltages && sets[i].complete == complete &&
              (!bay || same_bay(sets[i], *beside))) {
            return prefer_phase_voltages(i);
          }
        }
      }
    }
    return std::nullopt;
  }

  /// Where a circuit has both, its phase voltages say more than its line-to-line voltages.
  [[nodiscard]] std::size_t prefer_phase_voltages(std::size_t chosen) const {
    const auto& sets = mapping_.sets;
    if (sets[chosen].kind == Kind::LineVoltages) {
      for (std::size_t i = 0; i < sets.size(); ++i) {
        if (sets[i].kind == Kind::PhaseVoltages && sets[i].complete &&
            sets[i].key == sets[chosen].key && sets[i].component == sets[chosen].component) {
          return i;
        }
      }
    }
    return chosen;
  }

  tl::unexpected<Error> unknown_set(std::string_view wanted) const {
    std::vector<std::string_view> names;
    std::string list;
    for (const ChannelSet& set : mapping_.sets) {
      if (std::find(names.begin(), names.end(), set.name) == names.end()) {
        names.push_back(set.name);
        list += format("{}'{}'", list.empty() ? "" : ", ", set.name);
      }
    }
    return fail(ErrorCode::InvalidSetup, "there is no set of channels '{}'.{} {}", wanted,
                did_you_mean(wanted, names),
                list.empty() ? std::string("No set was found in this recording; use --map")
                             : "Sets: " + list);
  }

  void assign(Input input, std::size_t channel, double sign = 1.0) {
    const bool taken = std::any_of(inputs_.begin(), inputs_.end(), [&](const auto& other) {
      return other.second.channel == channel;
    });
    if (taken || inputs_.count(input) > 0 || left_out_.count(input) > 0) {
      return;
    }
    inputs_[input] = {input, channel, readings_[channel].unit_scale * sign};
    mapping_.inferred = true;
  }

  void add_voltages() {
    if (!mapping_.voltage_set) {
      add_only_channel(Quantity::Voltage, Input::V1);
      return;
    }
    const ChannelSet& set = mapping_.sets[*mapping_.voltage_set];
    if (!set.complete) {
      std::size_t present = 0;
      for (const auto& c : set.channels) {
        present += c ? 1U : 0U;
      }
      for (std::size_t p = 0; p < 3; ++p) {
        if (set.channels[p]) {
          // A lone voltage is a single-phase meter, whatever its phase.
          assign(present == 1 ? Input::V1 : kVoltages[p], *set.channels[p], set.sign[p]);
        }
      }
    } else {
      for (std::size_t p = 0; p < 3; ++p) {
        if (set.channels[p]) {
          assign(kVoltages[p], *set.channels[p], set.sign[p]);
        }
      }
    }
    if (set.fourth) {
      assign(Input::V4, *set.fourth);
    }
  }

  void add_currents() {
    if (!mapping_.current_set) {
      add_only_channel(Quantity::Current, Input::I1);
    } else {
      const ChannelSet& set = mapping_.sets[*mapping_.current_set];
      for (std::size_t p = 0; p < 3; ++p) {
        if (set.channels[p]) {
          assign(kCurrents[p], *set.channels[p]);
        }
      }
      if (set.fourth) {
        assign(Input::I4, *set.fourth);
      }
      if (set.fifth) {
        assign(Input::I5, *set.fifth);
      }
    }
  }

  /// A recording of a single voltage or current needs no phase in its name.
  void add_only_channel(Quantity quantity, Input input) {
    std::optional<std::size_t> only;
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      if (readings_[i].quantity == quantity && readings_[i].wave) {
        if (only) {
          return;
        }
        only = i;
      }
    }
    if (only && (readings_[*only].role == Role::None || readings_[*only].role == Role::Phase)) {
      assign(input, *only);
    }
  }

  /// Line-to-line voltages lie in the lanes as base/system.hpp says: V12, V23, V31, or V12 and V32.
  /// Channels given by hand are turned the right way round too.
  void orient_line_voltages() {
    const auto line_to_line = [&](Input input) {
      const auto at = inputs_.find(input);
      return at != inputs_.end() && readings_[at->second.channel].role == Role::LineToLine &&
             readings_[at->second.channel].quantity == Quantity::Voltage;
    };
    if (!voltages_by_hand_) {
      if (line_to_line(Input::V1) && line_to_line(Input::V2) && inputs_.count(Input::V3) == 0) {
        Assignment assignment = inputs_[Input::V2];
        inputs_.erase(Input::V2);
        assignment.input = Input::V3;
        assignment.scale = -assignment.scale;
        inputs_[Input::V3] = assignment;
      }
      return;
    }
    for (const Input input : kVoltages) {
      if (!line_to_line(input)) {
        continue;
      }
      Assignment& assignment = inputs_[input];
      for (const ChannelSet& set : mapping_.sets) {
        for (std::size_t p = 0; p < 3; ++p) {
          if (set.kind != Kind::LineVoltages || set.channels[p] != assignment.channel) {
            continue;
          }
          const bool two_transformers = inputs_.count(Input::V2) == 0;
          if (p == lane(input)) {
            assignment.scale *= set.sign[p];
          } else if (p == 1 && input == Input::V3 && two_transformers) {
            assignment.scale *= -set.sign[p];
          } else {
            mapping_.warnings.push_back(
                format("channel '{}' is a line-to-line voltage that does not belong on {}: a delta "
                       "has V12, V23, V31 on V1, V2, V3, or V12 and V23 on V1 and V3; it is taken "
                       "as it is",
                       trim(channels_[assignment.channel].name), name(input)));
          }
        }
      }
    }
  }

  void infer_wiring() {
    std::size_t voltages = 0;
    std::size_t line_to_line = 0;
    for (const Input input : kVoltages) {
      if (const auto at = inputs_.find(input); at != inputs_.end()) {
        ++voltages;
        line_to_line += readings_[at->second.channel].role == Role::LineToLine ? 1U : 0U;
      }
    }
    if (voltages >= 2 && line_to_line == voltages) {
      mapping_.wiring = Wiring::Delta;
    } else if (voltages == 1) {
      mapping_.wiring = Wiring::Single;
    } else if (voltages == 0 && inputs_.size() == 1) {
      mapping_.wiring = Wiring::Single;
    } else {
      mapping_.wiring = Wiring::FourWireWye;
    }
  }

  [[nodiscard]] Result<Mapping> nothing_mapped() const {
    if (channels_.empty()) {
      return fail(ErrorCode::InvalidInput, "the recording has no analogue channels");
    }
    return fail(ErrorCode::InvalidInput,
                "no analogue channel could be told to be the voltage or current of a phase; there "
                "{} {}. Say which is which, as in --map V1=#1{}",
                channels_.size() == 1 ? "is" : "are", list_channels(channels_),
                channels_.size() == 1 ? "" : ",I1=#2");
  }

  const std::vector<AnalogChannel>& channels_;
  const MappingOptions& options_;
  std::vector<ChannelReading> readings_;
  std::map<Input, Assignment> inputs_;
  std::set<Input> left_out_;
  bool voltages_by_hand_ = false;
  bool currents_by_hand_ = false;
  bool voltage_given_ = false;
  bool current_given_ = false;
  Mapping mapping_;
};

}  // namespace

Result<std::vector<MapEntry>> parse_map(std::string_view text) {
  std::vector<MapEntry> entries;
  for (const std::string_view part : split(text, ',')) {
    if (trim(part).empty()) {
      continue;
    }
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) {
      // A comma inside a channel's name belongs to the name.
      if (!entries.empty()) {
        entries.back().channel += format(",{}", part);
        continue;
      }
      return fail(ErrorCode::Usage, "'{}' is no mapping: write V1=NAME or V1=#3", trim(part));
    }
    const auto input = parse_input(trim(part.substr(0, equals)));
    const auto channel = trim(part.substr(equals + 1));
    if (!input) {
      return fail(ErrorCode::Usage, "'{}' is no input of the meter: they are V1…V4 and I1…I5",
                  trim(part.substr(0, equals)));
    }
    if (channel.empty()) {
      return fail(ErrorCode::Usage, "no channel is given for {}: write {}=NAME or {}=#3",
                  name(*input), name(*input), name(*input));
    }
    for (const MapEntry& other : entries) {
      if (other.input == *input) {
        return fail(ErrorCode::Usage, "{} is mapped twice", name(*input));
      }
    }
    entries.push_back({*input, std::string(channel)});
  }
  return entries;
}

std::vector<ChannelSet> find_sets(const std::vector<AnalogChannel>& channels,
                                  const std::vector<ChannelReading>& readings) {
  std::vector<ChannelSet> sets;
  for (const Draft& draft : draft_sets(channels, readings)) {
    ChannelSet set;
    set.kind = draft.kind;
    set.key = draft.key;
    set.component = draft.component;
    set.name = set_name(draft, channels);
    place(draft, set);
    const bool named = std::any_of(draft.members.begin(), draft.members.end(),
                                   [&](const auto& m) { return readings[m.channel].from_name; });
    if (first_channel(set) == std::string::npos || (!set.complete && !named)) {
      continue;
    }
    set.fourth = find_fourth(set, channels, readings);
    for (std::size_t i = 0; i < channels.size(); ++i) {
      if (readings[i].role == Role::Fifth && readings[i].wave && readings[i].key == set.key &&
          set.kind == Kind::Currents) {
        set.fifth = i;
      }
    }
    sets.push_back(std::move(set));
  }
  std::stable_sort(sets.begin(), sets.end(), [](const ChannelSet& a, const ChannelSet& b) {
    return first_channel(a) < first_channel(b);
  });
  // Equal names get a number, voltages and currents apart: a name takes both of a circuit.
  for (std::size_t i = 0; i < sets.size(); ++i) {
    int copies = 1;
    for (std::size_t k = i + 1; k < sets.size(); ++k) {
      if (sets[k].name == sets[i].name && sets[k].is_voltage() == sets[i].is_voltage()) {
        sets[k].name += format(" ({})", ++copies);
      }
    }
  }
  return sets;
}

Result<Mapping> map_channels(const std::vector<AnalogChannel>& channels,
                             const MappingOptions& options) {
  return Mapper(channels, options).run();
}

}  // namespace halfcycle::source

// SPDX-License-Identifier: Apache-2.0
#include "source/channel_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/text.hpp"

namespace halfcycle::source {
namespace {

constexpr char kOtherLetter = '\x01';  // a letter without a Latin look-alike; part of a word
constexpr char kIdeograph = '\x02';    // ends a word
constexpr char kXiang = '\x03';        // 相, "phase"

/// A name folded to upper-case Latin where letters look alike, with the way back to its bytes.
struct Folded {
  std::string text;
  std::vector<std::size_t> at;  // byte offset of each character, and the length at the end
};

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
};

CodePoint decode(std::string_view s, std::size_t i) {
  const auto byte = [&](std::size_t k) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(s[k]));
  };
  const std::uint32_t b = byte(i);
  const std::size_t length = b < 0xC0 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
  if (length == 1 || i + length > s.size()) {
    return {b, 1};
  }
  std::uint32_t value = b & (0xFFU >> (length + 1));
  for (std::size_t k = 1; k < length; ++k) {
    value = (value << 6U) | (byte(i + k) & 0x3FU);
  }
  return {value, length};
}

char fold(std::uint32_t c) {
  if (c >= 'a' && c <= 'z') {
    return static_cast<char>(c - 'a' + 'A');
  }
  if (c < 0x80) {
    return static_cast<char>(c);
  }
  if (c >= 0xFF01 && c <= 0xFF5E) {  // full-width forms
    return fold(c - 0xFF01 + 0x21);
  }
  if (c >= 0x2080 && c <= 0x2089) {  // subscript digits
    return static_cast<char>('0' + (c - 0x2080));
  }
  struct Pair {
    std::uint32_t from;
    char to;
  };
  static constexpr auto kAlike = std::to_array<Pair>(
      {{0x410, 'A'}, {0x430, 'A'}, {0x412, 'B'}, {0x432, 'B'}, {0x421, 'C'}, {0x441, 'C'},
       {0x415, 'E'}, {0x435, 'E'}, {0x41D, 'H'}, {0x43D, 'H'}, {0x406, 'I'}, {0x456, 'I'},
       {0x41A, 'K'}, {0x43A, 'K'}, {0x41C, 'M'}, {0x43C, 'M'}, {0x41E, 'O'}, {0x43E, 'O'},
       {0x420, 'P'}, {0x440, 'P'}, {0x422, 'T'}, {0x442, 'T'}, {0x423, 'Y'}, {0x443, 'Y'},
       {0x425, 'X'}, {0x445, 'X'}, {0x391, 'A'}, {0x392, 'B'}, {0x39D, 'N'}, {0x399, 'I'},
       {0x39F, 'O'}, {0x3A4, 'T'}});
  for (const Pair& pair : kAlike) {
    if (pair.from == c) {
      return pair.to;
    }
  }
  if (c == 0x76F8) {
    return kXiang;
  }
  const bool ideograph =
      (c >= 0x3000 && c <= 0x9FFF) || (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0xF900 && c <= 0xFAFF);
  return ideograph ? kIdeograph : kOtherLetter;
}

Folded fold(std::string_view name) {
  Folded folded;
  for (std::size_t i = 0; i < name.size();) {
    const CodePoint c = decode(name, i);
    folded.text += fold(c.value);
    folded.at.push_back(i);
    i += c.length;
  }
  folded.at.push_back(name.size());
  return folded;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return (c >= 'A' && c <= 'Z') || is_digit(c) || c == kOtherLetter; }
bool all_digits(std::string_view s) { return std::all_of(s.begin(), s.end(), is_digit); }
bool is_one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }
bool is_one_of(std::string_view s, std::initializer_list<std::string_view> set) {
  return std::find(set.begin(), set.end(), s) != set.end();
}

/// What a word says. A higher rank says it more plainly.
struct Match {
  Role role = Role::None;
  Quantity quantity = Quantity::Unknown;
  char phase = 0;
  char second = 0;
  int rank = 0;
  std::string kept = {};  // belongs to the stem: the 1 of "Ia1"
};

bool same_alphabet(char p, char q) {
  for (const std::string_view alphabet : {"ABC", "RST", "RYB", "123"}) {
    if (is_one_of(p, alphabet) && is_one_of(q, alphabet)) {
      return true;
    }
  }
  return false;
}

Quantity quantity_of(char c) {
  return c == 'I' ? Quantity::Current : is_one_of(c, "UVE") ? Quantity::Voltage : Quantity::Unknown;
}

/// Words without a phase: 3I0, U0, IN, VN, IG, U4, …
std::optional<Match> match_fourth(std::string_view word) {
  const bool triple = word.size() >= 3 && word[0] == '3';
  if (triple) {
    word.remove_prefix(1);
  }
  const Quantity quantity = quantity_of(word[0]);
  if (quantity == Quantity::Unknown || word[0] == 'E' || word.size() < 2) {
    return std::nullopt;
  }
  const bool current = quantity == Quantity::Current;
  std::string_view body = word.substr(1);
  Match match{.quantity = quantity, .rank = 3};
  if (!triple && body == "4") {
    match.role = Role::Fourth;
    return match;
  }
  if (!triple && current && body == "5") {
    match.role = Role::Fifth;
    return match;
  }
  if (body[0] == '0' && all_digits(body.substr(1))) {
    match.role = Role::Residual;
    match.kept = body.substr(1);
    return match;
  }
  const std::size_t letters = std::min(body.find_first_of("0123456789"), body.size());
  match.kept = body.substr(letters);
  body = body.substr(0, letters);
  if (!all_digits(match.kept)) {
    return std::nullopt;
  }
  if (is_one_of(body, {"O", "RES"})) {
    match.role = Role::Residual;
  } else if (triple) {
    return std::nullopt;
  } else if (is_one_of(body, {"N", "NE", "EN", "NG"})) {
    match.role = Role::Neutral;
  } else if (is_one_of(body, {"G", "E", "EE", "NS", "GND"})) {
    // The earth current flows in the neutral; a "VG" is the open delta of the transformers.
    match.role = current ? Role::Neutral : Role::Residual;
  } else {
    return std::nullopt;
  }
  return match;
}

/// Words with quantity and phase: UA, ILA, VAN, UL1, U12, VBC, Ia1, IAW, V1A, …
std::optional<Match> match_quantity_and_phase(std::string_view word) {
  Match match{.role = Role::Phase, .quantity = quantity_of(word[0])};
  if (match.quantity == Quantity::Unknown || word.size() < 2) {
    return std::nullopt;
  }
  std::string_view body = word.substr(1);
  match.rank = word[0] == 'E' ? 2 : 3;
  if (body.size() >= 2 && is_digit(body[0]) && is_one_of(body.back(), "ABC") &&
      all_digits(body.substr(0, body.size() - 1))) {  // V1A: phase A of winding 1
    match.phase = body.back();
    match.kept = body.substr(0, body.size() - 1);
    return match;
  }
  if (body[0] == 'L' && body.size() > 1) {
    body.remove_prefix(1);
  }
  if (!is_one_of(body[0], "ABCRSTY123")) {
    return std::nullopt;
  }
  match.phase = body[0];
  const bool digit = is_digit(match.phase);
  body.remove_prefix(1);
  if (digit && word[1] != 'L') {
    match.rank = 2;
  }
  if (body.empty()) {
    return match;
  }
  std::string_view rest = body;
  if (rest[0] == 'L' && rest.size() > 1) {
    rest.remove_prefix(1);
  }
  const bool winding = !digit && is_one_of(match.phase, "ABC") && is_one_of(body[0], "WXYZ") &&
                       all_digits(body.substr(1));
  if (!winding && same_alphabet(match.phase, rest[0]) && rest[0] != match.phase &&
      (digit ? rest.size() == 1 : all_digits(rest.substr(1)))) {
    if (match.quantity != Quantity::Voltage) {
      return std::nullopt;
    }
    match.role = Role::LineToLine;
    match.second = rest[0];
    match.kept = rest.substr(1);
    match.rank = 3;
    return match;
  }
  if (is_one_of(body[0], "NGE") && all_digits(body.substr(1))) {
    match.kept = body.substr(1);
    match.rank = 3;
    return match;
  }
  if (winding || (!digit && all_digits(body))) {
    match.kept = body;
    return match;
  }
  return std::nullopt;
}

/// Words with a phase only: L1, PHA, A, AB, L12, …
std::optional<Match> match_phase(std::string_view word) {
  Match match{.role = Role::Phase, .rank = 1};
  bool marked = false;
  for (const std::string_view prefix : {"PHASE", "PH", "L"}) {
    if (word.size() > prefix.size() && word.substr(0, prefix.size()) == prefix) {
      word.remove_prefix(prefix.size());
      marked = true;
      break;
    }
  }
  if (!is_one_of(word[0], marked ? "ABCRST123" : "ABCRST")) {
    return std::nullopt;
  }
  match.phase = word[0];
  match.rank = marked ? 2 : 1;
  word.remove_prefix(1);
  if (word.empty() || word == "N") {
    return match;
  }
  if (word[0] == 'L' && word.size() > 1) {
    word.remove_prefix(1);
  }
  // "AC" is a kind of current more often than a pair of phases.
  if (word.size() == 1 && same_alphabet(match.phase, word[0]) && match.phase != word[0] &&
      !(match.phase == 'A' && word[0] == 'C')) {
    match.role = Role::LineToLine;
    match.second = word[0];
    return match;
  }
  return std::nullopt;
}

std::optional<Match> match_word(std::string_view word) {
  if (auto match = match_fourth(word)) {
    return match;
  }
  if (auto match = match_quantity_and_phase(word)) {
    return match;
  }
  return match_phase(word);
}

struct Word {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Word> words_of(const std::string& text) {
  std::vector<Word> words;
  for (std::size_t i = 0; i < text.size();) {
    if (!is_word(text[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) {
      ++end;
    }
    words.push_back({i, end});
    i = end;
  }
  return words;
}

struct Found {
  Match match;
  std::size_t begin = 0;  // of the folded text
  std::size_t end = 0;
};

bool fits(const Match& match, Quantity unit) {
  if (match.role == Role::LineToLine && unit == Quantity::Current) {
    return false;
  }
  return unit == Quantity::Unknown ? match.quantity != Quantity::Unknown
                                   : match.quantity == Quantity::Unknown || match.quantity == unit;
}

/// The plainest statement of quantity and phase in a name; the last of equals.
std::optional<Found> find_match(const Folded& folded, std::string_view name, Quantity unit) {
  const std::string& text = folded.text;
  std::optional<Found> best;
  const auto offer = [&](const Found& found) {
    if (fits(found.match, unit) && (!best || found.match.rank >= best->match.rank)) {
      best = found;
    }
  };
  const std::vector<Word> words = words_of(text);
  const auto view = [&](const Word& w) {
    return std::string_view(text).substr(w.begin, w.end - w.begin);
  };
  for (std::size_t k = 0; k < words.size(); ++k) {
    const Word& word = words[k];
    auto match = match_word(view(word));
    if (match && match->role == Role::Phase && k + 1 < words.size() &&
        words[k + 1].begin == word.end + 1 && is_one_of(text[word.end], "-/")) {
      const std::string_view next = view(words[k + 1]);
      const auto other = match_word(next);
      if (is_one_of(next, {"N", "E", "G"})) {  // "UL1-N"
        match->rank = 3;
        offer({*match, word.begin, words[k + 1].end});
        continue;
      }
      if (other && other->role == Role::Phase && same_alphabet(match->phase, other->phase) &&
          match->phase != other->phase && match->quantity != Quantity::Current) {  // "UL1-L2"
        match->role = Role::LineToLine;
        match->second = other->phase;
        match->rank = 4;
        offer({*match, word.begin, words[k + 1].end});
        ++k;
        continue;
      }
    }
    if (match) {
      offer({*match, word.begin, word.end});
    }
    // "I L1", "V_A", "U 0"
    if (word.end == word.begin + 1 && quantity_of(text[word.begin]) != Quantity::Unknown &&
        k + 1 < words.size() && words[k + 1].begin == word.end + 1) {
      const std::string joined = text[word.begin] + std::string(view(words[k + 1]));
      if (auto pair = match_word(joined); pair && pair->kept.empty()) {
        pair->rank = 3;
        offer({*pair, word.begin, words[k + 1].end});
      }
    }
  }
  for (std::size_t i = 1; i < text.size(); ++i) {  // "A相"
    if (text[i] == kXiang && is_one_of(text[i - 1], "ABC")) {
      Match match{.role = Role::Phase, .phase = text[i - 1], .rank = 4};
      std::size_t begin = i - 1;
      if (i >= 2 && is_one_of(text[i - 2], "ABC") && text[i - 2] != text[i - 1]) {
        match.role = Role::LineToLine;
        match.second = match.phase;
        match.phase = text[i - 2];
        begin = i - 2;
      }
      offer({match, begin, i + 1});
    }
  }
  const auto offer_phrase = [&](std::string_view phrase, Role role) {
    if (const auto at = name.find(phrase); at != std::string_view::npos && !best) {
      const auto begin = std::lower_bound(folded.at.begin(), folded.at.end(), at);
      const auto end = std::lower_bound(begin, folded.at.end(), at + phrase.size());
      offer({Match{.role = role, .rank = 1}, static_cast<std::size_t>(begin - folded.at.begin()),
             static_cast<std::size_t>(end - folded.at.begin())});
    }
  };
  offer_phrase("零序", Role::Residual);
  offer_phrase("中性点", Role::Neutral);
  for (const Word& word : words) {
    if (!best && view(word) == "NEUTRAL") {
      offer({Match{.role = Role::Neutral, .rank = 1}, word.begin, word.end});
    }
  }
  return best;
}

/// Magnitudes, angles, differential and restraint quantities, harmonics, DC.
bool is_computed_or_dc(const Folded& folded, std::string_view name) {
  for (const std::string_view phrase :
       {"直流", "幅值", "相角", "角度",   "差流",   "差动",   "谐波", "有效值",
        "频率", "含量", "制动", "功率",   "Батаре", "батаре", "ЩПТ",  "остоянн",
        "диф",  "Диф",  "ДИФ",  "частот", "Частот", "угол",   "Угол", "одуль"}) {
    if (name.find(phrase) != std::string_view::npos) {
      return true;
    }
  }
  for (const Word& w : words_of(folded.text)) {
    const std::string_view word = std::string_view(folded.text).substr(w.begin, w.end - w.begin);
    if (is_one_of(word, {"MAG",  "MAGN",    "MAGNITUDE", "ANG",  "ANGLE",    "RMS",  "FREQ",
                         "HZ",   "THD",     "HARM",      "DIFF", "IDIFF",    "BIAS", "IBIAS",
                         "REST", "RESTR",   "RESTRAINT", "DC",   "AVG",      "SEQ",  "BATT",
                         "BAT",  "BATTERY", "POS",       "NEG",  "FREQUENCY"})) {
      return true;
    }
  }
  return false;
}

std::string_view trim_separators(std::string_view s) {
  constexpr std::string_view kSeparators = " \t_-.:;,/()[]|";
  const auto first = s.find_first_not_of(kSeparators);
  if (first == std::string_view::npos) {
    return {};
  }
  return s.substr(first, s.find_last_not_of(kSeparators) - first + 1);
}

/// For comparison: without the words for quantity and phase, blanks and separators as one blank.
std::string key_of(std::string stem) {
  for (const std::string_view phrase : {"电压", "电流"}) {
    for (auto at = stem.find(phrase); at != std::string::npos; at = stem.find(phrase)) {
      stem.erase(at, phrase.size());
    }
  }
  std::string key;
  std::string word;
  const auto flush = [&] {
    if (!word.empty() && !is_one_of(word, {"voltage", "volt", "volts", "current", "phase", "ph",
                                           "tension", "courant", "spannung", "strom"})) {
      key += key.empty() ? "" : " ";
      key += word;
    }
    word.clear();
  };
  for (const char c : to_lower(stem)) {
    if (is_one_of(c, " \t_-.:;,/()[]|")) {
      flush();
    } else {
      word += c;
    }
  }
  flush();
  return key;
}

/// Phase fields: A, L1, R, AB, N, "V1", "I1"; an unused field may hold anything.
std::optional<Match> read_phase_field(std::string_view field, Quantity unit) {
  const Folded folded = fold(trim(field));
  const std::string& text = folded.text;
  if (text.empty()) {
    return std::nullopt;
  }
  if (is_one_of(text, {"N", "G", "0"})) {
    return Match{.role = Role::Neutral, .rank = 1};
  }
  if (text.size() == 1 && is_one_of(text[0], "123")) {
    return Match{.role = Role::Phase, .phase = text[0], .rank = 1};
  }
  std::string joined;
  std::copy_if(text.begin(), text.end(), std::back_inserter(joined), is_word);
  if (joined.empty() || joined == "AC") {
    return std::nullopt;
  }
  auto match = match_word(joined);
  if (match) {
    match->kept.clear();
    if (!fits(*match, unit)) {
      return std::nullopt;
    }
    match->rank = is_digit(match->phase) && joined[0] != 'L' ? 1 : 2;
  }
  return match;
}

/// Names without numbers that only count channels.
std::vector<std::string> without_running_numbers(
    const std::vector<formats::AnalogChannel>& channels) {
  struct Prefix {
    char letter = 0;
    int number = -1;
    std::size_t length = 0;
  };
  std::vector<Prefix> prefixes;
  for (const auto& channel : channels) {
    const std::string_view name = trim(channel.name);
    Prefix p;
    std::size_t i = 0;
    if (i < name.size() && ((name[i] | 0x20) >= 'a' && (name[i] | 0x20) <= 'z')) {
      p.letter = name[i++];
    }
    const std::size_t digits = i;
    int number = 0;
    while (i < name.size() && is_digit(name[i]) && i - digits < 4) {
      number = number * 10 + (name[i++] - '0');
    }
    if (i > digits && i + 1 < name.size() && is_one_of(name[i], "-_.: )")) {
      p.number = number;
      p.length = i + 1;
    }
    prefixes.push_back(p);
  }
  std::vector<std::string> names;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    // It counts if it rises by one to a neighbour and stays the same to none.
    const auto step = [&](std::size_t a, std::size_t b) {
      const bool comparable = prefixes[a].number >= 0 && prefixes[b].number >= 0 &&
                              prefixes[b].letter == prefixes[a].letter;
      return comparable ? prefixes[b].number - prefixes[a].number : -1;
    };
    const int before = i > 0 ? step(i - 1, i) : -1;
    const int after = i + 1 < channels.size() ? step(i, i + 1) : -1;
    const bool counts = (before == 1 || after == 1) && before != 0 && after != 0;
    const std::string_view name = trim(channels[i].name);
    names.emplace_back(counts ? name.substr(prefixes[i].length) : name);
  }
  return names;
}

int phase_index(char phase) {
  for (const std::string_view alphabet : {"ABC", "RST", "123"}) {
    if (const auto at = alphabet.find(phase); at != std::string_view::npos) {
      return static_cast<int>(at);
    }
  }
  return -1;
}

Quantity quantity_by_word(const Folded& folded) {
  Quantity quantity = Quantity::Unknown;
  for (const Word& w : words_of(folded.text)) {
    const std::string_view word = std::string_view(folded.text).substr(w.begin, w.end - w.begin);
    if (is_one_of(word, {"VOLTAGE", "VOLT", "VOLTS", "U", "V", "SPANNUNG", "TENSION"})) {
      quantity = Quantity::Voltage;
    } else if (is_one_of(word, {"CURRENT", "AMPERE", "AMPS", "I", "STROM", "COURANT"})) {
      quantity = Quantity::Current;
    }
  }
  return quantity;
}

}  // namespace

UnitReading read_unit(std::string_view unit) {
  std::string_view text = trim(unit);
  text = text.substr(0, text.find_first_of(" (["));
  if (text.empty()) {
    return {};
  }
  struct Name {
    std::string_view text;
    Quantity quantity;
  };
  static constexpr auto kNames = std::to_array<Name>({{"v", Quantity::Voltage},
                                                      {"volt", Quantity::Voltage},
                                                      {"volts", Quantity::Voltage},
                                                      {"vrms", Quantity::Voltage},
                                                      {"в", Quantity::Voltage},
                                                      {"В", Quantity::Voltage},
                                                      {"伏", Quantity::Voltage},
                                                      {"a", Quantity::Current},
                                                      {"amp", Quantity::Current},
                                                      {"amps", Quantity::Current},
                                                      {"arms", Quantity::Current},
                                                      {"ampere", Quantity::Current},
                                                      {"amperes", Quantity::Current},
                                                      {"а", Quantity::Current},
                                                      {"А", Quantity::Current},
                                                      {"安", Quantity::Current}});
  struct Prefix {
    std::string_view text;
    double scale;
  };
  static constexpr auto kPrefixes = std::to_array<Prefix>({{"", 1.0},
                                                           {"k", 1e3},
                                                           {"K", 1e3},
                                                           {"к", 1e3},
                                                           {"kilo", 1e3},
                                                           {"千", 1e3},
                                                           {"m", 1e-3},
                                                           {"м", 1e-3},
                                                           {"milli", 1e-3},
                                                           {"M", 1e6},
                                                           {"М", 1e6},
                                                           {"u", 1e-6},
                                                           {"µ", 1e-6},
                                                           {"μ", 1e-6}});
  for (const Prefix& prefix : kPrefixes) {
    if (text.substr(0, prefix.text.size()) != prefix.text) {
      continue;
    }
    const std::string rest = to_lower(text.substr(prefix.text.size()));
    for (const Name& name : kNames) {
      if (rest == name.text) {
        return {name.quantity, prefix.scale};
      }
    }
  }
  return {Quantity::Other, 1.0};
}

std::vector<ChannelReading> read_channels(const std::vector<formats::AnalogChannel>& channels) {
  const std::vector<std::string> names = without_running_numbers(channels);
  struct Draft {
    Folded folded;
    std::optional<Found> found;
    std::optional<Match> field;
  };
  std::vector<Draft> drafts;
  std::vector<ChannelReading> readings(channels.size());
  // "U1" with phases A, B, C: the digit is not the phase but the number of the circuit.
  bool digits_count_circuits = false;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    ChannelReading& r = readings[i];
    const UnitReading unit = read_unit(channels[i].unit);
    r.quantity = unit.quantity;
    r.unit_scale = unit.scale;
    Draft draft{.folded = fold(names[i]), .found = {}, .field = {}};
    if (unit.quantity != Quantity::Other) {
      draft.found = find_match(draft.folded, names[i], unit.quantity);
      draft.field = read_phase_field(channels[i].phase, unit.quantity);
    }
    if (draft.found && draft.field && is_digit(draft.found->match.phase) &&
        draft.found->match.rank == 2 && draft.found->match.role == Role::Phase &&
        draft.field->rank == 2 && draft.field->role == Role::Phase &&
        phase_index(draft.found->match.phase) != phase_index(draft.field->phase)) {
      digits_count_circuits = true;
    }
    drafts.push_back(std::move(draft));
  }
  for (std::size_t i = 0; i < channels.size(); ++i) {
    ChannelReading& r = readings[i];
    Draft& draft = drafts[i];
    std::string stem = names[i];
    r.wave = r.quantity != Quantity::Other && !is_computed_or_dc(draft.folded, channels[i].name);
    const bool letter_field =
        draft.field && draft.field->rank == 2 && draft.field->role != Role::Neutral;
    if (draft.found) {
      Match& m = draft.found->match;
      const bool weak_digit = m.role == Role::Phase && is_digit(m.phase) && m.rank == 2;
      const bool lone = m.rank == 1;
      const std::string_view name = names[i];
      const std::size_t begin = draft.folded.at[draft.found->begin];
      const std::size_t end = draft.folded.at[draft.found->end];
      std::string kept = m.kept;
      if (letter_field && draft.field->role == Role::Phase &&
          ((weak_digit && digits_count_circuits) || (lone && m.phase != draft.field->phase))) {
        r.role = draft.field->role;
        r.phase = draft.field->phase;
        if (weak_digit) {
          kept = std::string(1, m.phase);
        } else {
          kept = std::string(name.substr(begin, end - begin));
        }
      } else {
        r.role = m.role;
        r.phase = m.phase;
        r.second = m.second;
        r.from_name = m.rank >= 2 || r.role == Role::Neutral || r.role == Role::Residual;
      }
      if (r.quantity == Quantity::Unknown) {
        r.quantity = m.quantity;
      }
      stem = std::string(name.substr(0, begin)) + kept + std::string(name.substr(end));
    } else if (draft.field) {
      r.role = draft.field->role;
      r.phase = draft.field->phase;
      r.second = draft.field->second;
      if (r.quantity == Quantity::Unknown) {
        r.quantity = draft.field->quantity;
      }
    }
    if (r.quantity == Quantity::Unknown) {
      r.quantity = quantity_by_word(draft.folded);
    }
    if (r.quantity == Quantity::Unknown || r.quantity == Quantity::Other) {
      r.role = Role::None;
    }
    r.stem = std::string(trim_separators(stem));
    r.key = key_of(r.stem);
  }
  return readings;
}

}  // namespace halfcycle::source

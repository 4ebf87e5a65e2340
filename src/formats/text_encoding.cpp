// SPDX-License-Identifier: Apache-2.0
#include "formats/text_encoding.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/format.hpp"
#include "base/text.hpp"

namespace halfcycle::formats {
namespace {

using Byte = unsigned char;

bool is_ascii_letter(Byte c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// derived: classes of bytes with their share in the names of relays and recorders. Lower-case
// letters make up about three quarters of Russian text, capitals (mostly abbreviations) the rest;
// the remainder is spread over the other codes. The shares need not be exact: a wrong encoding
// falls into the rare classes with nearly every byte.
double log_share(double share, int codes) { return std::log(share / codes); }

double score_windows_1251(Byte c) {
  if (c >= 0xE0) {
    return log_share(0.75, 32);
  }
  if (c >= 0xC0) {
    return log_share(0.22, 32);
  }
  // ё Ё № « »
  const bool known = c == 0xA8 || c == 0xB8 || c == 0xB9 || c == 0xAB || c == 0xBB;
  return known ? log_share(0.025, 5) : log_share(0.005, 59);
}

double score_cp866(Byte c) {
  if ((c >= 0xA0 && c <= 0xAF) || (c >= 0xE0 && c <= 0xEF)) {
    return log_share(0.75, 32);
  }
  if (c >= 0x80 && c <= 0x9F) {
    return log_share(0.22, 32);
  }
  const bool known = c == 0xF0 || c == 0xF1 || c == 0xFC;  // Ё ё №
  return known ? log_share(0.025, 3) : log_share(0.005, 61);
}

double score_latin1(Byte c) {
  if (c >= 0xE0) {
    return log_share(0.75, 32);
  }
  if (c >= 0xC0) {
    return log_share(0.2, 32);
  }
  return c >= 0xA0 ? log_share(0.049, 32) : log_share(0.001, 32);
}

// One double-byte character. The first-level hanzi of GB 2312 (lead B0…D7) are nearly all of modern
// text, the second level and the symbol rows follow, the extensions of GBK are rare.
double score_gbk_pair(Byte lead, Byte trail) {
  constexpr double kInvalid = -25.0;
  if (lead < 0x81 || lead > 0xFE || trail < 0x40 || trail == 0x7F || trail == 0xFF) {
    return kInvalid;
  }
  if (trail >= 0xA1) {
    if (lead >= 0xB0 && lead <= 0xD7) {
      return log_share(0.9, 40 * 94);
    }
    if (lead >= 0xD8 && lead <= 0xF7) {
      return log_share(0.05, 32 * 94);
    }
    if (lead >= 0xA1 && lead <= 0xA9) {
      return log_share(0.04, 9 * 94);
    }
  }
  return log_share(0.01, 15000);
}

struct Scores {
  double windows_1251 = 0.0;
  double cp866 = 0.0;
  double latin1 = 0.0;
  double gbk = 0.0;
};

// Western European words are mostly ASCII letters with a few others between; Russian and Chinese
// words have few ASCII letters.
void add_word_context(std::string_view word, Scores& scores) {
  const auto high =
      std::count_if(word.begin(), word.end(), [](char c) { return static_cast<Byte>(c) >= 0x80; });
  if (high == 0) {
    return;
  }
  const bool mostly_ascii = static_cast<std::size_t>(high) * 2 < word.size();
  const double usual = std::log(0.95);
  const double unusual = std::log(0.05);
  scores.latin1 += mostly_ascii ? usual : unusual;
  scores.windows_1251 += mostly_ascii ? unusual : usual;
  scores.cp866 += mostly_ascii ? unusual : usual;
  scores.gbk += mostly_ascii ? unusual : usual;
}

Scores score(std::string_view bytes) {
  Scores scores;
  std::size_t word = 0;
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    const Byte c = i < bytes.size() ? static_cast<Byte>(bytes[i]) : Byte{0};
    if (c < 0x80 && !is_ascii_letter(c)) {
      add_word_context(bytes.substr(word, i - word), scores);
      word = i + 1;
    }
    if (c >= 0x80) {
      scores.windows_1251 += score_windows_1251(c);
      scores.cp866 += score_cp866(c);
      scores.latin1 += score_latin1(c);
    }
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<Byte>(bytes[i]);
    if (c >= 0x80) {
      const Byte trail = i + 1 < bytes.size() ? static_cast<Byte>(bytes[i + 1]) : Byte{0};
      scores.gbk += score_gbk_pair(c, trail);
      i += trail >= 0x40 ? 1 : 0;
    }
  }
  return scores;
}

std::string from_latin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char ch : bytes) {
    const auto c = static_cast<Byte>(ch);
    if (c < 0x80) {
      out += ch;
    } else {
      out += static_cast<char>(0xC0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

// Closes the converter on every way out.
class Converter {
 public:
  explicit Converter(const char* from) : handle_(iconv_open("UTF-8", from)) {}
  ~Converter() {
    if (valid()) {
      iconv_close(handle_);
    }
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  [[nodiscard]] bool valid() const {
    return handle_ != reinterpret_cast<iconv_t>(-1);  // NOLINT(performance-no-int-to-ptr): its API
  }

  /// Bytes that the encoding does not have become U+FFFD.
  [[nodiscard]] std::string convert(std::string_view bytes) {
    std::string out;
    std::string in(bytes);  // iconv wants a writable pointer
    char* from = in.data();
    std::size_t left = in.size();
    std::array<char, 4096> buffer;
    while (left > 0) {
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t result = iconv(handle_, &from, &left, &to, &room);
      const bool invalid = result == static_cast<std::size_t>(-1) && errno != E2BIG;
      out.append(buffer.data(), to);
      if (invalid) {
        out += "\xEF\xBF\xBD";
        ++from;
        --left;
      }
    }
    return out;
  }

 private:
  iconv_t handle_;
};

DecodedText decode_as(std::string_view bytes, const char* encoding, const char* iconv_name) {
  Converter converter(iconv_name);
  if (!converter.valid()) {
    return {to_valid_utf8(bytes), format("an unreadable encoding ({} is not installed)", encoding)};
  }
  return {to_valid_utf8(converter.convert(bytes)), encoding};
}

}  // namespace

DecodedText decode_text(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.substr(0, 3) == kByteOrderMark) {
    bytes.remove_prefix(3);
  }
  std::string as_utf8 = to_valid_utf8(bytes);
  if (as_utf8 == bytes) {
    return {std::move(as_utf8), "UTF-8"};
  }
  const auto high = std::count_if(bytes.begin(), bytes.end(),
                                  [](char c) { return static_cast<Byte>(c) >= 0x80; });
  std::ptrdiff_t valid =
      0;  // bytes in valid sequences: to_valid_utf8 leaves only those as they are
  for (std::size_t i = 0, j = 0; i < bytes.size(); ++i) {
    if (as_utf8.compare(j, 1, bytes, i, 1) == 0 || as_utf8.compare(j, 3, "\xEF\xBF\xBD") != 0) {
      valid += static_cast<Byte>(bytes[i]) >= 0x80 ? 1 : 0;
      ++j;
    } else {
      j += 3;
    }
  }
  if (valid * 10 > high * 9) {
    return {std::move(as_utf8), "UTF-8 with damaged characters"};
  }
  const Scores s = score(bytes);
  const double best = std::max({s.windows_1251, s.cp866, s.latin1, s.gbk});
  if (best == s.latin1) {
    return {from_latin1(bytes), "ISO-8859-1"};
  }
  if (best == s.gbk) {
    return decode_as(bytes, "GBK", "GBK");
  }
  return best == s.cp866 ? decode_as(bytes, "cp866", "CP866")
                         : decode_as(bytes, "windows-1251", "CP1251");
}

}  // namespace halfcycle::formats

// SPDX-License-Identifier: Apache-2.0
#include "formats/text_encoding.hpp"

#include <gtest/gtest.h>

namespace halfcycle::formats {
namespace {

// The bytes come from Python's own codecs: 'Ток фазы'.encode('cp866') and so on.
struct Row {
  std::string encoding;
  std::string bytes;
  std::string text;
};

TEST(TextEncoding, IsGuessedFromTheBytes) {
  const Row rows[] = {
      {"windows-1251", "\xD2\xEE\xEA \xF4\xE0\xE7\xFB", "Ток фазы"},
      {"cp866", "\x92\xAE\xAA \xE4\xA0\xA7\xEB", "Ток фазы"},
      {"windows-1251", "\xCC\xD2\xC7 I>>", "МТЗ I>>"},
      {"cp866", "\x8C\x92\x87 I>>", "МТЗ I>>"},
      {"GBK", "A\xCF\xE0\xB5\xE7\xC1\xF7", "A相电流"},
      {"GBK", "220kV\xC4\xB8\xCF\xDF_Ua", "220kV母线_Ua"},
      {"ISO-8859-1", "Esta\xE7\xE3o de Medi\xE7\xE3o", "Estação de Medição"},
      {"ISO-8859-1", "Spannung f\xFCr Z\xE4hler", "Spannung für Zähler"},
      {"ISO-8859-1", "D\xE9part ligne", "Départ ligne"},
      {"UTF-8", "Départ Ток 电流", "Départ Ток 电流"},
      {"UTF-8", "plain", "plain"},
      {"UTF-8", "\xEF\xBB\xBFmark", "mark"},
  };
  for (const Row& row : rows) {
    const DecodedText decoded = decode_text(row.bytes);
    EXPECT_EQ(decoded.utf8, row.text);
    EXPECT_EQ(decoded.encoding, row.encoding) << row.text;
  }
}

TEST(TextEncoding, DamagedUtf8StaysUtf8) {
  const std::string text = "Осциллограф и ещё одна строка";
  const DecodedText decoded = decode_text(text + "\xD0");
  EXPECT_EQ(decoded.utf8, text + "\xEF\xBF\xBD");
  EXPECT_EQ(decoded.encoding, "UTF-8 with damaged characters");
}

}  // namespace
}  // namespace halfcycle::formats

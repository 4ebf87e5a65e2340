// SPDX-License-Identifier: Apache-2.0
// Text of unknown encoding to UTF-8. Recorders write names in whatever their maker's machines use.
#pragma once

#include <string>
#include <string_view>

namespace halfcycle::formats {

struct DecodedText {
  std::string utf8;      ///< always valid; line breaks are where they were
  std::string encoding;  ///< "UTF-8" (ASCII included), "UTF-8 with damaged characters", or a guess:
                         ///< "windows-1251", "cp866", "GBK", "ISO-8859-1"
};

/// Valid UTF-8 (with or without a byte-order mark, which is dropped) is taken as it is. Otherwise
/// the likeliest of the four encodings, judged by how well the bytes fit the letters of Russian,
/// Chinese and Western European text (derived: log-likelihoods of byte classes, text_encoding.cpp).
/// Thread-safe.
[[nodiscard]] DecodedText decode_text(std::string_view bytes);

}  // namespace halfcycle::formats

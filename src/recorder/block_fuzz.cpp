// SPDX-License-Identifier: Apache-2.0
// Blocks, summaries, columns, waveforms and ½-cycle values as they could lie in a damaged or forged
// file.
#include <array>
#include <cstdlib>
#include <span>

#include "recorder/column_block.hpp"
#include "recorder/schema.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace halfcycle::recorder;
  if (size < 2) {
    return 0;
  }
  // The first byte chooses how many columns of which type; the rest is the block.
  std::vector<ColumnType> types;
  for (unsigned c = 0; c < 1U + bytes[0] % 8U % 6U; ++c) {
    types.push_back((bytes[0] >> (3U + c) & 1U) != 0 ? ColumnType::Float64 : ColumnType::Float32);
  }
  const auto data = std::as_bytes(std::span(bytes + 1, size - 1));
  const auto rows = decode_block(data, types, {});
  if (rows && (rows->times.empty() || rows->columns.size() != types.size() ||
               rows->columns[0].size() != rows->times.size())) {
    std::abort();
  }
  const std::array<std::size_t, 1> last{types.size() - 1};
  const auto one = decode_block(data, types, last);
  if (one.has_value() != rows.has_value()) {
    std::abort();
  }
  const auto summary = read_summary(data, types, {});
  if (!summary.empty() && summary.size() != types.size()) {
    std::abort();
  }
  halfcycle::InputMask inputs;
  inputs.add(halfcycle::Input::V1);
  inputs.add(halfcycle::Input::I1);
  const auto frames = decode_waveform(data, 8, inputs);
  if (frames && frames->size() % 8 != 0) {
    std::abort();
  }
  const auto rms = decode_rms(data);
  if (rms &&
      (rms->time.empty() || rms->values.size() != rms->time.size() * halfcycle::kInputCount)) {
    std::abort();
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes + 1), size - 1);
  const StoredColumns columns = parse_columns(text);
  if (columns.columns.size() != columns.types.size() ||
      parse_columns(columns_text(columns)).types.size() != columns.types.size()) {
    std::abort();
  }
  return 0;
}

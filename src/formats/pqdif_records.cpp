// SPDX-License-Identifier: Apache-2.0
#include "formats/pqdif_records.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/text.hpp"

namespace halfcycle::formats {
namespace {

constexpr PqdifGuid kSignature = pqdif_guid("4a111440-e49f-11cf-9900-505144494600");
constexpr std::size_t kHeaderSize = 64;
constexpr std::size_t kEntrySize = 28;
constexpr std::size_t kMaxBody = std::size_t{256} << 20U;
constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxElements = 1000000;
// Day 25569 of the file is 1970-01-01, whatever the text of the standard says of the origin.
constexpr double kUnixDay = 25569.0;

std::uint32_t u32(std::span<const std::byte> bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = (value << 8U) | std::to_integer<std::uint32_t>(bytes[at + i]);
  }
  return value;
}

PqdifGuid guid_at(std::span<const std::byte> bytes, std::size_t at) {
  PqdifGuid guid;
  std::memcpy(guid.data(), bytes.data() + at, guid.size());
  return guid;
}

// Bytes of a physical type (IEEE 1159.3 table of physical types); 0 for an unknown one.
std::size_t size_of(std::uint8_t physical) {
  switch (physical) {
    case 1:
    case 10:
    case 20:
    case 30:
      return 1;
    case 2:
    case 11:
    case 21:
    case 31:
      return 2;
    case 3:
    case 22:
    case 32:
    case 40:
      return 4;
    case 41:
    case 42:
      return 8;
    case 50:
      return 12;
    case 43:
    case 60:
      return 16;
    default:
      return 0;
  }
}

template <class T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  static_assert(std::endian::native == std::endian::little, "PQDIF is read on little-endian hosts");
  return value;
}

std::optional<double> load_number(std::uint8_t physical, const std::byte* at) {
  switch (physical) {
    case 1:
    case 30:
      return load<std::uint8_t>(at);
    case 2:
    case 31:
      return load<std::uint16_t>(at);
    case 3:
    case 32:
      return load<std::uint32_t>(at);
    case 20:
      return load<std::int8_t>(at);
    case 21:
      return load<std::int16_t>(at);
    case 22:
      return load<std::int32_t>(at);
    case 40:
      return static_cast<double>(load<float>(at));
    case 41:
      return load<double>(at);
    default:
      return std::nullopt;
  }
}

class TreeReader {
 public:
  TreeReader(std::span<const std::byte> body, std::string& damage) : body_(body), damage_(damage) {}

  bool collection(std::size_t at, int depth, PqdifElement& out) {
    if (depth > kMaxDepth || at > body_.size() || body_.size() - at < 4) {
      return broken("a collection lies outside the record or too deep");
    }
    const std::size_t count = u32(body_, at);
    if (count > (body_.size() - at - 4) / kEntrySize || elements_ + count > kMaxElements) {
      return broken("a collection claims more elements than the record holds");
    }
    elements_ += count;
    out.children.reserve(count);
    bool whole = true;
    for (std::size_t i = 0; i < count; ++i) {
      PqdifElement element;
      if (entry(at + 4 + i * kEntrySize, depth, element)) {
        out.children.push_back(std::move(element));
      } else {
        whole = false;
      }
    }
    return whole;
  }

 private:
  bool entry(std::size_t at, int depth, PqdifElement& out) {
    out.tag = guid_at(body_, at);
    const auto type = std::to_integer<std::uint8_t>(body_[at + 16]);
    out.physical = std::to_integer<std::uint8_t>(body_[at + 17]);
    const bool embedded = body_[at + 18] != std::byte{0};
    const std::size_t link = u32(body_, at + 20);
    const std::size_t width = size_of(out.physical);
    switch (type) {
      case 1:
        out.type = PqdifElementType::Collection;
        return collection(link, depth + 1, out);
      case 2: {
        out.type = PqdifElementType::Scalar;
        const std::size_t from = embedded ? at + 20 : link;
        if (width == 0 || (embedded && width > 8) || from > body_.size() ||
            body_.size() - from < width) {
          return broken("a scalar lies outside the record");
        }
        out.raw = body_.subspan(from, width);
        return true;
      }
      case 3: {
        out.type = PqdifElementType::Vector;
        if (link > body_.size() || body_.size() - link < 4) {
          return broken("a vector lies outside the record");
        }
        out.count = u32(body_, link);
        if (width == 0 || out.count > (body_.size() - link - 4) / width) {
          return broken("a vector claims more values than the record holds");
        }
        out.raw = body_.subspan(link + 4, out.count * width);
        return true;
      }
      default:
        return broken("an element is neither collection nor scalar nor vector");
    }
  }

  bool broken(const char* what) {
    if (damage_.empty()) {
      damage_ = what;
    }
    return false;
  }

  std::span<const std::byte> body_;
  std::string& damage_;
  std::size_t elements_ = 0;
};

// Inflates a zlib stream; nothing if it is none.
std::optional<std::vector<std::byte>> inflated(std::span<const std::byte> stored) {
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) {
    return std::nullopt;
  }
  std::vector<std::byte> out;
  // zlib's interface is not const-correct; it does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(stored.data()));
  stream.avail_in = static_cast<uInt>(stored.size());
  std::array<std::byte, std::size_t{64} * 1024> piece;
  int status = Z_OK;
  while (status == Z_OK && out.size() < kMaxBody) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = piece.size() - stream.avail_out;
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
    if (status == Z_OK && got == 0) {
      break;
    }
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END) {
    return std::nullopt;
  }
  return out;
}

}  // namespace

const PqdifElement* PqdifElement::find(const PqdifGuid& child) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [&](const PqdifElement& e) { return e.tag == child; });
  return found == children.end() ? nullptr : &*found;
}

std::optional<double> PqdifElement::number() const {
  return type == PqdifElementType::Scalar ? load_number(physical, raw.data()) : std::nullopt;
}

std::optional<PqdifGuid> PqdifElement::guid() const {
  if (type != PqdifElementType::Scalar || physical != 60) {
    return std::nullopt;
  }
  return guid_at(raw, 0);
}

std::optional<Instant> PqdifElement::timestamp() const {
  if (type != PqdifElementType::Scalar || physical != 50) {
    return std::nullopt;
  }
  const double days = load<std::uint32_t>(raw.data());
  const double seconds = load<double>(raw.data() + 4);
  if (!(days < 100000.0) || !(seconds >= 0.0 && seconds < 2.0 * 86400.0)) {
    return std::nullopt;
  }
  return Instant::from_unix_ns(0) +
         Duration::seconds(static_cast<std::int64_t>(days - kUnixDay) * 86400) +
         Duration::from_seconds(seconds);
}

std::string PqdifElement::text() const {
  if (type != PqdifElementType::Vector || physical != 10) {
    return {};
  }
  std::string_view view(reinterpret_cast<const char*>(raw.data()), raw.size());
  view = view.substr(0, view.find('\0'));
  return to_valid_utf8(trim(view));
}

std::vector<double> PqdifElement::numbers() const {
  std::vector<double> out;
  if (type != PqdifElementType::Vector || count == 0 || !load_number(physical, raw.data())) {
    return out;
  }
  const std::size_t width = size_of(physical);
  out.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(*load_number(physical, raw.data() + i * width));
  }
  return out;
}

std::optional<double> PqdifElement::number_of(const PqdifGuid& child) const {
  const PqdifElement* element = find(child);
  return element == nullptr ? std::nullopt : element->number();
}

std::string PqdifElement::text_of(const PqdifGuid& child) const {
  const PqdifElement* element = find(child);
  return element == nullptr ? std::string() : element->text();
}

std::nullopt_t PqdifRecords::stop(std::string what) {
  error_ = std::move(what);
  done_ = true;
  return std::nullopt;
}

std::optional<PqdifRecord> PqdifRecords::next() {
  if (done_) {
    return std::nullopt;
  }
  if (at_ > file_.size() || file_.size() - at_ < kHeaderSize) {
    return stop(format("byte {}: a record header is cut off", at_));
  }
  if (!visited_.insert(at_).second) {
    return stop(format("byte {}: the records are linked in a circle", at_));
  }
  if (guid_at(file_, at_) != kSignature) {
    return stop(format("byte {}: there is no PQDIF record", at_));
  }
  PqdifRecord record;
  record.type = guid_at(file_, at_ + 16);
  const std::size_t header = u32(file_, at_ + 32);
  const std::size_t stored = u32(file_, at_ + 36);
  const std::size_t link = u32(file_, at_ + 40);
  if (header < kHeaderSize || header > file_.size() - at_ || stored > file_.size() - at_ - header) {
    return stop(format("byte {}: a record is longer than the file", at_));
  }
  const auto bytes = file_.subspan(at_ + header, stored);
  // Mixed files exist: what does not inflate is taken as it is stored.
  if (auto body = inflated(bytes)) {
    record.body = std::move(*body);
  } else {
    record.body.assign(bytes.begin(), bytes.end());
  }
  TreeReader reader(record.body, record.damage);
  (void)reader.collection(0, 0, record.root);
  done_ = link == 0;
  at_ = link;
  return record;
}

}  // namespace halfcycle::formats

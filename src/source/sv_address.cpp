// SPDX-License-Identifier: Apache-2.0
#include "source/sv_address.hpp"

#include <array>
#include <charconv>

#include "base/text.hpp"

namespace halfcycle::source {
namespace {

constexpr std::array<std::string_view, 3> kKeys{"svid", "appid", "test"};

Result<std::uint16_t> parse_app_id(std::string_view text, std::string_view uri) {
  const bool hex = text.substr(0, 2) == "0x" || text.substr(0, 2) == "0X";
  const std::string_view digits = hex ? text.substr(2) : text;
  unsigned value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() ||
      value > 0xFFFF) {
    return fail(ErrorCode::Usage, "{}: '{}' is no APPID; give it as in appid=0x4000", uri, text);
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

Result<SvAddress> parse_sv_address(std::string_view text, std::string_view uri) {
  SvAddress address;
  std::size_t end = text.size();
  while (true) {
    const std::size_t comma = text.substr(0, end).rfind(',');
    if (comma == std::string_view::npos) {
      break;
    }
    const std::string_view option = text.substr(comma + 1, end - comma - 1);
    const std::size_t equals = option.find('=');
    const std::string key = to_lower(trim(option.substr(0, equals)));
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : trim(option.substr(equals + 1));
    if (key == "svid" && !value.empty()) {
      address.choice.sv_id = value;
    } else if (key == "appid") {
      const auto id = parse_app_id(value, uri);
      if (!id) {
        return fail(id.error());
      }
      address.choice.app_id = *id;
    } else if (key == "test" && (value == "yes" || value == "no")) {
      address.choice.test = value == "yes";
    } else if (equals == std::string_view::npos) {
      break;  // a path with a comma in it
    } else {
      return fail(ErrorCode::Usage,
                  "{}: '{}' says nothing about a stream.{} There are svid=NAME, appid=0x4000 and "
                  "test=yes",
                  uri, option, did_you_mean(key, kKeys));
    }
    end = comma;
  }
  address.place = std::string(text.substr(0, end));
  return address;
}

}  // namespace halfcycle::source

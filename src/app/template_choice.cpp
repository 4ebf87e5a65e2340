// SPDX-License-Identifier: Apache-2.0
#include "app/template_choice.hpp"

#include "base/format.hpp"
#include "base/text.hpp"
#include "modules/catalogue.hpp"
#include "source/text_file.hpp"

namespace halfcycle::app {
namespace {

constexpr std::size_t kMaxTemplateBytes = std::size_t{4} << 20U;

}  // namespace

Result<std::shared_ptr<const graph::CompiledTemplate>> load_template(const std::string& name) {
  if (const auto shipped = modules::shipped_template(name)) {
    return graph::compile_template(*shipped, name + ".toml", modules::catalogue());
  }
  if (name.find('/') == std::string::npos && !name.ends_with(".toml")) {
    std::string all;
    for (const std::string_view known : modules::shipped_template_names()) {
      all += format("{}{}", all.empty() ? "" : ", ", known);
    }
    return fail(ErrorCode::InvalidSetup,
                "there is no template '{}'.{} Shipped are: {}; or give the path of a .toml file",
                name, did_you_mean(name, modules::shipped_template_names()), all);
  }
  const auto text = source::read_text_file(name, "template", kMaxTemplateBytes);
  if (!text) {
    return fail(text.error());
  }
  return graph::compile_template(*text, name, modules::catalogue());
}

}  // namespace halfcycle::app

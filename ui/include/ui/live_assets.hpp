// SPDX-License-Identifier: Apache-2.0
// The files of the live page, bundled from ui/src/live when the program is built. They load nothing
// from outside and hold no inline script or style, so that they work under
//   default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;
//   connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
//
//   for (const ui::LiveAsset& asset : ui::live_assets) if (asset.path == path) send(asset);
#pragma once

#include <span>
#include <string_view>

namespace halfcycle::ui {

struct LiveAsset {
  std::string_view path;          ///< of the request: "/", "/assets/live-….js"
  std::string_view content_type;  ///< with its charset
  std::string_view gzip;          ///< the bytes of the gzip file (Content-Encoding: gzip)
  std::string_view etag;          ///< with its quotes
  bool immutable = false;  ///< the path names the content: to be cached for good; else revalidate
};

extern const std::span<const LiveAsset> live_assets;

}  // namespace halfcycle::ui

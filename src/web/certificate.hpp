// SPDX-License-Identifier: Apache-2.0
// The certificate of the server: made by itself at the first start and renewed near its end, or
// supplied by the user.
//
//   auto own = own_certificate("/var/lib/halfcycle", {"localhost", "meter-7"}, {"127.0.0.1"}, now);
//   log(own->fingerprint);          // "SHA256:3F:…", what a browser shows about the certificate
//
// Own files in the data folder, written whole or not at all, mode 0600:
//   web-key.pem          the private key (ECDSA P-256)
//   web-certificate.pem  the certificate; also what a client trusts: curl --cacert
// A key without certificate gets a new certificate; a certificate without key is an error, because
// clients trust that certificate.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/instant.hpp"
#include "base/result.hpp"

namespace halfcycle::web {

struct Certificate {
  std::string chain_pem;  ///< the server's own certificate first
  std::string key_pem;
  std::string fingerprint;  ///< SHA-256 of the certificate, "AB:CD:…"
  std::string file;         ///< of the certificate
  Instant not_before;
  Instant not_after;
  bool made = false;  ///< by this call
};

inline constexpr int kCertificateDays = 730;
/// An own certificate with less time left is replaced.
inline constexpr int kRenewalDays = 30;

/// Loads, makes or renews the own certificate. `names` and `addresses` are what clients may call
/// the server by.
/// Errors: Machine (folder cannot be read or written), InvalidInput (a file is damaged, the key is
/// missing or belongs to another certificate; the message says what to remove).
[[nodiscard]] Result<Certificate> own_certificate(const std::string& folder,
                                                  const std::vector<std::string>& names,
                                                  const std::vector<std::string>& addresses,
                                                  Instant now);

/// A certificate (with its chain) and key of the user, as PEM files. Errors: InvalidSetup (one
/// without the other), Machine (cannot be read), InvalidInput (no PEM, the key is encrypted, of
/// another certificate or too weak; the certificate has ended or not begun).
[[nodiscard]] Result<Certificate> load_certificate(const std::string& certificate_file,
                                                   const std::string& key_file, Instant now);

}  // namespace halfcycle::web

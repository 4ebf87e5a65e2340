// SPDX-License-Identifier: Apache-2.0
#include "web/certificate.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <optional>
#include <system_error>

#include "base/descriptor.hpp"
#include "base/format.hpp"

namespace halfcycle::web {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509_free>>;
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;

constexpr std::size_t kMaxFileBytes = 1U << 20U;

std::string errno_text(int error) { return std::generic_category().message(error); }

std::string openssl_text() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* text = ERR_reason_error_string(code);
  return text == nullptr ? "unknown reason" : text;
}

/// Nothing if there is no such file.
Result<std::optional<std::string>> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) {
      return std::nullopt;
    }
    return fail(ErrorCode::Machine, "{}: cannot be read: {}", path, errno_text(errno));
  }
  std::string text;
  std::array<char, 4096> piece;
  ssize_t got = 0;
  while ((got = ::read(file.get(), piece.data(), piece.size())) > 0 &&
         text.size() <= kMaxFileBytes) {
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  if (got < 0) {
    return fail(ErrorCode::Machine, "{}: cannot be read: {}", path, errno_text(errno));
  }
  return text;
}

/// Whole or not at all, for the owner's eyes only, on disk when it returns.
Result<void> write_file(const std::string& folder, const std::string& path, std::string_view text) {
  const std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(ErrorCode::Machine, "{}: cannot be written: {}", path, errno_text(errno));
  }
  bool good = ::fchmod(file, 0600) == 0;
  while (good && !text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    good = written >= 0;
    text.remove_prefix(good ? static_cast<std::size_t>(written) : 0);
  }
  good = good && ::fsync(file) == 0;
  int error = errno;
  good = ::close(file) == 0 && good;
  if (good && ::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
    good = false;
  }
  if (!good) {
    ::unlink(temporary.c_str());
    return fail(ErrorCode::Machine, "{}: cannot be written: {}", path, errno_text(error));
  }
  if (const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      directory) {
    ::fsync(directory.get());
  }
  return {};
}

Bio memory_of(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<Cert> parse_certificate(std::string_view pem, const std::string& file) {
  const Bio bio = memory_of(pem);
  Cert certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) {
    return fail(ErrorCode::InvalidInput, "{}: is no certificate in PEM form ({})", file,
                openssl_text());
  }
  return certificate;
}

// Asking for a password would stop a server that nobody sits at.
int no_password(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<Key> parse_key(std::string_view pem, const std::string& file) {
  const Bio bio = memory_of(pem);
  bool encrypted = false;
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &encrypted));
  if (!key) {
    const std::string why = openssl_text();
    if (encrypted) {
      return fail(ErrorCode::InvalidInput,
                  "{}: the key is encrypted; decrypt it with: openssl pkey -in FILE -out FILE2",
                  file);
    }
    return fail(ErrorCode::InvalidInput, "{}: is no private key in PEM form ({})", file, why);
  }
  return key;
}

Instant instant_of(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return to_instant({.year = parts.tm_year + 1900,
                     .month = parts.tm_mon + 1,
                     .day = parts.tm_mday,
                     .hour = parts.tm_hour,
                     .minute = parts.tm_min,
                     .second = parts.tm_sec,
                     .nanosecond = 0});
}

std::string fingerprint_of(X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned int size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text += format("{}{:02X}", i == 0 ? "" : ":", digest[i]);
  }
  return text;
}

Certificate describe(X509* certificate, std::string chain_pem, std::string key_pem,
                     std::string file) {
  return {.chain_pem = std::move(chain_pem),
          .key_pem = std::move(key_pem),
          .fingerprint = fingerprint_of(certificate),
          .file = std::move(file),
          .not_before = instant_of(X509_get0_notBefore(certificate)),
          .not_after = instant_of(X509_get0_notAfter(certificate)),
          .made = false};
}

Duration days(std::int64_t n) { return Duration::seconds(n * 86400); }

bool add_extension(X509* certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) {
    return false;
  }
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Result<Cert> make_certificate(EVP_PKEY* key, const std::vector<std::string>& names,
                              const std::vector<std::string>& addresses, Instant now) {
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += format("{}DNS:{}", alternatives.empty() ? "" : ",", name);
  }
  for (const std::string& address : addresses) {
    alternatives += format("{}IP:{}", alternatives.empty() ? "" : ",", address);
  }
  Cert certificate(X509_new());
  std::array<unsigned char, 16> serial;
  bool good = certificate && RAND_bytes(serial.data(), serial.size()) == 1;
  serial[0] = static_cast<unsigned char>((serial[0] & 0x3FU) | 0x40U);  // positive, 16 bytes long
  if (good) {
    const Number number(BN_bin2bn(serial.data(), serial.size(), nullptr));
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const auto entry = [&](const char* field, const std::string& text) {
      return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                        reinterpret_cast<const unsigned char*>(text.data()),
                                        static_cast<int>(text.size()), -1, 0) == 1;
    };
    // A day early, for clients whose clocks are behind.
    const auto at = [](Instant t) { return static_cast<std::time_t>(t.unix_ns() / 1000000000); };
    // The common name is at most 64 characters long (RFC 5280 appendix A.1).
    good = X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
           ASN1_TIME_set(X509_getm_notBefore(certificate.get()), at(now - days(1))) != nullptr &&
           ASN1_TIME_set(X509_getm_notAfter(certificate.get()), at(now + days(kCertificateDays))) !=
               nullptr &&
           entry("O", "Halfcycle") && entry("CN", names.back().substr(0, 64)) &&
           X509_set_issuer_name(certificate.get(), name) == 1 &&
           X509_set_pubkey(certificate.get(), key) == 1 &&
           add_extension(certificate.get(), NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate.get(), NID_ext_key_usage, "serverAuth") &&
           add_extension(certificate.get(), NID_subject_key_identifier, "hash") &&
           add_extension(certificate.get(), NID_subject_alt_name, alternatives) &&
           X509_sign(certificate.get(), key, EVP_sha256()) != 0;
  }
  if (!good) {
    return fail(ErrorCode::Machine, "cannot make a certificate for {}: {}", alternatives,
                openssl_text());
  }
  return certificate;
}

/// The certificate names all of them.
bool covers(X509* certificate, const std::vector<std::string>& names,
            const std::vector<std::string>& addresses) {
  for (const std::string& name : names) {
    if (X509_check_host(certificate, name.data(), name.size(), 0, nullptr) != 1) {
      return false;
    }
  }
  for (const std::string& address : addresses) {
    if (X509_check_ip_asc(certificate, address.c_str(), 0) != 1) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Certificate> own_certificate(const std::string& folder,
                                    const std::vector<std::string>& names,
                                    const std::vector<std::string>& addresses, Instant now) {
  const std::string key_file = folder + "/web-key.pem";
  const std::string certificate_file = folder + "/web-certificate.pem";
  auto key_pem = read_file(key_file);
  if (!key_pem) {
    return fail(key_pem.error());
  }
  auto certificate_pem = read_file(certificate_file);
  if (!certificate_pem) {
    return fail(certificate_pem.error());
  }
  const std::string remedy = format(
      "remove {} and {}; a new pair is made at the next start, and clients that trust the old "
      "certificate must be told",
      certificate_file, key_file);
  if (*certificate_pem && !*key_pem) {
    return fail(ErrorCode::InvalidInput,
                "{}: the key of this certificate, {}, is missing; put it back, or {}",
                certificate_file, key_file, remedy);
  }
  Key key;
  if (*key_pem) {
    auto parsed = parse_key(**key_pem, key_file);
    if (!parsed) {
      return fail(ErrorCode::InvalidInput, "{}; {}", parsed.error().message, remedy);
    }
    key = *std::move(parsed);
  }
  if (*certificate_pem) {
    const auto certificate = parse_certificate(**certificate_pem, certificate_file);
    if (!certificate) {
      return fail(ErrorCode::InvalidInput, "{}; {}", certificate.error().message, remedy);
    }
    if (X509_check_private_key(certificate->get(), key.get()) != 1) {
      ERR_clear_error();
      return fail(ErrorCode::InvalidInput, "{}: belongs to another key than {}; {}",
                  certificate_file, key_file, remedy);
    }
    Certificate found =
        describe(certificate->get(), **certificate_pem, **key_pem, certificate_file);
    if (now >= found.not_before && now + days(kRenewalDays) < found.not_after &&
        covers(certificate->get(), names, addresses)) {
      return found;
    }
  }
  if (!key) {
    key.reset(EVP_EC_gen("P-256"));
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!key || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr) != 1) {
      return fail(ErrorCode::Machine, "cannot make a key: {}", openssl_text());
    }
    *key_pem = text_of(bio.get());
    // The key first: a crash between the two leaves a key that gets its certificate next time.
    if (const auto written = write_file(folder, key_file, **key_pem); !written) {
      return fail(written.error());
    }
  }
  const auto made = make_certificate(key.get(), names, addresses, now);
  if (!made) {
    return fail(made.error());
  }
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), made->get());
  std::string pem = text_of(bio.get());
  if (const auto written = write_file(folder, certificate_file, pem); !written) {
    return fail(written.error());
  }
  Certificate certificate =
      describe(made->get(), std::move(pem), **std::move(key_pem), certificate_file);
  certificate.made = true;
  return certificate;
}

Result<Certificate> load_certificate(const std::string& certificate_file,
                                     const std::string& key_file, Instant now) {
  if (certificate_file.empty() || key_file.empty()) {
    return fail(
        ErrorCode::InvalidSetup,
        "a certificate of one's own needs both files: the {} is missing (or leave both out, "
        "then the program makes its own)",
        certificate_file.empty() ? "certificate" : "key");
  }
  const auto read = [](const std::string& file) -> Result<std::string> {
    auto text = read_file(file);
    if (!text) {
      return fail(text.error());
    }
    if (!*text) {
      return fail(ErrorCode::Machine, "{}: there is no such file", file);
    }
    return **std::move(text);
  };
  auto certificate_pem = read(certificate_file);
  if (!certificate_pem) {
    return fail(certificate_pem.error());
  }
  auto key_pem = read(key_file);
  if (!key_pem) {
    return fail(key_pem.error());
  }
  const auto certificate = parse_certificate(*certificate_pem, certificate_file);
  if (!certificate) {
    return fail(certificate.error());
  }
  const auto key = parse_key(*key_pem, key_file);
  if (!key) {
    return fail(key.error());
  }
  if (X509_check_private_key(certificate->get(), key->get()) != 1) {
    ERR_clear_error();
    return fail(ErrorCode::InvalidInput,
                "{}: is the key of another certificate than {}; give the two that belong together",
                key_file, certificate_file);
  }
  constexpr int kMinSecurityBits = 112;  // RSA 2048, P-224 and better (NIST SP 800-57 part 1)
  if (EVP_PKEY_get_security_bits(key->get()) < kMinSecurityBits) {
    return fail(ErrorCode::InvalidInput,
                "{}: the key is too short; use RSA with 2048 bits or more, or ECDSA P-256",
                key_file);
  }
  Certificate found = describe(certificate->get(), *std::move(certificate_pem), *std::move(key_pem),
                               certificate_file);
  if (now >= found.not_after) {
    return fail(ErrorCode::InvalidInput, "{}: the certificate ended on {}; renew it",
                certificate_file, to_iso8601(found.not_after));
  }
  if (now < found.not_before) {
    return fail(ErrorCode::InvalidInput,
                "{}: the certificate begins only on {}; is the clock of this machine right?",
                certificate_file, to_iso8601(found.not_before));
  }
  return found;
}

}  // namespace halfcycle::web

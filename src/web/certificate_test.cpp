// SPDX-License-Identifier: Apache-2.0
// The certificate: made, kept, renewed, and what is refused.
#include "web/certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace halfcycle::web {
namespace {

namespace fs = std::filesystem;

constexpr Instant kNow = Instant::from_unix_ns(1798545600000000000);  // 2026-12-29T12:00:00Z
Instant after_days(int days) { return kNow + Duration::seconds(86400LL * days); }

class OwnCertificate : public ::testing::Test {
 protected:
  OwnCertificate() {
    std::string path = (fs::temp_directory_path() / "hc-cert-XXXXXX").string();
    folder = mkdtemp(path.data());
  }
  ~OwnCertificate() override {
    fs::permissions(folder, fs::perms::owner_all);
    fs::remove_all(folder);
  }
  [[nodiscard]] Result<Certificate> make(Instant now = kNow) const {
    return own_certificate(folder, {"localhost", "meter-7"}, {"127.0.0.1", "::1"}, now);
  }
  [[nodiscard]] std::string path(const char* name) const { return folder + "/" + name; }
  static std::string text(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void write(const std::string& file, const std::string& text) {
    std::ofstream(file) << text;
  }
  static void says(const Result<Certificate>& result, const char* what) {
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message.find(what), std::string::npos) << result.error().message;
  }

  std::string folder;
};

TEST_F(OwnCertificate, IsMadeForTheNamesOfTheServerAndKeptForTheOwnerOnly) {
  const auto made = make();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->made);
  EXPECT_EQ(made->not_before, after_days(-1));
  EXPECT_EQ(made->not_after, after_days(730));
  EXPECT_EQ(made->fingerprint.size(), 32U * 3 - 1);
  for (const char* name : {"web-key.pem", "web-certificate.pem"}) {
    struct stat status {};
    ASSERT_EQ(stat(path(name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
  }
  BIO* bio = BIO_new_mem_buf(made->chain_pem.data(), static_cast<int>(made->chain_pem.size()));
  X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
  EXPECT_EQ(X509_check_host(certificate, "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "meter-7", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate, "meter-8", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate, "::1", 0), 1);
  EXPECT_EQ(X509_check_ca(certificate), 0);
  EXPECT_STREQ(EVP_PKEY_get0_type_name(X509_get0_pubkey(certificate)), "EC");
  EXPECT_EQ(EVP_PKEY_get_bits(X509_get0_pubkey(certificate)), 256);
  X509_free(certificate);
  BIO_free(bio);
}

TEST_F(OwnCertificate, StaysTheSameUntilItsLastMonth) {
  const auto first = make();
  EXPECT_EQ(make(after_days(699))->fingerprint, first->fingerprint);
  const auto renewed = make(after_days(701));
  EXPECT_TRUE(renewed->made);
  EXPECT_NE(renewed->fingerprint, first->fingerprint);
  EXPECT_EQ(renewed->key_pem, first->key_pem);
}

TEST_F(OwnCertificate, IsMadeAnewWhenTheClockWasWrongOrANameIsNew) {
  const auto first = make(after_days(5000));  // the clock was ahead: it has not begun
  EXPECT_NE(make()->fingerprint, first->fingerprint);
  const auto second = make();
  EXPECT_TRUE(own_certificate(folder, {"localhost", "other"}, {"127.0.0.1"}, kNow)->made);
  EXPECT_NE(make()->fingerprint, second->fingerprint);
}

TEST_F(OwnCertificate, AKeyAloneGetsACertificateAndACertificateAloneIsAnError) {
  const auto first = make();
  fs::remove(path("web-certificate.pem"));
  const auto second = make();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->key_pem, first->key_pem);
  fs::remove(path("web-key.pem"));
  says(make(), "web-key.pem, is missing");
}

TEST_F(OwnCertificate, DamagedFilesAndThoseOfTwoPairsAreErrorsThatSayWhatToDo) {
  ASSERT_TRUE(make());
  const std::string certificate = text(path("web-certificate.pem"));
  write(path("web-certificate.pem"), "nonsense");
  says(make(), "is no certificate in PEM form");
  says(make(), "remove ");
  write(path("web-certificate.pem"), certificate.substr(0, certificate.size() / 2));
  says(make(), "is no certificate in PEM form");
  fs::remove(path("web-certificate.pem"));
  fs::remove(path("web-key.pem"));
  ASSERT_TRUE(make());
  write(path("web-certificate.pem"), certificate);
  says(make(), "belongs to another key");
  write(path("web-key.pem"), "");
  says(make(), "is no private key");
}

TEST_F(OwnCertificate, AFolderThatCannotBeWrittenIsTheMachinesFault) {
  const auto nowhere = own_certificate(folder + "/none", {"localhost"}, {}, kNow);
  says(nowhere, "cannot be written");
  EXPECT_EQ(nowhere.error().code, ErrorCode::Machine);
}

TEST_F(OwnCertificate, AUsersOwnPairIsTakenWhenItIsWholeAndInForce) {
  const auto own = make();
  const std::string certificate = path("web-certificate.pem");
  const std::string key = path("web-key.pem");
  const auto loaded = load_certificate(certificate, key, kNow);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->fingerprint, own->fingerprint);
  says(load_certificate(certificate, "", kNow), "the key is missing");
  says(load_certificate("", key, kNow), "the certificate is missing");
  says(load_certificate(certificate, path("none.pem"), kNow), "no such file");
  says(load_certificate(certificate, certificate, kNow), "is no private key");
  says(load_certificate(key, key, kNow), "is no certificate");
  says(load_certificate(certificate, key, after_days(731)), "ended on");
  says(load_certificate(certificate, key, after_days(-2)), "begins only on");
}

TEST_F(OwnCertificate, AnEncryptedOrWeakKeyOfAUserIsRefused) {
  ASSERT_TRUE(make());
  const auto write_key = [this](EVP_PKEY* key, const char* password) {
    FILE* out = std::fopen(path("k.pem").c_str(), "w");
    PEM_write_PrivateKey(out, key, password == nullptr ? nullptr : EVP_aes_128_cbc(), nullptr, 0,
                         nullptr, const_cast<char*>(password));
    std::fclose(out);
  };
  EVP_PKEY* good = EVP_EC_gen("P-256");
  write_key(good, "secret");
  says(load_certificate(path("web-certificate.pem"), path("k.pem"), kNow), "is encrypted");
  write_key(good, nullptr);
  says(load_certificate(path("web-certificate.pem"), path("k.pem"), kNow), "another certificate");
  EVP_PKEY_free(good);
  // A certificate of RSA with 1024 bits.
  EVP_PKEY* weak = EVP_RSA_gen(1024);
  write_key(weak, nullptr);
  X509* certificate = X509_new();
  X509_set_pubkey(certificate, weak);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_sign(certificate, weak, EVP_sha256());
  FILE* out = std::fopen(path("c.pem").c_str(), "w");
  PEM_write_X509(out, certificate);
  std::fclose(out);
  X509_free(certificate);
  EVP_PKEY_free(weak);
  says(load_certificate(path("c.pem"), path("k.pem"), kNow), "too short");
}

}  // namespace
}  // namespace halfcycle::web

// SPDX-License-Identifier: Apache-2.0
#include "api/server/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <memory>

#include "base/file.h"

namespace hone {
namespace {

constexpr std::uint64_t kMostBytes = 4 << 20;
constexpr char kCertFlag[] = "--tls-cert";
constexpr char kKeyFlag[] = "--tls-key";
constexpr char kClientFlag[] = "--tls-client-ca";

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
struct BioFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFree>;

Bio Reader(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate FirstCertificate(const std::string& pem) {
  Certificate found(PEM_read_bio_X509(Reader(pem).get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return found;
}

/// A key with a passphrase is none: nobody is there to type it.
Key PrivateKey(const std::string& pem) {
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  Key found(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return found;
}

Result<std::string> ReadPem(const std::string& path, const char* flag) {
  auto text = ReadFile(path, kMostBytes);
  if (!text) {
    return Fail(Code::kInvalidArgument, text.error().message, flag);
  }
  return text;
}

Result<std::string> ReadCertificates(const std::string& path, const char* flag) {
  HONE_ASSIGN_OR_RETURN(std::string text, ReadPem(path, flag));
  if (FirstCertificate(text) == nullptr) {
    return Fail(Code::kInvalidArgument, "'" + path + "' has no certificate in PEM", flag);
  }
  return text;
}

Result<std::string> ReadKey(const std::string& path, const std::string& certificates) {
  HONE_ASSIGN_OR_RETURN(std::string text, ReadPem(path, kKeyFlag));
  struct stat there {};
  if (::stat(path.c_str(), &there) != 0 || (there.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Fail(Code::kInvalidArgument, "everybody may read '" + path + "': chmod 600 it",
                kKeyFlag);
  }
  const Key key = PrivateKey(text);
  if (key == nullptr) {
    return Fail(Code::kInvalidArgument,
                "'" + path + "' has no private key in PEM without a passphrase", kKeyFlag);
  }
  const Certificate own = FirstCertificate(certificates);
  const bool fits = X509_check_private_key(own.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return Fail(Code::kInvalidArgument, "'" + path + "' is not the key of the certificate",
                kKeyFlag);
  }
  return text;
}

}  // namespace

std::string StampOf(const TlsFiles& files) {
  std::string stamp;
  for (const std::string& path : {files.certificate, files.key, files.client_ca}) {
    struct stat there {};
    if (!path.empty() && ::stat(path.c_str(), &there) == 0) {
      stamp += std::to_string(there.st_ino) + ":" + std::to_string(there.st_size) + ":" +
               std::to_string(there.st_mtim.tv_sec) + "." + std::to_string(there.st_mtim.tv_nsec);
    }
    stamp += ";";
  }
  return stamp;
}

Result<std::optional<TlsIdentity>> LoadTls(const TlsFiles& files) {
  if (files.certificate.empty() && files.key.empty() && files.client_ca.empty()) {
    return std::nullopt;
  }
  if (files.certificate.empty() || files.key.empty()) {
    return Fail(Code::kInvalidArgument, "TLS needs --tls-cert and --tls-key",
                files.certificate.empty() ? kCertFlag : kKeyFlag);
  }
  TlsIdentity identity;
  HONE_ASSIGN_OR_RETURN(identity.certificate, ReadCertificates(files.certificate, kCertFlag));
  HONE_ASSIGN_OR_RETURN(identity.key, ReadKey(files.key, identity.certificate));
  if (!files.client_ca.empty()) {
    HONE_ASSIGN_OR_RETURN(identity.client_ca, ReadCertificates(files.client_ca, kClientFlag));
  }
  return identity;
}

}  // namespace hone

// SPDX-License-Identifier: Apache-2.0
// SHA-256 by OpenSSL, which uses what the processor has for it.
#include "net/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace jobq::net {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  check(state_->context != nullptr, "memory for a checksum");
  check(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1, "SHA-256 is there");
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  check(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1, "SHA-256 goes on");
}

std::string Sha256::finish() {
  constexpr std::size_t kBytes = 32;
  std::string sum(kBytes, '\0');
  unsigned int size = kBytes;
  auto* const out = reinterpret_cast<unsigned char*>(sum.data());
  check(EVP_DigestFinal_ex(state_->context, out, &size) == 1, "SHA-256 ends");
  return sum;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

}  // namespace jobq::net

// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with an external pre-shared key, on OpenSSL.
#include "net/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace jobq::net {

// Between OpenSSL and the session's two ends: OpenSSL reads what was received where it stands and
// writes straight to what is to be sent. Its memory BIO would keep a copy of both.
struct TlsPipe {
  static TlsSession& session(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* out, int room) {
    std::string_view& in = session(bio).in_;
    BIO_clear_retry_flags(bio);
    if (in.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t n = std::min(in.size(), static_cast<std::size_t>(room));
    std::memcpy(out, in.data(), n);
    in.remove_prefix(n);
    return static_cast<int>(n);
  }

  static int write(BIO* bio, const char* bytes, int count) {
    BIO_clear_retry_flags(bio);
    session(bio).out_.append({bytes, static_cast<std::size_t>(count)});
    return count;
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* make_method() {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "jobq");
    check(made != nullptr, "OpenSSL has no memory");
    BIO_meth_set_read(made, read);
    BIO_meth_set_write(made, write);
    BIO_meth_set_ctrl(made, control);
    return made;
  }

  static BIO* make(TlsSession* session) {
    static BIO_METHOD* const kMethod = make_method();
    BIO* bio = BIO_new(kMethod);
    check(bio != nullptr, "OpenSSL has no memory");
    BIO_set_data(bio, session);
    BIO_set_init(bio, 1);
    return bio;
  }
};

namespace {

constexpr std::string_view kIdentity = "jobq";
constexpr const char* kSuite = "TLS_AES_128_GCM_SHA256";
constexpr std::array<unsigned char, 2> kSuiteCode{0x13, 0x01};
constexpr const char* kGroups = "X25519:P-256";
// How a stream of TLS begins: with a record of one of these types (RFC 8446, 5.1).
constexpr char kAlertRecord = 21;
constexpr char kHandshakeRecord = 22;
// AES-GCM is sound for 2^24.5 full records under one key (RFC 8446, 5.5).
constexpr std::uint64_t kRecordsUnderKey = 1U << 23U;
constexpr std::size_t kRecordBytes = 1U << 14U;

std::string openssl_text(unsigned long error) {
  const char* text = ERR_reason_error_string(error);
  return text != nullptr ? text : fmt::format("error {:#x}", error);
}

// The key as OpenSSL wants it: as the session that is resumed.
SSL_SESSION* session_of(SSL* ssl, std::string_view key) {
  SSL_SESSION* session = SSL_SESSION_new();
  const SSL_CIPHER* suite = SSL_CIPHER_find(ssl, kSuiteCode.data());
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.data());
  const bool made = session != nullptr && suite != nullptr &&
                    SSL_SESSION_set1_master_key(session, bytes, key.size()) == 1 &&
                    SSL_SESSION_set_cipher(session, suite) == 1 &&
                    SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1;
  if (made) return session;
  SSL_SESSION_free(session);
  return nullptr;
}

std::string_view key_of(SSL* ssl) {
  return *static_cast<const std::string*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
}

// The client offers the key.
int offer_key(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* length,
              SSL_SESSION** session) {
  *identity = reinterpret_cast<const unsigned char*>(kIdentity.data());
  *length = kIdentity.size();
  *session = session_of(ssl, key_of(ssl));
  return *session != nullptr ? 1 : 0;
}

// The server looks for the key that a client names. One that names another gets no session, and
// without certificates the handshake then fails.
int find_key(SSL* ssl, const unsigned char* identity, std::size_t length, SSL_SESSION** session) {
  const std::string_view named(reinterpret_cast<const char*>(identity), length);
  *session = named == kIdentity ? session_of(ssl, key_of(ssl)) : nullptr;
  return 1;
}

bool set_profile(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  // Without the key exchange (psk_ke) never: what is recorded stays closed when the key leaks.
  SSL_CTX_clear_options(context, SSL_OP_ALLOW_NO_DHE_KEX);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_ciphersuites(context, kSuite) == 1 &&
         SSL_CTX_set1_groups_list(context, kGroups) == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(TlsSide side, const ClusterKey& key) {
  check(key.bytes.size() == kClusterKeyBytes, "a cluster key has 32 bytes");
  // The system's openssl.cnf is for programs that leave choices open.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
  std::shared_ptr<TlsContext> made(new TlsContext);
  made->side_ = side;
  made->key_ = key.bytes;
  made->context_ =
      SSL_CTX_new(side == TlsSide::kServer ? TLS_server_method() : TLS_client_method());
  if (made->context_ == nullptr || !set_profile(made->context_)) {
    return fail(ErrorCode::kInternal, "cannot set up TLS: " + openssl_text(ERR_get_error()));
  }
  SSL_CTX_set_app_data(made->context_, &made->key_);
  if (side == TlsSide::kServer) {
    SSL_CTX_set_psk_find_session_callback(made->context_, find_key);
  } else {
    SSL_CTX_set_psk_use_session_callback(made->context_, offer_key);
    // No certificate is trusted: a server that has one instead of the key is refused.
    SSL_CTX_set_verify(made->context_, SSL_VERIFY_PEER, nullptr);
  }
  return made;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
  OPENSSL_cleanse(key_.data(), key_.size());
}

TlsSession::TlsSession(std::shared_ptr<TlsContext> context)
    : context_(std::move(context)), ssl_(SSL_new(context_->context_)) {
  check(ssl_ != nullptr, "OpenSSL has no memory");
  BIO* pipe = TlsPipe::make(this);
  SSL_set_bio(ssl_, pipe, pipe);
  if (context_->side_ == TlsSide::kServer) {
    SSL_set_accept_state(ssl_);
  } else {
    SSL_set_connect_state(ssl_);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

void TlsSession::received(std::string_view bytes) {
  check(in_.empty(), "TLS was given bytes before it read the last ones");
  if (!any_received_ && !bytes.empty()) {
    any_received_ = true;
    plain_text_peer_ = bytes.front() != kHandshakeRecord && bytes.front() != kAlertRecord;
  }
  in_ = bytes;
}

Result<bool> TlsSession::handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_);
  // An external key counts as a session that was resumed. Nothing else lets anybody in.
  if (done == 1 && SSL_session_reused(ssl_) == 1) return true;
  if (done == 1) return fail(ErrorCode::kDenied, "it did not use the cluster key");
  if (SSL_get_error(ssl_, done) == SSL_ERROR_WANT_READ) return false;
  return fail(ErrorCode::kDenied, handshake_failure());
}

// What went wrong, for people: OpenSSL's own words are about the protocol's parts.
std::string TlsSession::handshake_failure() const {
  const unsigned long error = ERR_peek_error();
  if (plain_text_peer_) return "it does not speak TLS";
  switch (ERR_GET_REASON(error)) {
    case SSL_R_BINDER_DOES_NOT_VERIFY:
    case SSL_R_SSLV3_ALERT_ILLEGAL_PARAMETER:
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: return "it has another cluster key";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION: return "it does not speak TLS 1.3";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      return "it shows a certificate instead of the cluster key";
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE: return "it does not use the cluster key";
    default: return "TLS handshake failed: " + openssl_text(error);
  }
}

Result<std::size_t> TlsSession::read(std::span<char> out) {
  ERR_clear_error();
  std::size_t n = 0;
  const int done = SSL_read_ex(ssl_, out.data(), out.size(), &n);
  if (done == 1) return n;
  switch (SSL_get_error(ssl_, done)) {
    case SSL_ERROR_WANT_READ: return std::size_t{0};
    case SSL_ERROR_ZERO_RETURN:
      in_ = {};
      return fail(ErrorCode::kUnreachable, "the peer closed the connection");
    default:
      in_ = {};
      return fail(ErrorCode::kUnreachable, "TLS failed: " + openssl_text(ERR_peek_error()));
  }
}

Result<void> TlsSession::write(std::string_view plain) {
  ERR_clear_error();
  records_under_key_ += plain.size() / kRecordBytes + 1;
  if (records_under_key_ > kRecordsUnderKey) renew_key();
  std::size_t n = 0;
  if (plain.empty() || SSL_write_ex(ssl_, plain.data(), plain.size(), &n) == 1) return {};
  return fail(ErrorCode::kUnreachable, "TLS failed: " + openssl_text(ERR_peek_error()));
}

void TlsSession::renew_key() {
  SSL_key_update(ssl_, SSL_KEY_UPDATE_NOT_REQUESTED);
  records_under_key_ = 0;
}

void TlsSession::say_goodbye() {
  ERR_clear_error();
  SSL_shutdown(ssl_);
}

std::string TlsSession::describe() const {
  const char* group = OBJ_nid2sn(static_cast<int>(SSL_get_negotiated_group(ssl_)));
  return fmt::format("{} {} {}", SSL_get_version(ssl_), SSL_get_cipher_name(ssl_), group);
}

}  // namespace jobq::net

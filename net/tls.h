// SPDX-License-Identifier: Apache-2.0
// TLS 1.3 with the cluster key, as an engine without input and output: bytes in, bytes out.
//
// The one profile: TLS 1.3, the suite TLS_AES_128_GCM_SHA256, an external pre-shared key (the
// cluster key, bound to SHA-256, identity "jobq") always with an ephemeral key exchange on X25519
// or P-256 (psk_dhe_ke). No certificates, no tickets, no early data, no older version. Either side
// ends the handshake unless the other has proved that it has the key.
//
// OpenSSL is not touched before the first TlsContext is made.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/buffer.h"
#include "net/endpoint.h"

struct ssl_st;
struct ssl_ctx_st;

namespace jobq::net {

enum class TlsSide { kClient, kServer };

// The profile and the key; shared by the sessions of a listener.
class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> make(TlsSide side, const ClusterKey& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  TlsContext() = default;

  TlsSide side_ = TlsSide::kClient;
  std::string key_;
  ssl_ctx_st* context_ = nullptr;
};

class TlsSession {
 public:
  explicit TlsSession(std::shared_ptr<TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  // What the peer sent. It is read in place: call handshake() or read() until they want more before
  // the bytes go away.
  void received(std::string_view bytes);
  // What is to be sent to the peer; every call below may add to it.
  Buffer& to_send() { return out_; }

  // True when it is complete, false when more must come from the peer. kDenied where the peer does
  // not speak this profile or does not have the key: the message completes a sentence about the
  // peer.
  Result<bool> handshake();
  // How many plain bytes stand in out; 0: more must come from the peer. kUnreachable: it said
  // goodbye.
  Result<std::size_t> read(std::span<char> out);
  Result<void> write(std::string_view plain);
  void say_goodbye();
  // A new key for what this side sends; write() sees to it long before a key has been used too
  // often.
  void renew_key();

  // "TLSv1.3 TLS_AES_128_GCM_SHA256 X25519", of a complete handshake.
  std::string describe() const;

 private:
  friend struct TlsPipe;
  std::string handshake_failure() const;

  std::shared_ptr<TlsContext> context_;
  ssl_st* ssl_ = nullptr;
  std::string_view in_;
  Buffer out_;
  bool plain_text_peer_ = false;
  bool any_received_ = false;
  std::uint64_t records_under_key_ = 0;
};

}  // namespace jobq::net

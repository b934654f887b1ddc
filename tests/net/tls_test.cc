// SPDX-License-Identifier: Apache-2.0
// TLS: who has the key talks, nobody else gets past the handshake.
#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <thread>

#include "net/connection_impl.h"
#include "tests/net/net_world.h"

namespace jobq::net {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TlsTest : public NetWorld {
 protected:
  Peer& accepted() {
    EXPECT_TRUE(until([&] { return !accepted_.empty(); }));
    return *accepted_[0];
  }
  // Turns the loop while another thread talks to the server by hand, then returns the log.
  std::string log_while(const std::function<void()>& talk) {
    CapturedLog log;
    std::atomic<bool> done = false;
    std::thread other([&] {
      talk();
      done = true;
    });
    EXPECT_TRUE(until([&] { return done.load(); }));
    other.join();
    settle();
    return log.take();
  }
};

TEST_F(TlsTest, LargeMessagesPassBothWays) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  ASSERT_TRUE(client->connection) << connect_error_;
  const std::string up = text_of(10'000'000, 'u');
  const std::string down = text_of(10'000'000, 'd');
  (*client)->send_bytes(up);
  accepted()->send_bytes(down);
  (*client)->send_bytes("small");
  ASSERT_TRUE(
      until([&] { return accepted().messages.size() == 2 && client->messages.size() == 1; }));
  EXPECT_TRUE(accepted().messages[0] == up);
  EXPECT_EQ(accepted().messages[1], "small");
  EXPECT_TRUE(client->messages[0] == down);
  EXPECT_EQ((*client)->queued_bytes(), 0U);
  EXPECT_GE(client->drained, 1);
  EXPECT_FALSE((*client)->credentials());
  EXPECT_THAT(accepted()->peer(), HasSubstr("127.0.0.1:"));
}

TEST_F(TlsTest, TheProfileIsTls13WithAnEphemeralKeyExchange) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  for (Connection* end : {client->connection.get(), accepted().connection.get()}) {
    EXPECT_EQ(Connection::Impl::of(*end).tls()->describe(),
              "TLSv1.3 TLS_AES_128_GCM_SHA256 X25519");
  }
}

TEST_F(TlsTest, ManySmallMessagesKeepTheirOrder) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  std::vector<std::string> expected;
  for (int i = 0; i < 20000; ++i) expected.push_back(std::to_string(i));
  for (const std::string& message : expected) (*client)->send_bytes(message);
  ASSERT_TRUE(until([&] { return accepted().messages.size() == expected.size(); }));
  EXPECT_EQ(accepted().messages, expected);
}

TEST_F(TlsTest, APausedConnectionHoldsBackWhatWasDecrypted) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  Peer& peer = accepted();
  peer.on_message = [&](std::string_view) { peer->pause_reading(); };
  for (const char* message : {"a", "b", "c"}) (*client)->send_bytes(message);
  for (std::size_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(until([&] { return peer.messages.size() == n; }));
    settle();
    ASSERT_EQ(peer.messages.size(), n);
    peer->resume_reading();
  }
  EXPECT_THAT(peer.messages, ElementsAre("a", "b", "c"));
}

TEST_F(TlsTest, AfterANewKeyTheConversationGoesOn) {
  const auto server_side = *TlsContext::make(TlsSide::kServer, some_key('k'));
  const auto client_side = *TlsContext::make(TlsSide::kClient, some_key('k'));
  TlsSession server(server_side);
  TlsSession client(client_side);
  const auto pass = [](TlsSession& from, TlsSession& to, std::string& bytes) {
    bytes = from.to_send().view();
    from.to_send().clear();
    to.received(bytes);
  };
  std::string bytes;
  ASSERT_FALSE(*client.handshake());
  pass(client, server, bytes);
  ASSERT_FALSE(*server.handshake());
  pass(server, client, bytes);
  ASSERT_TRUE(*client.handshake());
  pass(client, server, bytes);
  ASSERT_TRUE(*server.handshake());
  std::array<char, 100> out{};
  for (int i = 0; i < 3; ++i) {
    client.renew_key();
    ASSERT_TRUE(client.write("hello"));
    pass(client, server, bytes);
    ASSERT_EQ(*server.read(out), 5U);
    ASSERT_EQ(*server.read(out), 0U);
  }
  EXPECT_TRUE(server.to_send().empty()) << "no tickets, no answers to new keys";
}

TEST_F(TlsTest, AConnectionThatIsFlushedAndClosedDeliversEverything) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  const std::string large(5'000'000, 'x');
  (*client)->send_bytes(large);
  accepted()->send_bytes("crossing");
  (*client)->close_after_flush();
  client->connection.reset();
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  ASSERT_EQ(accepted().messages.size(), 1U);
  EXPECT_TRUE(accepted().messages[0] == large);
  EXPECT_EQ(accepted().closed[0], "the peer closed the connection");
}

TEST_F(TlsTest, BytesThatWereTamperedWithEndTheConnection) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect(address, some_key('k'));
  ASSERT_TRUE(until([&] { return !accepted_.empty(); }));
  // A record that nobody has encrypted, behind the connection's back.
  Connection::Impl& impl = Connection::Impl::of(*client->connection);
  write_all(Descriptor(::dup(impl.descriptor())),
            std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  ASSERT_TRUE(until([&] { return accepted().closed.size() == 1; }));
  EXPECT_THAT(accepted().closed[0], HasSubstr("TLS failed"));
  EXPECT_THAT(accepted().messages, IsEmpty());
}

// --- who gets no further than the handshake ---

TEST_F(TlsTest, AnotherKeyIsRefused) {
  const TcpAddress address = serve_tcp(some_key('k'));
  CapturedLog log;
  const auto client = connect(address, some_key('x'));
  EXPECT_FALSE(client->connection);
  EXPECT_EQ(connect_error_,
            "no TLS connection with " + to_string(address) + ": it has another cluster key");
  settle();
  const std::string written = log.take();
  EXPECT_THAT(written, HasSubstr("refused 127.0.0.1:"));
  EXPECT_THAT(written, HasSubstr(": it has another cluster key"));
  EXPECT_THAT(written, Not(HasSubstr("kkkk")));
  EXPECT_THAT(written, Not(HasSubstr("xxxx")));
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(TlsTest, PlainTextIsRefused) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const std::string log = log_while([&] {
    const Descriptor raw = connect_raw(address);
    write_all(raw, framed("hello"));
    read_to_end(raw);
  });
  EXPECT_THAT(log, HasSubstr("it does not speak TLS"));
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(TlsTest, APeerThatLeavesInTheHandshakeIsALineInTheLog) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const std::string log = log_while([&] { connect_raw(address); });
  EXPECT_THAT(log, HasSubstr("the peer closed the connection"));
  EXPECT_THAT(accepted_, IsEmpty());
}

// A client of OpenSSL's own, made less careful than ours.
struct ForeignClient {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
  Descriptor socket;

  ~ForeignClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  // True when the handshake and a first read do not fail: TLS 1.3 clients are told late.
  bool talk(Descriptor connected) {
    socket = std::move(connected);
    ssl = SSL_new(context);
    SSL_set_fd(ssl, socket.get());
    if (SSL_connect(ssl) != 1) return false;
    char byte = 0;
    return SSL_read(ssl, &byte, 1) == 1;
  }
};

int offer_psk(SSL* ssl, const char* identity, const std::string& key, const unsigned char** id,
              std::size_t* length, SSL_SESSION** session) {
  constexpr std::array<unsigned char, 2> kSuite{0x13, 0x01};
  *id = reinterpret_cast<const unsigned char*>(identity);
  *length = std::strlen(identity);
  *session = SSL_SESSION_new();
  SSL_SESSION_set1_master_key(*session, reinterpret_cast<const unsigned char*>(key.data()),
                              key.size());
  SSL_SESSION_set_cipher(*session, SSL_CIPHER_find(ssl, kSuite.data()));
  return SSL_SESSION_set_protocol_version(*session, TLS1_3_VERSION);
}

TEST_F(TlsTest, NoKeyIsRefused) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const std::string log = log_while([&] {
    ForeignClient client;
    EXPECT_FALSE(client.talk(connect_raw(address)));
  });
  EXPECT_THAT(log, HasSubstr("it does not use the cluster key"));
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(TlsTest, Tls12IsRefused) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const std::string log = log_while([&] {
    ForeignClient client;
    SSL_CTX_set_max_proto_version(client.context, TLS1_2_VERSION);
    EXPECT_FALSE(client.talk(connect_raw(address)));
  });
  EXPECT_THAT(log, HasSubstr("it does not speak TLS 1.3"));
  EXPECT_THAT(accepted_, IsEmpty());
}

TEST_F(TlsTest, AnotherIdentityIsRefusedThoughTheKeyIsRight) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const std::string log = log_while([&] {
    ForeignClient client;
    SSL_CTX_set_psk_use_session_callback(
        client.context, [](SSL* ssl, const EVP_MD*, const unsigned char** id, std::size_t* length,
                           SSL_SESSION** session) {
          return offer_psk(ssl, "somebody", some_key('k').bytes, id, length, session);
        });
    EXPECT_FALSE(client.talk(connect_raw(address)));
  });
  EXPECT_THAT(log, HasSubstr("it does not use the cluster key"));
  EXPECT_THAT(accepted_, IsEmpty());
}

// A client that would do without the key exchange gets one all the same.
TEST_F(TlsTest, TheKeyExchangeIsNeverLeftOut) {
  const TcpAddress address = serve_tcp(some_key('k'));
  log_while([&] {
    ForeignClient client;
    SSL_CTX_set_options(client.context, SSL_OP_ALLOW_NO_DHE_KEX | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_psk_use_session_callback(
        client.context, [](SSL* ssl, const EVP_MD*, const unsigned char** id, std::size_t* length,
                           SSL_SESSION** session) {
          return offer_psk(ssl, "jobq", some_key('k').bytes, id, length, session);
        });
    client.socket = connect_raw(address);
    client.ssl = SSL_new(client.context);
    SSL_set_fd(client.ssl, client.socket.get());
    ASSERT_EQ(SSL_connect(client.ssl), 1);
    EXPECT_EQ(SSL_get_negotiated_group(client.ssl), NID_X25519);
    SSL_shutdown(client.ssl);
  });
  EXPECT_EQ(Connection::Impl::of(*accepted().connection).tls()->describe(),
            "TLSv1.3 TLS_AES_128_GCM_SHA256 X25519");
}

// A server with a certificate of its own making instead of the key.
class ForeignServer {
 public:
  ForeignServer() {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context_, certificate);
    SSL_CTX_use_PrivateKey(context_, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~ForeignServer() { SSL_CTX_free(context_); }
  bool accept_on(const Descriptor& listener) {
    const Descriptor socket(::accept(listener.get(), nullptr, nullptr));
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, socket.get());
    const bool accepted = SSL_accept(ssl) == 1;
    SSL_free(ssl);
    return accepted;
  }

 private:
  SSL_CTX* context_ = SSL_CTX_new(TLS_server_method());
};

TEST_F(TlsTest, AServerWithACertificateInsteadOfTheKeyIsRefused) {
  const Descriptor listener = std::move(*listen_tcp({"127.0.0.1", 0}));
  set_blocking(listener.get());
  std::thread server([&] { EXPECT_FALSE(ForeignServer().accept_on(listener)); });
  const auto client = connect(local_address(listener.get()), some_key('k'));
  server.join();
  EXPECT_FALSE(client->connection);
  EXPECT_THAT(connect_error_, HasSubstr("it shows a certificate instead of the cluster key"));
}

// --- connecting ---

TEST_F(TlsTest, NamesAreResolved) {
  const TcpAddress address = serve_tcp(some_key('k'));
  const auto client = connect({kOwnName, address.port}, some_key('k'));
  EXPECT_TRUE(client->connection) << connect_error_;
}

TEST_F(TlsTest, AnUnknownNameIsAnError) {
  const auto client = connect({"no-such-host.invalid", 1}, some_key('k'));
  EXPECT_THAT(connect_error_, HasSubstr("the address of no-such-host.invalid is not known"));
}

TEST_F(TlsTest, NobodyAtTheAddressIsAnError) {
  const auto client = connect({"127.0.0.1", 1}, some_key('k'));
  EXPECT_EQ(connect_error_, "no controller answers at 127.0.0.1:1: Connection refused");
}

TEST_F(TlsTest, AServerThatSaysNothingIsGivenUp) {
  const Descriptor silent = std::move(*listen_tcp({"127.0.0.1", 0}));
  std::string error;
  const auto attempt = connect_tcp(&loop_, local_address(silent.get()), some_key('k'), Millis{30},
                                   [&](auto result) { error = result.error().message; });
  ASSERT_TRUE(until([&] { return !error.empty(); }));
  EXPECT_THAT(error, HasSubstr("within 30ms"));
}

TEST_F(TlsTest, AttemptsThatAreAbandonedCallNobody) {
  const TcpAddress address = serve_tcp(some_key('k'));
  for (int turns = 0; turns < 6; ++turns) {
    for (const char* host : {"127.0.0.1", kOwnName}) {
      auto attempt = connect_tcp(&loop_, {host, address.port}, some_key('k'), seconds(30),
                                 [](auto made) { EXPECT_TRUE(made); });
      for (int i = 0; i < turns; ++i) uv_run(&loop_, UV_RUN_NOWAIT);
      attempt.reset();
    }
  }
  settle();
}

TEST_F(TlsTest, Ipv6IsServed) {
  serve();
  const auto bound = server_->listen_tcp({"::1", 0}, some_key('k'));
  if (!bound) GTEST_SKIP() << "no IPv6 here: " << bound.error().message;
  const auto client = connect(*bound, some_key('k'));
  ASSERT_TRUE(client->connection) << connect_error_;
  EXPECT_THAT(accepted()->peer(), HasSubstr("[::1]:"));
}

}  // namespace
}  // namespace jobq::net

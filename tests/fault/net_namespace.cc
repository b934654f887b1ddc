// SPDX-License-Identifier: Apache-2.0
// A few calls of the kernel: it takes no more, and no ip(8), to have a network.
#include "tests/fault/net_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace jobq::fault {
namespace {

int open_current() { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

void enter(int file) { check(setns(file, CLONE_NEWNET) == 0, "a namespace can be entered"); }

int open_tun() { return open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC); }

// The name of the new device is left in `request`.
bool make_device(int tun, ifreq& request) {
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  return ioctl(tun, TUNSETIFF, &request) == 0;
}

// Of the device that `request` names, in this thread's namespace.
class Settings {
 public:
  explicit Settings(ifreq request)
      : request_(request), socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}
  ~Settings() { close(socket_); }
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  void set_address(unsigned long what, const std::string& text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    check(inet_pton(AF_INET, text.c_str(), &address.sin_addr) == 1, "an address");
    std::memcpy(&request_.ifr_addr, &address, sizeof address);
    apply(what);
  }
  void set_up() {
    apply(SIOCGIFFLAGS);
    request_.ifr_flags |= IFF_UP;
    apply(SIOCSIFFLAGS);
  }

 private:
  void apply(unsigned long what) {
    check(ioctl(socket_, what, &request_) == 0, "a device of ours can be set");
  }

  ifreq request_;
  int socket_;
};

}  // namespace

std::string why_no_namespaces() {
  const int before = open_current();
  if (unshare(CLONE_NEWNET) != 0) {
    const int error = errno;
    close(before);
    return std::string("no network namespace can be made: ") + std::strerror(error);
  }
  const int tun = open_tun();
  ifreq request{};
  const bool made = tun >= 0 && make_device(tun, request);
  const int error = errno;
  if (tun >= 0) close(tun);
  enter(before);
  close(before);
  return made ? "" : std::string("/dev/net/tun makes no device: ") + std::strerror(error);
}

NetNamespace::NetNamespace() {
  const int before = open_current();
  check(unshare(CLONE_NEWNET) == 0, "a namespace can be made");
  file_ = open_current();
  ifreq loopback{};
  std::strncpy(loopback.ifr_name, "lo", sizeof loopback.ifr_name - 1);
  Settings(loopback).set_up();
  enter(before);
  close(before);
}

NetNamespace::~NetNamespace() { close(file_); }

Inside::Inside(const NetNamespace& space) : before_(open_current()) { enter(space.file()); }

Inside::~Inside() {
  enter(before_);
  close(before_);
}

int open_end(const std::string& here, const std::string& there) {
  const int tun = open_tun();
  ifreq request{};
  check(tun >= 0 && make_device(tun, request), "a device of ours can be made");
  Settings settings(request);
  settings.set_address(SIOCSIFADDR, here);
  settings.set_address(SIOCSIFDSTADDR, there);
  settings.set_up();
  return tun;
}

}  // namespace jobq::fault

// SPDX-License-Identifier: Apache-2.0
// Telling systemd (or whoever set NOTIFY_SOCKET) how a daemon is: sd_notify(3) and
// sd_watchdog_enabled(3). A datagram needs no library. Where nobody listens, nothing happens.
#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace jobq::cmd {

bool somebody_is_notified();
void notify_ready();
void notify_stopping();
void notify_status(std::string_view status);  // one line for a person
void notify_alive();

// Within how much time after the last one notify_alive() must be called again. Nothing where
// nobody waits for it, or for another process.
std::optional<Millis> watchdog_limit();

}  // namespace jobq::cmd

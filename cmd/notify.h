// SPDX-License-Identifier: Apache-2.0
// Telling systemd (or whoever set NOTIFY_SOCKET) that a daemon is ready. A datagram needs no
// library.
#pragma once

namespace jobq::cmd {

void notify_ready();
void notify_stopping();

}  // namespace jobq::cmd

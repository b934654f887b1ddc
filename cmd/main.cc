// SPDX-License-Identifier: Apache-2.0
// The entry point; everything else is in cmd/dispatch.cc.
#include "cmd/dispatch.h"

int main(int argc, char** argv) { return jobq::cmd::dispatch(argc, argv); }

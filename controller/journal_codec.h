// SPDX-License-Identifier: Apache-2.0
// How the journal encodes what is no plain column: as on the wire.
#pragma once

#include "controller/translate_recur.h"
#include "store/journal.h"

namespace jobq::controller {

inline store::SpecCodec journal_codec() {
  return {.encode = encode_spec,
          .decode = decode_spec,
          .encode_recur = encode_recur,
          .decode_recur = decode_recur};
}

}  // namespace jobq::controller

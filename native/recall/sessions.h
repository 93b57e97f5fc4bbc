#pragma once
// Sessions as a source: what others did who did the same (Ludewig & Jannach 2018, "Evaluation of session-based
// recommendation algorithms", session-based nearest neighbours, with the decays of Garg et al. 2019, "Sequence and time
// aware neighborhood").

#include <vector>

#include "../include/top.h"
#include "../state/candidates.h"
#include "../state/votes.h"
#include "rules.h"

namespace kairank {

struct SessionScratch {
  SparseScores likeness;         // by session
  std::vector<uint32_t> shared;  // by session: the newest event's row that it has in common
  TopRows nearest;
  RowSet asked;
};

/// out[i] = sum over the nearest sessions that have item i of likeness * exp(-distance * (places from the newest shared
/// item - 1)) * itemShare[i]; the shared item itself counts as its neighbours do. The likeness of a session: the sum of
/// vote * itemShare over the items it shares / sqrt(its items), aged. `out` is reset first. Items before the shared one
/// count `back` times as much.
void scoreSessions(const SessionsModel& model, const std::vector<Vote>& votes, SessionScratch& scratch,
                   SparseScores& out);

}  // namespace kairank

#pragma once
// The first half of the way: candidates of every source, merged, each with the scores that recall knows.

#include <functional>

#include "scratch.h"
#include "stages.h"

namespace kairank {

/// One ask after recall. Attention has not scored yet; `votes` are the rules' view of the history.
using RecalledVisitor = std::function<void(size_t ask, Candidates& candidates, const std::vector<Vote>& votes)>;

/// Recalls for every ask and calls `visit` in their order; what it is given is valid during the call.
///
/// Rules, sessions, factors, the sequence model, content and, where seen items may be shown, repeats each bring an
/// equal share of the candidates, those that there are, and popularity fills up what they leave free; to a query in
/// words content alone brings candidates. Every source that knows a candidate scores it, whoever brought it.
void recallBatch(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch, const RecalledVisitor& visit);

}  // namespace kairank

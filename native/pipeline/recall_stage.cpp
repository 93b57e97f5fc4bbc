#include "recall_stage.h"

#include <algorithm>

#include "../dispatch/dispatch.h"
#include "../recall/factors.h"
#include "../recall/popularity.h"

namespace kairank {

namespace {

size_t wantedOf(const Ask& ask) { return std::max<size_t>(ask.candidates, ask.k); }

/// Where rules and factors both recall, each brings half.
size_t quotaOf(const ModelSet& models, const Ask& ask) {
  return models.rules && models.factors ? (wantedOf(ask) + 1) / 2 : wantedOf(ask);
}

void block(const Ask& ask, RowSet& blocked) {
  blocked.clear(ask.eligible.rows);
  for (size_t i = 0; i < ask.excludedCount; i++) blocked.add(ask.excluded[i]);
  if (!ask.excludeSeen) return;
  for (size_t i = 0; i < ask.eventCount; i++) {
    if (positive(ask.events[i])) blocked.add(ask.events[i].row);
  }
}

/// Rows with factors that a shopper may be shown.
class Allowed final : public RowPredicate {
 public:
  Allowed(const FactorsModel& factors, const Eligibility& eligible, const RowSet& blocked)
      : factors_(factors), eligible_(eligible), blocked_(blocked) {}
  bool accepts(uint32_t row) override { return factors_.has(row) && eligible_.has(row) && !blocked_.has(row); }

 private:
  const FactorsModel& factors_;
  const Eligibility& eligible_;
  const RowSet& blocked_;
};

/// Folds the histories in and scans the catalogue once for those that recall from it.
void recallByFactors(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch) {
  const FactorsModel& factors = *models.factors;
  const size_t dim = factors.dim;
  scratch.queries.resize(count * dim);
  scratch.scanned.clear();
  TopRows* tops[kAskBatch];
  uint32_t wanted[kAskBatch];
  std::vector<Allowed> allowed;
  RowPredicate* predicates[kAskBatch];
  allowed.reserve(count);
  size_t scanned = 0;
  for (size_t a = 0; a < count; a++) {
    AskSlot& slot = scratch.slots[a];
    slot.factors.reset(quotaOf(models, asks[a]));
    collectVotes(asks[a].events, asks[a].eventCount, models.items, factors.decay, factors.maxEvents, scratch.votes);
    float* query = scratch.queries.data() + a * dim;
    slot.folded = foldIn(factors, scratch.votes, scratch.foldIn, query);
    if (!slot.folded || asks[a].given) continue;
    scratch.scanned.insert(scratch.scanned.end(), query, query + dim);
    allowed.emplace_back(factors, asks[a].eligible, slot.blocked);
    predicates[scanned] = &allowed.back();
    wanted[scanned] = static_cast<uint32_t>(quotaOf(models, asks[a]));
    tops[scanned++] = &slot.factors;
  }
  if (scanned > 0) recallFactors(models, scratch.scanned.data(), scanned, wanted, predicates, tops);
}

void merge(const ModelSet& models, const Ask& ask, AskSlot& slot, Scratch& scratch) {
  Candidates& candidates = scratch.candidates;
  candidates.clear();
  scratch.taken.clear(ask.eligible.rows);
  const auto allowed = [&](uint32_t row) { return ask.eligible.has(row) && !slot.blocked.has(row); };
  const auto take = [&](uint32_t row) {
    if (scratch.taken.add(row)) candidates.add(row);
  };
  if (ask.given) {
    for (size_t i = 0; i < ask.givenCount; i++) {
      if (allowed(ask.given[i])) take(ask.given[i]);
    }
    return;
  }
  if (models.rules) {
    scratch.top.reset(quotaOf(models, ask));
    for (uint32_t row : scratch.rules) {
      if (scratch.rules[row] >= scratch.top.threshold() && allowed(row)) {
        scratch.top.offer(scratch.rules[row], row);
      }
    }
    for (const ScoredRow& scored : scratch.top.best()) take(scored.row);
  }
  if (slot.folded) {
    for (const ScoredRow& scored : slot.factors.best()) take(scored.row);
  }
  fillByPopularity(models, ask.eligible.rows, wantedOf(ask), ask.k, allowed, scratch.taken, scratch.top, candidates);
}

void score(const ModelSet& models, const AskSlot& slot, const float* query, Scratch& scratch) {
  Candidates& candidates = scratch.candidates;
  candidates.openScores();
  for (size_t i = 0; i < candidates.rows.size(); i++) {
    const uint32_t row = candidates.rows[i];
    if (row >= models.items) continue;
    if (models.rules && scratch.rules[row] > 0) candidates.set(i, Source::rules, scratch.rules[row]);
    if (slot.folded && models.factors->has(row)) {
      const size_t dim = models.factors->dim;
      float product;
      kernels().dotF32(query, models.factors->factors.data() + row * dim, dim, 1, dim, &product);
      candidates.set(i, Source::factors, product);
    }
    if (models.popularity[row] > 0) candidates.set(i, Source::popularity, models.logPopularity[row]);
  }
}

void recallSome(const ModelSet& models, const Ask* asks, size_t first, size_t count, Scratch& scratch,
                const RecalledVisitor& visit) {
  asks += first;
  for (size_t a = 0; a < count; a++) {
    block(asks[a], scratch.slots[a].blocked);
    scratch.slots[a].folded = false;
  }
  if (models.factors) recallByFactors(models, asks, count, scratch);
  const size_t dim = models.factors ? models.factors->dim : 0;
  for (size_t a = 0; a < count; a++) {
    scratch.votes.clear();
    if (models.rules) {
      collectVotes(asks[a].events, asks[a].eventCount, models.items, models.rules->decay, models.rules->maxEvents,
                   scratch.votes);
      scoreRules(*models.rules, scratch.votes, scratch.rules);
    }
    merge(models, asks[a], scratch.slots[a], scratch);
    score(models, scratch.slots[a], scratch.queries.data() + a * dim, scratch);
    visit(first + a, scratch.candidates, scratch.votes);
  }
}

}  // namespace

void recallBatch(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch,
                 const RecalledVisitor& visit) {
  for (size_t first = 0; first < count; first += kAskBatch) {
    recallSome(models, asks, first, std::min(kAskBatch, count - first), scratch, visit);
  }
}

}  // namespace kairank

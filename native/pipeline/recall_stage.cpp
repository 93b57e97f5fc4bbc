#include "recall_stage.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "../recall/embeddings.h"
#include "../recall/popularity.h"

namespace kairank {

namespace {

size_t wantedOf(const Ask& ask) { return std::max<size_t>(ask.candidates, ask.k); }

/// Sources that recall share the candidates evenly; a query in words has one source.
size_t quotaOf(const ModelSet& models, const Ask& ask) {
  if (ask.inWords) return wantedOf(ask);
  const size_t sources = (models.rules != nullptr) + (models.sessions != nullptr) + (models.factors != nullptr) +
                         (models.intents != nullptr) + (models.content != nullptr) + !ask.excludeSeen;
  return (wantedOf(ask) + sources - 1) / std::max<size_t>(1, sources);
}

void block(const Ask& ask, RowSet& blocked) {
  blocked.clear(ask.eligible.rows);
  for (size_t i = 0; i < ask.excludedCount; i++) blocked.add(ask.excluded[i]);
  if (!ask.excludeSeen) return;
  for (size_t i = 0; i < ask.eventCount; i++) {
    if (positive(ask.events[i])) blocked.add(ask.events[i].row);
  }
}

/// Rows of one source that a shopper may be shown.
class Allowed final : public RowPredicate {
 public:
  Allowed(const std::vector<uint64_t>& known, const Eligibility& eligible, const RowSet& blocked)
      : known_(known), eligible_(eligible), blocked_(blocked) {}
  bool accepts(uint32_t row) override {
    return ((known_[row >> 6] >> (row & 63)) & 1) && eligible_.has(row) && !blocked_.has(row);
  }
  uint64_t word(uint32_t index) const { return known_[index] & eligible_.word(index) & ~blocked_.word(index); }

 private:
  const std::vector<uint64_t>& known_;
  const Eligibility& eligible_;
  const RowSet& blocked_;
};

/// Embeddings of items, and what of them is worth recalling.
struct Embeddings {
  const VectorIndex& index;
  const float* rows;                   // items x dim
  const std::vector<uint64_t>& known;  // bit r: row r has one
  size_t dim;
};

/// Recalls what is near, for all asks that recall and whose shoppers have a vector in `queries` (asks x dim): the index
/// is scanned once for all of them, a small catalogue is scored whole for each.
void recallByVectors(const ModelSet& models, const Embeddings& embeddings, const Ask* asks, size_t count,
                     const std::vector<float>& queries, VectorRecall AskSlot::*source, Scratch& scratch) {
  scratch.scanned.clear();
  TopRows* tops[kAskBatch];
  uint32_t wanted[kAskBatch];
  std::vector<Allowed> allowed;
  RowPredicate* predicates[kAskBatch];
  allowed.reserve(count);
  size_t scanned = 0;
  for (size_t a = 0; a < count; a++) {
    VectorRecall& recalled = scratch.slots[a].*source;
    const auto quota = static_cast<uint32_t>(quotaOf(models, asks[a]));
    recalled.best.reset(quota);
    recalled.scores.clear();
    if (!recalled.known || asks[a].given) continue;
    const float* query = queries.data() + a * embeddings.dim;
    allowed.emplace_back(embeddings.known, asks[a].eligible, scratch.slots[a].blocked);
    if (scoredWhole(models.items, quota)) {
      scratch.allowed.resize(embeddings.known.size());
      for (uint32_t w = 0; w < scratch.allowed.size(); w++) scratch.allowed[w] = allowed.back().word(w);
      scoreWhole(query, embeddings.rows, models.items, static_cast<uint32_t>(embeddings.dim), scratch.allowed.data(),
                 quota, recalled.scores, scratch.nearest, recalled.best);
      continue;
    }
    scratch.scanned.insert(scratch.scanned.end(), query, query + embeddings.dim);
    predicates[scanned] = &allowed.back();
    wanted[scanned] = quota;
    tops[scanned++] = &recalled.best;
  }
  if (scanned > 0) recallEmbeddings(embeddings.index, scratch.scanned.data(), scanned, wanted, predicates, tops);
}

/// Offers the newcomers, too: few enough to be scored one and all.
void recallNewcomers(const Newcomers& newcomers, const Ask* asks, size_t count, Scratch& scratch) {
  const size_t late = newcomers.rows.size();
  scratch.late.resize(late);
  for (size_t a = 0; a < count; a++) {
    AskSlot& slot = scratch.slots[a];
    if (!slot.factors.known || asks[a].given) continue;
    kernels().dotF32(scratch.factors.data() + a * newcomers.dim, newcomers.factors.data(), newcomers.dim, late,
                     newcomers.dim, scratch.late.data());
    for (size_t i = 0; i < late; i++) {
      const uint32_t row = newcomers.rows[i];
      if (asks[a].eligible.has(row) && !slot.blocked.has(row)) slot.factors.best.offer(scratch.late[i], row);
    }
  }
}

/// Folds the histories in, and recalls what is near.
void recallByFactors(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch) {
  const FactorsModel& factors = *models.factors;
  scratch.factors.resize(count * factors.dim);
  for (size_t a = 0; a < count; a++) {
    collectVotes(asks[a].events, asks[a].eventCount, kAnyRow, factors.decay, factors.maxEvents, scratch.votes);
    scratch.slots[a].factors.known = foldIn(factors, models.newcomers.get(), scratch.votes, scratch.foldIn,
                                            scratch.factors.data() + a * factors.dim);
  }
  const Embeddings embeddings{*models.factorsIndex, factors.factors.data(), factors.trained, factors.dim};
  recallByVectors(models, embeddings, asks, count, scratch.factors, &AskSlot::factors, scratch);
  if (models.newcomers) recallNewcomers(*models.newcomers, asks, count, scratch);
}

/// Asks the sequence model what the shoppers want now, and recalls what is near.
void recallBySequence(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch) {
  const size_t dim = models.intents->model().config.dim;
  scratch.intents.resize(count * dim);
  for (size_t a = 0; a < count; a++) {
    float* intent = scratch.intents.data() + a * dim;
    bool& known = scratch.slots[a].sequence.known;
    if (asks[a].intent) {
      std::copy_n(asks[a].intent, dim, intent);
      known = true;
    } else {
      known = models.intents->encode(asks[a].events, asks[a].eventCount, scratch.intent, intent);
    }
  }
  const Embeddings embeddings{*models.sequenceIndex, models.intents->items(), models.counts->seen, dim};
  recallByVectors(models, embeddings, asks, count, scratch.intents, &AskSlot::sequence, scratch);
}

/// Late rows that a shopper may be shown, by their place among the late.
class AllowedLate final : public RowPredicate {
 public:
  AllowedLate(const LateContent& late, const Eligibility& eligible, const RowSet& blocked)
      : late_(late), eligible_(eligible), blocked_(blocked) {}
  bool accepts(uint32_t place) override {
    const uint32_t row = late_.rows[place];
    return eligible_.has(row) && !blocked_.has(row);
  }

 private:
  const LateContent& late_;
  const Eligibility& eligible_;
  const RowSet& blocked_;
};

/// Offers what was put after training, or put anew since.
void recallLate(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch) {
  const LateContent& late = *models.lateContent;
  scratch.late.resize(late.rows.size());
  for (size_t a = 0; a < count; a++) {
    VectorRecall& recalled = scratch.slots[a].content;
    if (!recalled.known || asks[a].given) continue;
    AllowedLate allowed(late, asks[a].eligible, scratch.slots[a].blocked);
    const float* query = scratch.contents.data() + a * late.dim;
    if (late.index) {
      const auto wanted = static_cast<uint32_t>(quotaOf(models, asks[a]));
      TopRows places;
      places.reset(wanted);
      TopRows* top = &places;
      RowPredicate* predicate = &allowed;
      recallEmbeddings(*late.index, query, 1, &wanted, &predicate, &top);
      for (const ScoredRow& scored : places.best()) recalled.best.offer(scored.score, late.rows[scored.row]);
      continue;
    }
    kernels().dotF32(query, late.vectors.data(), late.dim, late.rows.size(), late.dim, scratch.late.data());
    for (uint32_t i = 0; i < late.rows.size(); i++) {
      if (allowed.accepts(i)) recalled.best.offer(scratch.late[i], late.rows[i]);
    }
  }
}

/// Asks what the items of each history are about, and recalls what is about the same.
void recallByContent(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch) {
  const ContentModel& content = *models.content;
  scratch.contents.resize(count * content.dim);
  for (size_t a = 0; a < count; a++) {
    float* intent = scratch.contents.data() + a * content.dim;
    bool& known = scratch.slots[a].content.known;
    if (asks[a].content) {
      std::copy_n(asks[a].content, content.dim, intent);
      known = true;
    } else {
      known = shopperContent(content, models.lateContent.get(), asks[a].events, asks[a].eventCount, scratch.content,
                             intent);
    }
  }
  const Embeddings embeddings{*models.contentIndex, content.vectors.data(), *models.contentKept, content.dim};
  recallByVectors(models, embeddings, asks, count, scratch.contents, &AskSlot::content, scratch);
  if (models.lateContent) recallLate(models, asks, count, scratch);
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
  const auto takeBest = [&](const SparseScores& scores) {
    scratch.top.reset(quotaOf(models, ask));
    for (uint32_t row : scores) {
      if (scores[row] >= scratch.top.threshold() && allowed(row)) scratch.top.offer(scores[row], row);
    }
    for (const ScoredRow& scored : scratch.top.best()) take(scored.row);
  };
  if (models.rules) takeBest(scratch.rules);
  if (models.sessions) takeBest(scratch.sessions);
  if (!ask.excludeSeen) takeBest(scratch.repeats);
  for (VectorRecall* source : {&slot.factors, &slot.sequence, &slot.content}) {
    if (!source->known) continue;
    for (const ScoredRow& scored : source->best.best()) take(scored.row);
  }
  // What is popular is no answer to words that it has nothing to do with.
  if (ask.inWords) return;
  fillByPopularity(models, ask.eligible.rows, wantedOf(ask), ask.k, allowed, scratch.taken, scratch.top, candidates);
  for (size_t i = 0; i < ask.addedCount; i++) {
    if (allowed(ask.added[i])) take(ask.added[i]);
  }
}

float dot(const float* query, const float* embedding, size_t dim) {
  float out;
  kernels().dotF32(query, embedding, dim, 1, dim, &out);
  return out;
}

/// The score of a row that the model knows: there already where the whole catalogue was scored.
float scoreOf(const VectorRecall& recalled, uint32_t row, const float* query, const float* embeddings, size_t dim) {
  return recalled.scores.empty() ? dot(query, embeddings + row * dim, dim) : recalled.scores[row];
}

/// Scores the candidates of ask `a` by every source that knows them.
void score(const ModelSet& models, const Ask& ask, size_t a, Scratch& scratch) {
  const AskSlot& slot = scratch.slots[a];
  Candidates& candidates = scratch.candidates;
  candidates.openScores();
  const size_t factorDim = slot.factors.known ? models.factors->dim : 0;
  const size_t contentDim = slot.content.known ? models.content->dim : 0;
  const size_t intentDim = slot.sequence.known ? models.intents->model().config.dim : 0;
  for (size_t i = 0; i < candidates.rows.size(); i++) {
    const uint32_t row = candidates.rows[i];
    if (slot.factors.known) {
      const float* query = scratch.factors.data() + a * factorDim;
      if (models.factors->has(row)) {
        candidates.set(i, Source::factors,
                       scoreOf(slot.factors, row, query, models.factors->factors.data(), factorDim));
      } else if (const float* late = models.factorsOf(row)) {
        candidates.set(i, Source::factors, dot(query, late, factorDim));
      }
    }
    if (slot.content.known) {
      const float* query = scratch.contents.data() + a * contentDim;
      if (const float* vector = models.contentOf(row)) {
        const bool scored = row < slot.content.scores.size() && !models.lateContent;
        candidates.set(i, Source::content, scored ? slot.content.scores[row] : dot(query, vector, contentDim));
      }
    }
    if (ask.inWords) continue;
    if (!ask.excludeSeen && scratch.repeats[row] > 0) {
      candidates.set(i, Source::repeats, std::log(scratch.repeats[row]));
    }
    if (row >= models.items) continue;
    // Counts span orders of magnitude: their logarithms add up with inner products as probabilities multiply.
    if (models.rules && scratch.rules[row] > 0) candidates.set(i, Source::rules, std::log(scratch.rules[row]));
    if (models.sessions && scratch.sessions[row] > 0)
      candidates.set(i, Source::sessions, std::log(scratch.sessions[row]));
    if (!models.seen(row)) continue;
    candidates.set(i, Source::popularity, models.counts->logPopularity[row]);
    if (slot.sequence.known) {
      candidates.set(
          i, Source::sequence,
          scoreOf(slot.sequence, row, scratch.intents.data() + a * intentDim, models.intents->items(), intentDim));
    }
  }
}

void recallSome(const ModelSet& models, const Ask* asks, size_t first, size_t count, Scratch& scratch,
                const RecalledVisitor& visit) {
  asks += first;
  for (size_t a = 0; a < count; a++) {
    block(asks[a], scratch.slots[a].blocked);
    AskSlot& slot = scratch.slots[a];
    slot.factors.known = slot.sequence.known = slot.content.known = false;
  }
  if (models.factors) recallByFactors(models, asks, count, scratch);
  if (models.intents) recallBySequence(models, asks, count, scratch);
  if (models.content) recallByContent(models, asks, count, scratch);
  for (size_t a = 0; a < count; a++) {
    if (models.sessions) {
      const SessionsModel& sessions = *models.sessions;
      collectVotes(asks[a].events, asks[a].eventCount, models.items, sessions.decay, sessions.maxEvents, scratch.votes);
      scoreSessions(sessions, scratch.votes, scratch.session, scratch.sessions);
    }
    if (!asks[a].excludeSeen) {
      scoreRepeats(asks[a].events, asks[a].eventCount, models.attention.halfLife, models.returning.get(),
                   asks[a].eligible.rows, scratch.repeats);
    }
    scratch.votes.clear();
    if (models.rules) {
      collectVotes(asks[a].events, asks[a].eventCount, models.items, models.rules->decay, models.rules->maxEvents,
                   scratch.votes);
      scoreRules(*models.rules, scratch.votes, scratch.rules);
    }
    merge(models, asks[a], scratch.slots[a], scratch);
    score(models, asks[a], a, scratch);
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

#include "stages.h"

#include <algorithm>

#include "../rank/blend.h"
#include "../rank/ranker.h"
#include "../recall/make_models.h"
#include "recall_stage.h"
#include "scratch.h"

namespace kairank {

namespace {

/// A query in words is answered by content alone: the score is the cosine.
void scoreByContent(Scratch& scratch) {
  constexpr size_t kContent = static_cast<size_t>(Source::content);
  const std::vector<float>& cosines = scratch.candidates.scores[kContent];
  scratch.parts.assign(cosines.size() * kSources, 0.0f);
  scratch.scores.assign(cosines.begin(), cosines.end());
  for (size_t i = 0; i < cosines.size(); i++) scratch.parts[i * kSources + kContent] = cosines[i];
}

/// Scores the candidates by all that is known of the shopper: attention joins the sources, and all are blended.
void scoreByBlend(const ModelSet& models, const Ask& ask, Scratch& scratch) {
  Candidates& candidates = scratch.candidates;
  constexpr size_t kAttention = static_cast<size_t>(Source::attention);
  // The ranker hears every source, whether it counts for the blend or not: so it did when it learned.
  const bool counts = models.ranker || models.blend.weight[kAttention] != 0 || models.blend.missing[kAttention] != 0;
  if (counts || ask.reasons > 0) {
    const bool attended = attend(models, models.attention, ask.events, ask.eventCount, scratch.attended);
    if (attended && counts) scoreByAttention(models, models.attention, scratch.attended, candidates);
  }
  standardise(candidates, scratch.z);
  blendScores(candidates, scratch.z, models.blend, scratch.parts, scratch.scores);
  if (!models.ranker) return;
  orderBest(candidates, scratch.scores, models.ranker->depth, scratch.order);
  scratch.order.resize(std::min<size_t>(models.ranker->depth, scratch.order.size()));
  scratch.ranker.history.read(ask.events, ask.eventCount);
  rerank(models, candidates, scratch.z, scratch.order, scratch.ranker, scratch.scores);
}

void pick(const Ask& ask, Scratch& scratch, Answer& answer) {
  const Candidates& candidates = scratch.candidates;
  std::vector<uint32_t>& order = scratch.order;
  orderBest(candidates, scratch.scores, ask.k, order);
  const size_t shown = std::min<size_t>(ask.k, order.size());
  answer.rows.resize(shown);
  answer.scores.resize(shown);
  answer.sources.resize(shown);
  answer.parts.resize(shown * kSources);
  for (size_t i = 0; i < shown; i++) {
    answer.rows[i] = candidates.rows[order[i]];
    answer.scores[i] = scratch.scores[order[i]];
    answer.sources[i] = candidates.sources[order[i]];
    std::copy_n(scratch.parts.data() + order[i] * kSources, kSources, answer.parts.data() + i * kSources);
  }
  answer.underfilled = shown < ask.k;
}

}  // namespace

void ScratchDeleter::operator()(Scratch* scratch) const { delete scratch; }

ScratchPtr makeScratch() { return ScratchPtr(new Scratch); }

void answerBatch(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch, Answer* answers) {
  recallBatch(models, asks, count, scratch, [&](size_t a, Candidates&, const std::vector<Vote>& votes) {
    const Ask& ask = asks[a];
    Answer& answer = answers[a];
    scratch.attended.votes.clear();
    if (ask.inWords) {
      scoreByContent(scratch);
    } else {
      scoreByBlend(models, ask, scratch);
    }
    pick(ask, scratch, answer);
    answer.reasonEvents.assign(answer.rows.size() * ask.reasons, kNoEvent);
    answer.reasonWeights.assign(answer.rows.size() * ask.reasons, 0.0f);
    nameReasons(models, models.attention, scratch.attended, votes, answer.rows.data(), answer.rows.size(), ask.reasons,
                scratch.reasons, answer.reasonEvents.data(), answer.reasonWeights.data());
  });
}

std::shared_ptr<const ModelSet> popularityModels(std::vector<float> popularity) {
  ModelParts parts;
  parts.popularity = std::move(popularity);
  parts.blend.weight[static_cast<size_t>(Source::popularity)] = 1;
  return makeModels(std::move(parts));
}

}  // namespace kairank

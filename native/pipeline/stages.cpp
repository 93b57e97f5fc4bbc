#include "stages.h"

#include <algorithm>
#include <chrono>

#include "../rank/blend.h"
#include "../rank/online.h"
#include "../rank/ranker.h"
#include "../recall/make_models.h"
#include "recall_stage.h"
#include "scratch.h"

namespace kairank {

namespace {

constexpr size_t kOnlineDepth = 200;  // candidates that feedback may reorder, where there is no ranker

/// A query in words is answered by content alone: the score is the cosine.
void scoreByContent(Scratch& scratch) {
  constexpr size_t kContent = static_cast<size_t>(Source::content);
  const std::vector<float>& cosines = scratch.candidates.scores[kContent];
  scratch.parts.assign(cosines.size() * kSources, 0.0f);
  scratch.scores.assign(cosines.begin(), cosines.end());
  for (size_t i = 0; i < cosines.size(); i++) scratch.parts[i * kSources + kContent] = cosines[i];
}

/// Microseconds since the last look at it.
class Watch {
 public:
  double lap() {
    const Clock::time_point now = Clock::now();
    const double micros = std::chrono::duration<double, std::micro>(now - since_).count();
    since_ = now;
    return micros;
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point since_ = Clock::now();
};

bool skips(const Ask& ask, Stage stage) { return (ask.skipped & stageBit(stage)) != 0; }

/// Scores the candidates by all that is known of the shopper: attention joins the sources, and all are blended.
void scoreByBlend(const ModelSet& models, const Ask& ask, Scratch& scratch, Watch& watch, Answer& answer) {
  Candidates& candidates = scratch.candidates;
  constexpr size_t kAttention = static_cast<size_t>(Source::attention);
  const bool ranked = models.ranker && !skips(ask, Stage::ranker);
  if (models.ranker && !ranked) answer.skipped |= stageBit(Stage::ranker);
  // The ranker hears every source, whether it counts for the blend or not: so it did when it learned.
  const bool counts = models.blend.weight[kAttention] != 0 || models.blend.missing[kAttention] != 0;
  const bool heard = ranked || counts;
  const bool told = ask.reasons > 0 && !skips(ask, Stage::reasons);
  const bool without = skips(ask, Stage::attention);
  if (without && counts && models.factors) answer.skipped |= stageBit(Stage::attention);
  if ((heard && !without) || told) {
    const bool attended = attend(models, models.attention, ask.events, ask.eventCount, scratch.attended);
    if (attended && heard && !without) scoreByAttention(models, models.attention, scratch.attended, candidates);
  }
  answer.times.stage[static_cast<size_t>(Stage::attention)] = watch.lap();
  standardise(candidates, scratch.z);
  blendScores(candidates, scratch.z, models.blend, scratch.parts, scratch.scores);
  const bool adjusted = ask.online && !ask.online->layer->idle;
  if (ranked || adjusted) {
    const size_t depth = ranked ? models.ranker->depth : kOnlineDepth;
    orderBest(candidates, scratch.scores, depth, scratch.order);
    scratch.order.resize(std::min<size_t>(depth, scratch.order.size()));
  }
  answer.times.whole += watch.lap();
  if (ranked) {
    scratch.ranker.history.read(ask.events, ask.eventCount);
    rerank(models, candidates, scratch.z, scratch.order, scratch.ranker, scratch.scores);
  }
  answer.times.stage[static_cast<size_t>(Stage::ranker)] = watch.lap();
  if (ask.online)
    adjust(*ask.online, models, candidates, scratch.z, scratch.ranker, scratch.online, scratch.order, scratch.scores);
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

/// What feedback on the items shown will learn from.
void remember(const OnlineView& view, const ModelSet& models, Scratch& scratch, Answer& answer) {
  const size_t width = view.layer->weights.size();
  const size_t kept = std::min(answer.rows.size(), kRemembered);
  answer.onlineInputs.resize(kept * width);
  answer.trained.resize(kept);
  for (size_t r = 0; r < kept; r++) {
    const uint32_t i = scratch.order[r];
    answer.trained[r] = scratch.online.base[i];
    onlineInputs(view, models, scratch.candidates, scratch.z, i, scratch.ranker, scratch.online,
                 answer.onlineInputs.data() + r * width);
  }
}

}  // namespace

void ScratchDeleter::operator()(Scratch* scratch) const { delete scratch; }

ScratchPtr makeScratch() { return ScratchPtr(new Scratch); }

void answerBatch(const ModelSet& models, const Ask* asks, size_t count, Scratch& scratch, Answer* answers) {
  Watch watch;
  recallBatch(models, asks, count, scratch, [&](size_t a, Candidates&, const std::vector<Vote>& votes) {
    const Ask& ask = asks[a];
    Answer& answer = answers[a];
    answer.skipped = 0;
    answer.times = {};
    answer.times.whole = watch.lap();
    scratch.attended.votes.clear();
    if (ask.inWords) {
      scoreByContent(scratch);
    } else {
      scoreByBlend(models, ask, scratch, watch, answer);
    }
    pick(ask, scratch, answer);
    answer.onlineInputs.clear();
    answer.trained.clear();
    if (ask.online) remember(*ask.online, models, scratch, answer);
    answer.times.whole += watch.lap();
    const uint32_t reasons = skips(ask, Stage::reasons) ? 0 : ask.reasons;
    if (reasons < ask.reasons) answer.skipped |= stageBit(Stage::reasons);
    answer.reasonEvents.assign(answer.rows.size() * reasons, kNoEvent);
    answer.reasonWeights.assign(answer.rows.size() * reasons, 0.0f);
    nameReasons(models, models.attention, scratch.attended, votes, answer.rows.data(), answer.rows.size(), reasons,
                scratch.reasons, answer.reasonEvents.data(), answer.reasonWeights.data());
    answer.times.stage[static_cast<size_t>(Stage::reasons)] = watch.lap();
    for (double micros : answer.times.stage) answer.times.whole += micros;
  });
}

std::shared_ptr<const ModelSet> popularityModels(std::vector<float> popularity) {
  ModelParts parts;
  parts.popularity = std::move(popularity);
  parts.blend.weight[static_cast<size_t>(Source::popularity)] = 1;
  return makeModels(std::move(parts));
}

}  // namespace kairank

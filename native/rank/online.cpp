#include "online.h"

#include <algorithm>
#include <cmath>

#include "../dispatch/dispatch.h"
#include "reorder.h"

namespace kairank {

namespace {

constexpr float kMostBelow = 10;  // a score further below the best says no more

/// What makes logits of scores. The ranker's are: it learned by a softmax. A blend is chosen for its order, whatever
/// its scale: a deviation among the candidates counts as one.
double scaleOf(const ModelSet& models, const std::vector<double>& scores) {
  if (models.ranker) return 1;
  double sum = 0, squares = 0;
  for (double score : scores) sum += score;
  const double mean = sum / static_cast<double>(scores.size());
  for (double score : scores) squares += (score - mean) * (score - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(scores.size()));
  return deviation > 0 ? 1 / deviation : 1;
}

}  // namespace

size_t onlineWidth(const ModelSet& models) { return kOnlineNarrow + (models.ranker ? models.ranker->narrow : 0); }

void onlineInputs(const OnlineView& view, const ModelSet& models, const Candidates& candidates,
                  const std::vector<float>& z, uint32_t i, const RankerScratch& ranked, const OnlineScratch& scratch,
                  float* to) {
  const uint32_t row = candidates.rows[i];
  for (size_t s = 0; s < kSources; s++) to[s] = ((candidates.sources[i] >> s) & 1) ? z[i * kSources + s] : 0;
  to[kOnlineBase] = std::max(scratch.base[i], -kMostBelow);
  const double popularity = row < models.items ? models.counts->popularity[row] : 0;
  to[kOnlineTrend] = view.statistics->trend(view.moment, row, (popularity + 1) / view.layer->total);
  to[kOnlineAppeal] = view.statistics->appeal(view.moment, row);
  if (!models.ranker) return;
  const size_t narrow = models.ranker->narrow;
  if (const float* own = ranked.narrowOf(i, *models.ranker)) {
    std::copy_n(own, narrow, to + kOnlineNarrow);
  } else {
    std::fill_n(to + kOnlineNarrow, narrow, 0.0f);
  }
}

void adjust(const OnlineView& view, const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
            const RankerScratch& ranked, OnlineScratch& scratch, std::vector<uint32_t>& order,
            std::vector<double>& scores) {
  scratch.base.clear();
  if (scores.empty()) return;
  const double best = *std::max_element(scores.begin(), scores.end());
  const double scale = scaleOf(models, scores);
  for (double score : scores) scratch.base.push_back(static_cast<float>((score - best) * scale));
  if (view.layer->idle) return;
  const size_t width = view.layer->weights.size();
  scratch.inputs.resize(width);
  std::vector<float>& moved = scratch.moved;
  moved.resize(order.size());
  for (size_t r = 0; r < order.size(); r++) {
    onlineInputs(view, models, candidates, z, order[r], ranked, scratch, scratch.inputs.data());
    float sum;
    kernels().dotF32(view.layer->weights.data(), scratch.inputs.data(), width, 1, width, &sum);
    moved[r] = scratch.base[order[r]] + sum;
  }
  std::copy(scratch.base.begin(), scratch.base.end(), scores.begin());
  reorder(candidates, moved.data(), order, scores);
}

}  // namespace kairank

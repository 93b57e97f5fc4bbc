#include "validation.h"

#include <algorithm>
#include <limits>

#include "../../include/parallel.h"
#include "batches.h"
#include "matrix.h"

namespace kairank {

namespace {

constexpr size_t kCases = 64;
constexpr size_t kScores = size_t{1} << 22;  // of the cases that are looked at together

struct Scratch {
  Ragged batch;
  NetworkTrace<float> trace;
  std::vector<float> intents;
  std::vector<float> scores;
};

/// Scores of items that are not eligible become -infinity.
CaseQuality qualityOfCase(const Cases& cases, uint32_t c, bool excludeSeen, size_t items, float* scores) {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  if (excludeSeen) {
    for (uint64_t e = cases.histories.offsets[c]; e < cases.histories.offsets[c + 1]; e++) {
      const HistoryEvent& event = cases.histories.events[e];
      if (event.weight > 0 && event.row < items) scores[event.row] = kNever;
    }
  }
  std::vector<TargetRank> ranks;
  for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
    const uint32_t target = cases.targets[t];
    TargetRank rank;
    if (target < items && scores[target] > kNever) {
      rank.recalled = true;
      const float own = scores[target];
      for (size_t i = 0; i < items; i++) {
        rank.above += scores[i] > own;
        rank.tied += scores[i] == own;
      }
      rank.tied--;
    }
    ranks.push_back(rank);
  }
  return qualityOf(ranks.data(), ranks.size());
}

}  // namespace

std::vector<CaseQuality> sequenceQualities(const SequenceConfig& config, const float* weights, const Cases& cases,
                                           const std::vector<uint32_t>& chosen, bool excludeSeen, uint32_t threads,
                                           const Control& control) {
  const SequenceLayout layout(config);
  const size_t dim = config.dim;
  const size_t items = config.items;
  std::vector<CaseQuality> out(chosen.size());
  const std::vector<float> units = config.cosine > 0 ? unitItems(config, weights) : std::vector<float>();
  const float* table = units.empty() ? weights : units.data();
  std::vector<Scratch> scratches(std::max(1u, threads));
  const size_t together = std::clamp<size_t>(kScores / items, 1, kCases);
  parallelFor(threads, chosen.size(), together, control, [&](size_t thread, size_t begin, size_t end) {
    Scratch& scratch = scratches[thread];
    scratch.batch.clear();
    std::vector<uint32_t> scored;
    for (size_t i = begin; i < end; i++) {
      const uint64_t first = cases.histories.offsets[chosen[i]];
      const size_t count = cases.histories.offsets[chosen[i] + 1] - first;
      if (pushHistory(config, cases.histories.events.data() + first, count, scratch.batch)) {
        scored.push_back(static_cast<uint32_t>(i));
      }
    }
    if (scored.empty()) return;
    Random unused(0);
    networkForward(config, layout, weights, scratch.batch, 0, unused, scratch.trace, Products::exact);
    scratch.intents.resize(scored.size() * dim);
    for (size_t s = 0, at = 0; s + 1 < scratch.batch.offsets.size(); s++) {
      const size_t last = scratch.batch.offsets[s + 1];
      if (last == scratch.batch.offsets[s]) continue;
      std::copy_n(scratch.trace.out.data() + (last - 1) * dim, dim, scratch.intents.data() + at++ * dim);
    }
    scratch.scores.resize(scored.size() * items);
    // The length of an intent changes no order.
    multiply(Matrix<float>{scratch.intents.data(), dim}, Matrix<float>{table, dim, true}, scratch.scores.data(), items,
             scored.size(), items, dim, false, Products::exact);
    for (size_t s = 0; s < scored.size(); s++) {
      out[scored[s]] = qualityOfCase(cases, chosen[scored[s]], excludeSeen, items, scratch.scores.data() + s * items);
    }
  });
  return out;
}

}  // namespace kairank

#include "table.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "../../include/parallel.h"
#include "../../pipeline/recall_stage.h"
#include "../../pipeline/scratch.h"
#include "../../rank/blend.h"

namespace kairank {

size_t RankerCase::rows() const { return inputs.size() / kRankerInputs; }

std::vector<RankerCase> describeCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                      bool excludeSeen, uint32_t candidates, uint32_t depth, uint32_t threads,
                                      const Control& control) {
  std::vector<RankerCase> table(chosen.size());
  std::vector<std::unique_ptr<Scratch>> all(std::max(1u, threads));
  parallelFor(threads, chosen.size(), kAskBatch, control, [&](size_t thread, size_t begin, size_t end) {
    if (!all[thread]) all[thread] = std::make_unique<Scratch>();
    Scratch& scratch = *all[thread];
    std::vector<Ask> asks(end - begin);
    for (size_t i = begin; i < end; i++) {
      Ask& ask = asks[i - begin];
      ask.events = cases.histories.events.data() + cases.histories.offsets[chosen[i]];
      ask.eventCount = cases.histories.offsets[chosen[i] + 1] - cases.histories.offsets[chosen[i]];
      ask.eligible.rows = models.items;
      ask.excludeSeen = excludeSeen;
      ask.candidates = candidates;
    }
    recallBatch(models, asks.data(), asks.size(), scratch, [&](size_t a, Candidates& found, const std::vector<Vote>&) {
      const Ask& ask = asks[a];
      const uint32_t c = chosen[begin + a];
      RankerCase& row = table[begin + a];
      if (attend(models, models.attention, ask.events, ask.eventCount, scratch.attended)) {
        scoreByAttention(models, models.attention, scratch.attended, found);
      }
      standardise(found, scratch.z);
      blendScores(found, scratch.z, models.blend, scratch.parts, scratch.scores);
      std::vector<uint32_t> order(found.rows.size());
      std::iota(order.begin(), order.end(), 0u);
      const size_t kept = std::min<size_t>(depth, order.size());
      std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](uint32_t x, uint32_t y) {
        return scratch.scores[x] != scratch.scores[y] ? scratch.scores[x] > scratch.scores[y]
                                                      : found.rows[x] < found.rows[y];
      });
      order.resize(kept);
      scratch.ranker.history.read(ask.events, ask.eventCount);
      row.inputs.resize(kept * kRankerInputs);
      if (kept > 0) rankerInputs(models, found, scratch.z, scratch.scores, order, scratch.ranker, row.inputs.data());
      row.wanted = static_cast<uint32_t>(cases.targetOffsets[c + 1] - cases.targetOffsets[c]);
      for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
        for (uint32_t place = 0; place < kept; place++) {
          if (found.rows[order[place]] == cases.targets[t]) row.targets.push_back(place);
        }
      }
    });
  });
  return table;
}

}  // namespace kairank

#include "table.h"

#include <algorithm>
#include <memory>

#include "../../include/parallel.h"
#include "../../pipeline/recall_stage.h"
#include "../../pipeline/scratch.h"
#include "../../rank/blend.h"
#include "../asks.h"

namespace kairank {

size_t RankerCase::rows() const { return inputs.size() / kRankerInputs; }

std::vector<RankerCase> describeCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                      bool excludeSeen, uint32_t candidates, uint32_t depth, uint32_t threads,
                                      const Control& control) {
  std::vector<RankerCase> table(chosen.size());
  std::vector<std::unique_ptr<Scratch>> all(std::max(1u, threads));
  parallelFor(threads, chosen.size(), kAskBatch, control, [&](size_t thread, size_t begin, size_t end) {
    Scratch& scratch = ownOf(all, thread);
    std::vector<Ask> asks;
    for (size_t i = begin; i < end; i++) asks.push_back(askOf(models, cases, chosen[i], excludeSeen, candidates));
    recallBatch(models, asks.data(), asks.size(), scratch, [&](size_t a, Candidates& found, const std::vector<Vote>&) {
      const Ask& ask = asks[a];
      const uint32_t c = chosen[begin + a];
      RankerCase& row = table[begin + a];
      if (attend(models, models.attention, ask.events, ask.eventCount, scratch.attended)) {
        scoreByAttention(models, models.attention, scratch.attended, found);
      }
      standardise(found, scratch.z);
      blendScores(found, scratch.z, models.blend, scratch.parts, scratch.scores);
      std::vector<uint32_t>& order = scratch.order;
      orderBest(found, scratch.scores, depth, order);
      const size_t kept = std::min<size_t>(depth, order.size());
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

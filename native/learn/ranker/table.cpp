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

namespace {

/// Recalls and blends for `count` asks by the way of a request, and tells `keep(ask, candidates, order, inputs)` of the
/// best `depth` candidates of each; 0: of all.
template <typename AskFor, typename Keep>
void describe(const ModelSet& models, size_t count, size_t depth, uint32_t threads, const Control& control,
              const AskFor& askFor, const Keep& keep) {
  std::vector<std::unique_ptr<Scratch>> all(std::max(1u, threads));
  parallelFor(threads, count, kAskBatch, control, [&](size_t thread, size_t begin, size_t end) {
    Scratch& scratch = ownOf(all, thread);
    std::vector<Ask> asks;
    for (size_t i = begin; i < end; i++) asks.push_back(askFor(i));
    recallBatch(models, asks.data(), asks.size(), scratch, [&](size_t a, Candidates& found, const std::vector<Vote>&) {
      const Ask& ask = asks[a];
      if (attend(models, models.attention, ask.events, ask.eventCount, scratch.attended)) {
        scoreByAttention(models, models.attention, scratch.attended, found);
      }
      standardise(found, scratch.z);
      blendScores(found, scratch.z, models.blend, scratch.parts, scratch.scores);
      std::vector<uint32_t>& order = scratch.order;
      const size_t most = depth > 0 ? depth : found.rows.size();
      orderBest(found, scratch.scores, most, order);
      order.resize(std::min(most, order.size()));
      scratch.ranker.history.read(ask.events, ask.eventCount);
      std::vector<float>& inputs = scratch.ranker.inputs;
      inputs.resize(order.size() * kRankerInputs);
      if (!order.empty()) rankerInputs(models, found, scratch.z, scratch.scores, order, scratch.ranker, inputs.data());
      keep(begin + a, found, order, inputs);
    });
  });
}

}  // namespace

std::vector<RankerCase> describeCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                      bool excludeSeen, uint32_t candidates, uint32_t depth, uint32_t threads,
                                      const Control& control) {
  std::vector<RankerCase> table(chosen.size());
  const auto askFor = [&](size_t i) { return askOf(models, cases.histories, chosen[i], excludeSeen, candidates); };
  describe(
      models, chosen.size(), depth, threads, control, askFor,
      [&](size_t i, const Candidates& found, const std::vector<uint32_t>& order, const std::vector<float>& inputs) {
        const uint32_t c = chosen[i];
        RankerCase& row = table[i];
        row.inputs = inputs;
        row.wanted = static_cast<uint32_t>(cases.targetOffsets[c + 1] - cases.targetOffsets[c]);
        for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
          for (uint32_t place = 0; place < order.size(); place++) {
            if (found.rows[order[place]] != cases.targets[t]) continue;
            row.targets.push_back(place);
            if (!cases.weights.empty()) row.gains.push_back(cases.weights[t]);
          }
        }
      });
  return table;
}

std::vector<RankerCase> describeLists(const ModelSet& models, const ShownLists& lists,
                                      const std::vector<uint32_t>& chosen, bool excludeSeen, uint32_t candidates,
                                      uint32_t threads, const Control& control) {
  std::vector<RankerCase> table(chosen.size());
  const auto askFor = [&](size_t i) {
    Ask ask = askOf(models, lists.histories, chosen[i], excludeSeen, candidates);
    ask.added = lists.rows.data() + lists.offsets[chosen[i]];
    ask.addedCount = lists.offsets[chosen[i] + 1] - lists.offsets[chosen[i]];
    return ask;
  };
  // All candidates are described, as a row's inputs tell how it stands among them.
  describe(
      models, chosen.size(), 0, threads, control, askFor,
      [&](size_t i, const Candidates& found, const std::vector<uint32_t>& order, const std::vector<float>& inputs) {
        const uint64_t begin = lists.offsets[chosen[i]], end = lists.offsets[chosen[i] + 1];
        RankerCase& row = table[i];
        for (size_t place = 0; place < order.size(); place++) {
          const auto first = lists.rows.begin() + static_cast<std::ptrdiff_t>(begin);
          const auto last = lists.rows.begin() + static_cast<std::ptrdiff_t>(end);
          const auto at = std::find(first, last, found.rows[order[place]]);
          if (at == last) continue;
          const size_t shown = static_cast<size_t>(at - lists.rows.begin());
          if (lists.gains[shown] > 0) {
            row.targets.push_back(static_cast<uint32_t>(row.positions.size()));
            row.gains.push_back(lists.gains[shown]);
          }
          row.positions.push_back(lists.positions[shown]);
          const auto from = inputs.begin() + static_cast<std::ptrdiff_t>(place * kRankerInputs);
          row.inputs.insert(row.inputs.end(), from, from + static_cast<std::ptrdiff_t>(kRankerInputs));
        }
        for (uint64_t s = begin; s < end; s++) row.wanted += lists.gains[s] > 0;
      });
  return table;
}

}  // namespace kairank

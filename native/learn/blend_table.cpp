#include "blend_table.h"

#include <memory>

#include "../include/parallel.h"
#include "../pipeline/recall_stage.h"
#include "../rank/blend.h"
#include "asks.h"

namespace kairank {

namespace {

constexpr size_t kCaseChunk = kAskBatch;

}  // namespace

std::vector<BlendCase> gatherCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                   bool excludeSeen, uint32_t candidates, uint32_t threads, const Control& control) {
  std::vector<BlendCase> table(chosen.size());
  std::vector<std::unique_ptr<Scratch>> scratch(std::max(1u, threads));
  parallelFor(threads, chosen.size(), kCaseChunk, control, [&](size_t thread, size_t begin, size_t end) {
    std::vector<Ask> asks;
    for (size_t i = begin; i < end; i++) asks.push_back(askOf(models, cases, chosen[i], excludeSeen, candidates));
    const auto keep = [&](size_t a, Candidates& found, const std::vector<Vote>&) {
      BlendCase& row = table[begin + a];
      const uint32_t c = chosen[begin + a];
      row.candidates = found;
      row.wanted = static_cast<uint32_t>(cases.targetOffsets[c + 1] - cases.targetOffsets[c]);
      for (uint64_t t = cases.targetOffsets[c]; t < cases.targetOffsets[c + 1]; t++) {
        const auto place = std::find(found.rows.begin(), found.rows.end(), cases.targets[t]);
        if (place != found.rows.end()) row.targets.push_back(static_cast<uint32_t>(place - found.rows.begin()));
      }
    };
    recallBatch(models, asks.data(), asks.size(), ownOf(scratch, thread), keep);
  });
  return table;
}

void attendCases(const ModelSet& models, const AttentionModel& attention, const Cases& cases,
                 const std::vector<uint32_t>& chosen, std::vector<BlendCase>& table, uint32_t threads,
                 const Control& control) {
  if (!models.factors) return;
  std::vector<std::unique_ptr<Attended>> attended(std::max(1u, threads));
  parallelFor(threads, chosen.size(), kCaseChunk, control, [&](size_t thread, size_t begin, size_t end) {
    Attended& own = ownOf(attended, thread);
    for (size_t i = begin; i < end; i++) {
      const uint64_t first = cases.histories.offsets[chosen[i]];
      const size_t count = cases.histories.offsets[chosen[i] + 1] - first;
      if (attend(models, attention, cases.histories.events.data() + first, count, own)) {
        scoreByAttention(models, attention, own, table[i].candidates);
      }
    }
  });
}

std::vector<BlendFeatures> featuresOf(const std::vector<BlendCase>& table, uint32_t threads, const Control& control) {
  std::vector<BlendFeatures> out(table.size());
  parallelFor(threads, table.size(), kCaseChunk, control, [&](size_t, size_t begin, size_t end) {
    std::vector<float> z;
    for (size_t c = begin; c < end; c++) {
      const Candidates& candidates = table[c].candidates;
      standardise(candidates, z);
      out[c].targets = table[c].targets;
      out[c].wanted = table[c].wanted;
      out[c].values.resize(candidates.rows.size() * kBlendInputs);
      for (size_t s = 0; s < kSources; s++) {
        float* scores = out[c].column(s);
        float* absent = out[c].column(kSources + s);
        for (size_t i = 0; i < candidates.rows.size(); i++) {
          scores[i] = z[i * kSources + s];
          absent[i] = hasScore(candidates, i, s) ? 0.0f : -1.0f;
        }
      }
    }
  });
  return out;
}

CaseQuality qualityOfScores(const BlendFeatures& features, const std::vector<float>& scores) {
  std::vector<TargetRank> ranks(features.wanted);
  for (size_t t = 0; t < features.targets.size(); t++) {
    ranks[t] = rankAmong(scores.data(), scores.size(), scores[features.targets[t]]);
  }
  return qualityOf(ranks.data(), ranks.size());
}

}  // namespace kairank

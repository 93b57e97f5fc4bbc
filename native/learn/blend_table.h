#pragma once
// What the blend is learned from: the candidates of validation cases, as a request would gather them, with the score
// of every source.

#include <array>
#include <vector>

#include "../include/control.h"
#include "../state/candidates.h"
#include "dataset.h"
#include "metrics.h"

namespace kairank {

struct BlendCase {
  Candidates candidates;
  std::vector<uint32_t> targets;  // indexes into the candidates: those that recall found
  uint32_t wanted = 0;            // targets of the case, found or not
};

/// Recalls for the chosen cases by the way of a request, attention not yet scored.
std::vector<BlendCase> gatherCases(const ModelSet& models, const Cases& cases, const std::vector<uint32_t>& chosen,
                                   bool excludeSeen, uint32_t candidates, uint32_t threads, const Control& control);

/// Scores the candidates of every case by attention with these settings.
void attendCases(const ModelSet& models, const AttentionModel& attention, const Cases& cases,
                 const std::vector<uint32_t>& chosen, std::vector<BlendCase>& table, uint32_t threads,
                 const Control& control);

/// Features of one case, `kBlendInputs` columns with a row a candidate: z-scores of the sources, then minus one where a
/// source has no score. A blend is a linear function of them. Column by column: most of what reads them needs few.
constexpr size_t kBlendInputs = 2 * kSources;
struct BlendFeatures {
  std::vector<float> values;
  std::vector<uint32_t> targets;
  uint32_t wanted = 0;

  size_t rows() const { return values.size() / kBlendInputs; }
  float* column(size_t input) { return values.data() + input * rows(); }
  const float* column(size_t input) const { return values.data() + input * rows(); }
};

std::vector<BlendFeatures> featuresOf(const std::vector<BlendCase>& table, uint32_t threads, const Control& control);

/// NDCG@10 and recall@10 of a case when its candidates are ordered by these scores.
CaseQuality qualityOfScores(const BlendFeatures& features, const std::vector<float>& scores);

}  // namespace kairank

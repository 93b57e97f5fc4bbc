#pragma once
// One score out of several sources that count in different units.

#include "../state/candidates.h"

namespace kairank {

/// Whether a source scored candidate i. Nobody's choice is a count of 0, not a missing one: popularity scores all.
inline bool hasScore(const Candidates& candidates, size_t i, size_t source) {
  return source == static_cast<size_t>(Source::popularity) || ((candidates.sources[i] >> source) & 1);
}

/// z[i * kSources + s]: how many standard deviations source s puts candidate i above the mean of those it scored in
/// this request; 0 where it scored none, or all alike.
void standardise(const Candidates& candidates, std::vector<float>& z);

/// parts[i * kSources + s] = weight_s * z, or -missing_s where source s did not score candidate i; scores[i] is their
/// sum. `z` as from standardise.
void blendScores(const Candidates& candidates, const std::vector<float>& z, const Blend& blend,
                 std::vector<float>& parts, std::vector<double>& scores);

/// order = the candidates, the best `count` of them by score, equal scores by row.
void orderBest(const Candidates& candidates, const std::vector<double>& scores, size_t count,
               std::vector<uint32_t>& order);

}  // namespace kairank

#pragma once
// Softmax cross-entropy of intents against candidates: the whole catalogue, or a sample of it that stands for the rest.
//
// A sampled candidate that enters with probability pi counts 1 / pi times in the sum of exponentials (its logit less
// log pi), which makes that sum right on average (Horvitz & Thompson 1952); a row's own target enters always, so it
// counts once. With every pi at 1 this is the full softmax.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "../../include/control.h"
#include "matrix.h"

namespace kairank {

struct LossTask {
  const float* intents;  // rows x dim
  size_t rows;
  size_t dim;
  const float* candidates;  // count x dim
  size_t count;
  const float* logChance;   // count: log pi of each candidate, or null for all 1
  const uint32_t* targets;  // rows: index into the candidates
  float smoothing;          // share of the target that is spread over all candidates
  Products products;        // of logits and of gradients
};

/// Working memory, kept between calls.
struct LossScratch {
  std::vector<float> probabilities;  // rows x count
  std::vector<double> losses;        // of each row
};

/// Returns the mean loss; sets dIntents (rows x dim) and dCandidates (count x dim), both of the mean. The same at any
/// number of threads.
double softmaxLoss(const LossTask& task, uint32_t threads, const Control& control, LossScratch& scratch,
                   float* dIntents, float* dCandidates);

}  // namespace kairank

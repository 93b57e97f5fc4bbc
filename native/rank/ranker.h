#pragma once
// The ranker orders the best candidates of the blend anew: a network of two hidden layers over what is known of each
// (the inputs of ranker_inputs.h) adds to the blend's own score. Like DIN (Zhou et al. 2018) it holds a candidate
// against the shopper's events one by one; unlike it, in embeddings that are learned already.

#include "../kernels/table.h"
#include "ranker_inputs.h"

namespace kairank {

/// out (rows x columns) = in (rows x width) weights + biases, below zero as zero; the biases follow the weights.
void rectifiedLayer(void (*gemm)(const GemmTask&), const float* in, size_t rows, size_t width, const float* weights,
                    size_t columns, float* out);

/// scores[i] = trust x blend score below the best + network, for rows of inputs (rows x kRankerInputs, standardised in
/// place). `hidden` is working memory.
void rankerScores(const RankerModel& model, float* inputs, size_t rows, std::vector<float>& hidden, float* scores);

/// Orders `order` (indexes of candidates, the best by the blend first, as far as the ranker's depth) by the ranker, and
/// sets their scores: what the blend puts below stays below.
void rerank(const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
            std::vector<uint32_t>& order, RankerScratch& scratch, std::vector<double>& scores);

}  // namespace kairank

#include "ranker.h"

#include <algorithm>

#include "../dispatch/dispatch.h"
#include "reorder.h"

namespace kairank {

void rectifiedLayer(void (*gemm)(const GemmTask&), const float* in, size_t rows, size_t width, const float* weights,
                    size_t columns, float* out) {
  const float* bias = weights + width * columns;
  for (size_t r = 0; r < rows; r++) std::copy_n(bias, columns, out + r * columns);
  gemm({in, width, false, weights, columns, false, out, columns, rows, columns, width, true});
  for (size_t i = 0; i < rows * columns; i++) out[i] = out[i] > 0 ? out[i] : 0;
}

void rankerScores(const RankerModel& model, float* inputs, size_t rows, std::vector<float>& hidden, float* scores) {
  for (size_t r = 0; r < rows; r++) {
    float* row = inputs + r * model.inputs;
    scores[r] = model.trust * row[kBlendInput];
    for (size_t i = 0; i < model.inputs; i++) row[i] = (row[i] - model.mean[i]) * model.scale[i];
  }
  hidden.resize(rows * (model.hidden + model.narrow));
  float* narrow = hidden.data() + rows * model.hidden;
  const float* weights = model.weights.data();
  const float* last = weights + model.lastAt();
  const auto gemm = kernels().gemmF32;
  rectifiedLayer(gemm, inputs, rows, model.inputs, weights, model.hidden, hidden.data());
  rectifiedLayer(gemm, hidden.data(), rows, model.hidden, weights + model.secondAt(), model.narrow, narrow);
  for (size_t r = 0; r < rows; r++) {
    float sum;
    kernels().dotF32(last, narrow + r * model.narrow, model.narrow, 1, model.narrow, &sum);
    scores[r] += sum;
  }
}

void rerank(const ModelSet& models, const Candidates& candidates, const std::vector<float>& z,
            std::vector<uint32_t>& order, RankerScratch& scratch, std::vector<double>& scores) {
  if (order.empty()) return;
  const size_t rows = order.size();
  scratch.inputs.resize(rows * kRankerInputs);
  scratch.scores.resize(rows);
  rankerInputs(models, candidates, z, scores, order, scratch, scratch.inputs.data());
  rankerScores(*models.ranker, scratch.inputs.data(), rows, scratch.hidden, scratch.scores.data());
  scratch.place(order, candidates.rows.size());
  reorder(candidates, scratch.scores.data(), order, scores);
}

}  // namespace kairank
